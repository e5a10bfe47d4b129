"""Who answers over HTTP, as references name it: a dialect, an address and the variable of a key."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from promptkit.backends.dialect import Dialect

__all__ = ["Provider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A service that speaks a dialect.

    Attributes:
        dialect: Makes its dialect; the keyword-only parameters are options of the backend.
        key_env: The environment variable that holds its key.
        base_url: The URL below which the dialect's paths lie; None where a reference must name it.
        elsewhere: Who answers where a reference names a URL; None for this one, wherever it is.
    """

    dialect: Callable[..., Dialect]
    key_env: str
    base_url: str | None = None
    elsewhere: Provider | None = None

    def options(self) -> frozenset[str]:
        """The names of the dialect's options."""
        parameters = inspect.signature(self.dialect).parameters.values()
        return frozenset(it.name for it in parameters if it.kind is it.KEYWORD_ONLY)
