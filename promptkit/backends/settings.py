"""Sampling settings as fields of a call: what servers of one kind take, and what a model of theirs refuses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, TypeAlias, cast

from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.errors import CapabilityMissing
from promptkit.requests import GenerationConfig, Placement, Plan

__all__ = ["Refusal", "Settings", "Writer", "setting_fields", "with_extra", "with_settings", "written"]

Writer: TypeAlias = str | Callable[[Any], Mapping[str, Any]]
"""The name of the field that takes a setting as it is, or what makes fields of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Settings that some models of a server answer with an error.

    Attributes:
        models: Patterns of their names, as for file names.
        settings: The settings' names.
        why: The reason, for plans and errors.
        taken: Values that they take all the same, by setting.
        beside: Settings beside which they refuse these; empty where they refuse them always.
    """

    models: tuple[str, ...]
    settings: tuple[str, ...]
    why: str
    taken: Mapping[str, Any] = field(default_factory=dict[str, Any])
    beside: tuple[str, ...] = ()

    def applies(self, name: str, given: Mapping[str, Any], model: str) -> bool:
        """True when the model refuses this setting among those that are given.

        Args:
            name: The setting.
            given: Every setting that is set.
            model: The model's name.
        """
        if name not in self.settings or self.taken.get(name) == given[name]:
            return False
        if self.beside and given.keys().isdisjoint(self.beside):
            return False
        return any(fnmatchcase(model, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that servers of one kind take.

    Attributes:
        writers: How each setting that they have is written.
        refusals: What some of their models refuse.
    """

    writers: Mapping[str, Writer]
    refusals: tuple[Refusal, ...] = ()

    def refused(self, generation: GenerationConfig, model: str) -> Iterator[tuple[str, str]]:
        """Each setting that is set and cannot be sent, and why."""
        given = generation.to_dict()
        for name in given:
            if name == "extra":
                continue
            if name not in self.writers:
                yield name, "this API has no such parameter"
                continue
            why = next((it.why for it in self.refusals if it.applies(name, given, model)), None)
            if why is not None:
                yield name, why


def setting_fields(generation: GenerationConfig, settings: Settings, endpoint: Endpoint) -> dict[str, Any]:
    """The settings that are set, as fields; ``extra`` is not among them.

    Raises:
        CapabilityMissing: When the server or the model takes one of them not.
    """
    refused = list(settings.refused(generation, endpoint.model))
    if refused:
        reasons = dict.fromkeys(why for _, why in refused)
        raise CapabilityMissing(
            f"{endpoint.name} has no parameter for {', '.join(name for name, _ in refused)}, so nothing was "
            f"sent ({'; '.join(reasons)}); remove it from the generation settings, or use a backend that has "
            "it, such as llama: or a compatible server.",
            reasons=[f"generation.{name}" for name, _ in refused],
        )
    return written(generation, settings.writers)


def written(generation: GenerationConfig, writers: Mapping[str, Writer]) -> dict[str, Any]:
    """The settings that are set and have a writer, as fields."""
    fields: dict[str, Any] = {}
    for name, value in generation.to_dict().items():
        writer = writers.get(name)
        if isinstance(writer, str):
            fields[writer] = value
        elif writer is not None:
            fields |= writer(value)
    return fields


def with_extra(
    body: dict[str, Any], generation: GenerationConfig, endpoint: Endpoint, *, taken: Collection[str] = ()
) -> dict[str, Any]:
    """The body of a call with ``generation.extra`` in it; objects in it are merged.

    Args:
        body: The body as it is without.
        generation: How to sample.
        endpoint: Where it goes, for errors.
        taken: Further fields that promptkit writes itself.

    Raises:
        CapabilityMissing: When it would change what promptkit itself writes.
    """
    if not generation.extra:
        return body
    for name in taken:
        if name in generation.extra:
            raise _clash(name, endpoint)
    return _merged(body, generation.extra, "", endpoint)


def _merged(
    ours: Mapping[str, Any], extra: Mapping[str, Any], path: str, endpoint: Endpoint
) -> dict[str, Any]:
    made = dict(ours)
    for name, value in extra.items():
        place = f"{path}.{name}" if path else name
        if name not in made:
            made[name] = value
        elif isinstance(made[name], Mapping) and isinstance(value, Mapping):
            inner = cast("Mapping[str, Any]", value)
            made[name] = _merged(cast("Mapping[str, Any]", made[name]), inner, place, endpoint)
        else:
            raise _clash(place, endpoint)
    return made


def _clash(place: str, endpoint: Endpoint) -> CapabilityMissing:
    return CapabilityMissing(
        f"{endpoint.name}: generation.extra holds {place}, which promptkit writes itself, so nothing was sent. "
        "Leave it out of extra, and set it where it belongs: in the prompt or in its generation settings.",
        reasons=["generation.extra"],
    )


def with_settings(plan: Plan, generation: GenerationConfig, settings: Settings, model: str) -> Plan:
    """The plan with each setting that cannot be sent as IMPOSSIBLE."""
    refused = settings.refused(generation, model)
    first = [Placement.of_setting(name, Enforcement.IMPOSSIBLE, why) for name, why in refused]
    return replace(plan, placements=(*first, *plan.placements)) if first else plan
