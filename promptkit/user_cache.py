"""The user's cache folder: files that can be made anew at any time, and that nobody else wrote."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["cache_folder", "digest_of", "forget", "read_private", "write_private"]

_KEPT_S = 30 * 24 * 3600
"""Seconds after which what nobody wrote again is removed."""


def cache_folder() -> Path | None:
    """The folder, whether it exists or not; None for a user without a home.

    ``PROMPTKIT_CACHE_DIR`` names it, else it lies where the system keeps such things.
    """
    named = os.environ.get("PROMPTKIT_CACHE_DIR")
    if named:
        return Path(named)
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData" / "Local") / "promptkit" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "promptkit"
        base = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification: a relative path counts as none.
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "promptkit"  # noqa: PTH117
    except RuntimeError:
        return None


def digest_of(data: bytes) -> str:
    """A digest of bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read_private(path: Path) -> bytes | None:
    """A file's bytes, where no other user can have written it; None where that is not sure, and where there is none.

    File and folder must belong to this user and be writable for nobody else, and neither may be a link. On Windows
    the access list of the user's own folder is relied on.
    """
    try:
        if sys.platform == "win32":
            return path.read_bytes()
        folder = _opened_folder(path.parent)
        if folder is None:
            return None
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            file = os.open(path.name, flags, dir_fd=folder)
        finally:
            os.close(folder)
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - a descriptor
            found = os.fstat(file)
            return opened.read() if stat.S_ISREG(found.st_mode) and _is_private(found) else None
    except OSError:
        return None


def write_private(path: Path, data: bytes) -> bool:
    """Write a file in one step, readable and writable for this user alone, and its folders where they are missing.

    Returns:
        Whether it was written: not where the folder cannot be written, or where others can write to it.
    """
    import tempfile  # most programs only read

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32":
            folder = _opened_folder(path.parent)
            if folder is None:
                return False
            os.close(folder)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError:
        return False
    return True


def forget(folder: Path, *, most_bytes: int) -> None:
    """Remove what has not been written for a month, and of the rest the oldest beyond ``most_bytes``."""
    before = time.time() - _KEPT_S
    with suppress(OSError), os.scandir(folder) as entries:
        files = sorted(
            ((entry.stat(follow_symlinks=False), entry.path) for entry in entries if not entry.is_dir()),
            key=lambda file: -file[0].st_mtime,
        )
        together = 0
        for found, path in files:
            together += found.st_size
            if found.st_mtime < before or together > most_bytes:
                Path(path).unlink(missing_ok=True)


def _opened_folder(folder: Path) -> int | None:
    """A descriptor of a folder that is this user's alone; None for any other."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if _is_private(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _is_private(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
