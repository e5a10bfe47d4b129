"""Configuration as data: what promptkit.toml or pyproject.toml says, read once and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptkit.errors import ConfigurationError
from promptkit.findings import RULES, SETTINGS, Setting
from promptkit.spelling import did_you_mean

__all__ = ["Configuration", "find_configuration", "mapping_of", "policy_of", "read_configuration"]

_KEYS = ("allow", "backend", "backends", "check", "library", "models", "prices", "prompts", "rules", "strict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Settings of a project or of a process.

    Attributes:
        backends: Profiles by name; ``default`` is used when nothing else is said. A profile is a backend's
            name, or a table with ``backend``, its options and ``layers``.
        prompts: Profile or backend by prompt name; patterns such as ``legal/*`` are allowed, the first match
            counts.
        allow: Patterns of backends that may be called; None permits all.
        models: Modules in which ``model:`` references may be resolved.
        rules: Classes of rules that prompt files may name by their kind, or where they are:
            ``app.rules:Rhymes``.
        prices: What backends cost, by name or pattern: tables in US dollars per million tokens.
        library: Folder of prompt files.
        strict: True when prompts are loaded as ``prompts.lock`` pins them, and else not at all.
        check: What rules of ``promptkit check`` are set to: off, warning or error.
        file: Where this was read.
    """

    backends: Mapping[str, Any] = field(default_factory=dict[str, Any])
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    allow: tuple[str, ...] | None = None
    models: tuple[str, ...] = ()
    rules: tuple[Any, ...] = ()
    prices: Mapping[str, Any] = field(default_factory=dict[str, Any])
    library: Path | None = None
    strict: bool = False
    check: Mapping[str, Setting] = field(default_factory=dict[str, Any])
    file: Path | None = None


def find_configuration(start: Path) -> Configuration:
    """The configuration that holds in ``start``: the nearest one in it or a folder above.

    ``promptkit.toml`` comes before ``pyproject.toml``; a pyproject.toml without ``[tool.promptkit]`` is passed
    over.

    Raises:
        ConfigurationError: When the file is no TOML or holds an unknown key or a wrong type.
    """
    for folder in (start, *start.parents):
        own = folder / "promptkit.toml"
        if own.is_file():
            return read_configuration(own)
        shared = folder / "pyproject.toml"
        if shared.is_file():
            found = read_configuration(shared)
            if found.file is not None:
                return found
    return Configuration()


def read_configuration(path: Path) -> Configuration:
    """Read one file; an empty Configuration for a pyproject.toml that does not mention promptkit.

    Raises:
        ConfigurationError: As in :func:`find_configuration`.
    """
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as TOML: {error}") from error
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("promptkit")
        if table is None:
            return Configuration()
    return _checked(table, path)


def _checked(table: Any, path: Path) -> Configuration:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: [tool.promptkit] must be a table")
    settings: dict[str, Any] = dict(table)  # pyright: ignore[reportUnknownArgumentType] - TOML keys are strings
    for key in settings:
        if key not in _KEYS:
            raise ConfigurationError(
                f"{path}: unknown key {key}{did_you_mean(key, _KEYS)}; known are {', '.join(_KEYS)}"
            )
    backends = _table(settings, "backends", path)
    if "backend" in settings:
        if "default" in backends:
            raise ConfigurationError(f"{path}: give either backend or backends.default, not both")
        backends["default"] = settings["backend"]
    for name, profile in backends.items():
        if not isinstance(profile, str | dict):
            raise ConfigurationError(
                f'{path}: backends.{name} must be a name such as "llama:demo" or a table with backend = "..."'
            )
    library = settings.get("library")
    if library is not None and not isinstance(library, str):
        raise ConfigurationError(f"{path}: library must be the path of a folder")
    strict = settings.get("strict", False)
    if not isinstance(strict, bool):
        raise ConfigurationError(f"{path}: strict must be true or false")
    return Configuration(
        backends=backends,
        prompts=_strings_by_name(settings, path),
        allow=_strings(settings, "allow", path),
        models=_strings(settings, "models", path) or (),
        rules=_strings(settings, "rules", path) or (),
        prices=_table(settings, "prices", path),
        library=None if library is None else path.parent / library,
        strict=strict,
        check=_rule_settings(settings, path),
        file=path,
    )


def _rule_settings(settings: dict[str, Any], path: Path) -> dict[str, Setting]:
    table = _table(settings, "check", path)
    for rule, setting in table.items():
        if rule not in RULES:
            raise ConfigurationError(
                f"{path}: check names {rule}, which is no rule of promptkit check{did_you_mean(rule, RULES)}; all "
                "stand in docs/reference/checks.md"
            )
        if RULES[rule].fixed:
            raise ConfigurationError(
                f"{path}: check.{rule} cannot be set: a prompt that breaks it does not load"
            )
        if setting not in SETTINGS:
            raise ConfigurationError(f"{path}: check.{rule} is {setting!r}; it is {', '.join(SETTINGS)}")
    return table


def _table(settings: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    value: Any = settings.get(key, {})
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path}: {key} must be a table")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - as above


def _strings_by_name(settings: dict[str, Any], path: Path) -> dict[str, str]:
    prompts = _table(settings, "prompts", path)
    for name, profile in prompts.items():
        if not isinstance(profile, str):
            raise ConfigurationError(f"{path}: prompts.{name} must name a profile or a backend")
    return prompts


def _strings(settings: dict[str, Any], key: str, path: Path) -> tuple[str, ...] | None:
    value: Any = settings.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):  # pyright: ignore[reportUnknownVariableType]
        raise ConfigurationError(f'{path}: {key} must be a list of strings, for example ["openai:*"]')
    return tuple(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def mapping_of(name: str, given: Any) -> dict[str, Any]:
    """A setting by name, as code gives it.

    Raises:
        ConfigurationError: When it is no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ConfigurationError(f"{name} takes a mapping by name, got {given!r}")
    return {str(key): value for key, value in (given or {}).items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]


def policy_of(allow: Sequence[str] | None) -> tuple[str, ...] | None:
    """A policy as patterns.

    Raises:
        ConfigurationError: For one string, which would be read as a pattern a letter, and ``*`` permit all.
    """
    if isinstance(allow, str):
        raise ConfigurationError(f"allow takes a list of patterns, for example [{allow!r}]")
    return None if allow is None else tuple(allow)
