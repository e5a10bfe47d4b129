"""What stands after ``llama:``: a reference becomes the path of a GGUF file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from promptkit.errors import ModelLoadError

__all__ = ["check_file", "digest_of", "find_model"]

_READ_WHOLE, _PIECE = 256 * 2**20, 16 * 2**20  # bytes
_MAGIC = b"GGUF"  # the first four bytes, from the GGUF specification in ggml's docs/gguf.md
_HUB = re.compile(r"hf:(?P<repository>[^/]+/[^/]+)/(?P<file>.+)")
_USE = "llama:demo, llama:PATH.gguf or llama:hf:OWNER/REPO/FILE.gguf"


def find_model(reference: str) -> Path:
    """The file that a reference names: ``demo``, its adapter ``demo-house``, a path, or ``hf:OWNER/REPO/FILE``.

    What the hub has is downloaded once.

    Raises:
        ModelLoadError: When there is no such file or it is no GGUF file.
        ModelNotFound: When the hub has no such repository or file.
        ConnectionFailed: When the hub cannot be reached.
    """
    if "\0" in reference:
        raise ModelLoadError(f"llama:{reference!r} holds a NUL character, which no path has; write {_USE}")
    if not reference:
        raise ModelLoadError(f"llama: names no model; write {_USE}")
    if reference in ("demo", "demo-house"):
        from promptkit import demo

        path = demo.model_path() if reference == "demo" else demo.adapter_path()
    elif reference.startswith("hf:"):
        place = _HUB.fullmatch(reference)
        if place is None:
            raise ModelLoadError(
                f"llama:{reference} does not say which file; write llama:hf:OWNER/REPO/FILE.gguf, "
                "for example llama:hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q8_0.gguf"
            )
        _check_parts(reference)
        from promptkit.backends.llama.hub import download  # loads an HTTP client

        path = download(place["repository"], place["file"])
    else:
        path = Path(reference).expanduser()
    path = path.resolve()
    check_file(path)
    return path


def digest_of(references: Iterable[str]) -> str:
    """SHA-256 over the files that these references name, in order; empty where one is not on this machine.

    A file of over 256 MiB counts by its size and three pieces of 16 MiB: its beginning, which holds the vocabulary
    and the chat template, its middle and its end.
    """
    whole = hashlib.sha256()
    for reference in references:
        if reference.startswith("hf:"):
            return ""  # what the hub's cache holds is not looked for, lest a test reach out
        try:
            path = find_model(reference)
            about = path.stat()
            whole.update(_digest(path, about.st_size, about.st_mtime_ns))
        except (ModelLoadError, OSError):
            return ""
    return whole.hexdigest()


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, _changed_ns: int) -> bytes:
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if size <= _READ_WHOLE:
            while piece := file.read(_PIECE):
                found.update(piece)
        else:
            for start in (0, size // 2, size - _PIECE):
                file.seek(start)
                found.update(file.read(_PIECE))
    return found.digest()


def _check_parts(reference: str) -> None:
    """Refuse names that would lead out of a repository."""
    name = reference.removeprefix("hf:")
    odd = [part for part in name.split("/") if part in {"", ".", ".."}]
    if odd or "\\" in name or not name.isprintable():
        raise ModelLoadError(
            f"llama:{reference!r} names no file of a repository: its parts must not be empty, '.' or '..', and "
            "hold no backslash and no control character; write llama:hf:OWNER/REPO/FILE.gguf"
        )


def check_file(path: Path) -> None:
    """Refuse what is plainly no GGUF file, before llama.cpp is asked.

    Raises:
        ModelLoadError: Naming the path and what to do.
    """
    if path.is_dir():
        inside = sorted(file.name for file in path.glob("*.gguf"))
        hint = (
            f"name one of its files: {', '.join(inside[:5])}" if inside else f"name a GGUF file; use {_USE}"
        )
        raise ModelLoadError(f"{path} is a directory, not a model file; {hint}")
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise ModelLoadError(f"there is no model file {path}; check the path, or use {_USE}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelLoadError(f"{path} cannot be read: {reason}; check its permissions") from error
    if not start:
        raise ModelLoadError(f"{path} is empty; download the model again")
    if start != _MAGIC:
        raise ModelLoadError(
            f"{path} is no GGUF file: it begins with {start!r}, not {_MAGIC!r}; "
            "llama.cpp reads GGUF only, so get the model in that format"
        )
