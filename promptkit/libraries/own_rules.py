"""Rules of the application's own: the classes that its files may name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from promptkit.constraints import Kinds, RuleClass, known_kinds
from promptkit.errors import ConfigurationError
from promptkit.sessions import settings

__all__ = ["kinds_of"]


def kinds_of(rules: Iterable[RuleClass]) -> Kinds:
    """The kinds of rule that files may name: promptkit's, these classes, and what configuration and packages offer.

    Raises:
        ConfigurationError: When a class is no rule, or the configuration names one that is not there.
    """
    configured = [_found(rule) if isinstance(rule, str) else rule for rule in settings().rules]
    try:
        return known_kinds(dict.fromkeys([*configured, *rules]))
    except ValueError as error:
        raise ConfigurationError(f"rules: {error}") from error


def _found(reference: str) -> Any:
    module, colon, name = reference.partition(":")
    if not colon:
        raise ConfigurationError(f"rules: write a class as 'module:Name', got {reference!r}")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"rules: {reference} cannot be loaded: {error}") from error
