"""Which store a path means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from promptkit.errors import ConfigurationError
from promptkit.records.jsonl import JsonLines
from promptkit.records.keeping import Redact

if TYPE_CHECKING:
    from promptkit.records.database import RecordDatabase

__all__ = ["Store", "store_of"]

Store: TypeAlias = "JsonLines | RecordDatabase"

_DATABASES = (".db", ".sqlite", ".sqlite3")


def store_of(
    path: str | os.PathLike[str] | Store, *, content: bool = True, redact: Redact | None = None
) -> Store:
    """The store that keeps records at a path: SQLite for ``.db``, ``.sqlite``, ``.sqlite3``, else lines of JSON.

    Raises:
        ConfigurationError: When the file cannot be used, or a store is given what only a path takes.
    """
    if not isinstance(path, str | os.PathLike):
        if not content or redact is not None:
            raise ConfigurationError("give content and redact to the store itself, not to pk.record")
        return path
    if Path(path).suffix.lower() in _DATABASES:
        from promptkit.records.database import RecordDatabase  # loads sqlite3

        return RecordDatabase(path, content=content, redact=redact)
    return JsonLines(path, content=content, redact=redact)
