"""Profiles: from a name of the user's own to the backend that it stands for, with its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, TypeAlias

from promptkit.errors import ConfigurationError
from promptkit.requests import AsyncBackend, Backend
from promptkit.spelling import did_you_mean

__all__ = ["Reference", "resolved", "with_price"]

Reference: TypeAlias = "str | Backend | AsyncBackend"
_LAYERS = "layers"  # the one option that an object may have beside it, since it stands around the object


def resolved(name: str, profiles: Mapping[str, Any]) -> tuple[Reference, dict[str, Any]]:
    """The backend that ``name`` stands for, and its options; those of an outer profile count more.

    Args:
        name: A profile's name, or a backend's.
        profiles: Each by its name: a backend's name, a table with ``backend`` and options, or an object.

    Raises:
        ConfigurationError: When there is no such profile, or profiles name one another in a circle.
    """
    passed: list[str] = []
    options: dict[str, Any] = {}
    while name in profiles and name not in passed:
        passed.append(name)
        found, own = _profile(name, profiles[name])
        options = {**own, **options}
        if not isinstance(found, str):
            others = [option for option in options if option != _LAYERS]
            if others:
                raise ConfigurationError(
                    f"profile {name} gives a backend object and options beside it ({', '.join(others)}); "
                    f"give the options where the object is made"
                )
            return found, options
        name = found
    if name in passed:
        raise ConfigurationError(
            f"backend profiles name one another in a circle: {' -> '.join([*passed, name])}"
        )
    if ":" not in name and name != "mock":
        guess = (
            f" (did you mean llama:{name}?)"
            if name.endswith(".gguf")
            else did_you_mean(name, [*profiles, "mock"])
        )
        raise ConfigurationError(
            f"there is no backend profile {name}{guess}; a backend is named like "
            f"llama:demo, openai:MODEL or openai+http://HOST:PORT/v1:MODEL"
        )
    return name, options


def with_price(
    reference: str, options: dict[str, Any], prices: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The options with the price of the first pattern that fits, unless they have one.

    Args:
        reference: The backend's name.
        options: Those that it will be opened with.
        prices: Prices by pattern, those that count most first.
    """
    if "price" not in options:
        for pattern, price in chain.from_iterable(each.items() for each in prices):
            if fnmatchcase(reference, pattern):
                return {**options, "price": price}
    return options


def _profile(name: str, profile: Any) -> tuple[Reference, dict[str, Any]]:
    options: dict[str, Any] = {}
    if isinstance(profile, Mapping):
        options = {str(key): value for key, value in profile.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        profile = options.pop("backend", None)
        if profile is None:
            raise ConfigurationError(f"profile {name} lacks backend; add for example backend = 'llama:demo'")
    if isinstance(profile, str | Backend | AsyncBackend):
        return profile, options
    raise ConfigurationError(
        f"profile {name} is {profile!r}; it must be a backend's name, a table with backend = '...', or a backend"
    )
