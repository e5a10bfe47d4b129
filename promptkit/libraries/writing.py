"""Files that are whole from their first moment: made anew, or replaced in one step."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from promptkit.errors import PromptError

__all__ = [
    "BEGINNING",
    "alone",
    "create_file",
    "make_folder",
    "refuse_outside",
    "remove_unfinished",
    "replace_file",
    "write_all",
    "writing_faults",
]

BEGINNING = ".promptkit-"
"""How the names of files and folders begin that are being written."""


def create_file(target: Path, text: str) -> None:
    """Write a file that must not exist yet; its folder must.

    Raises:
        FileExistsError: When there is such a file, even one that appeared a moment ago.
        OSError: When it cannot be written.
    """
    with _temporary(target, text) as temporary:
        try:
            os.link(temporary, target)  # unlike a rename, it fails when somebody else was quicker
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            temporary.rename(target)


def replace_file(target: Path, text: str) -> None:
    """Write a file in the place of the one that is there, or anew.

    Raises:
        PromptError: When it cannot be written; what was there is still there then.
    """
    with writing_faults(target):
        target = target.resolve()  # a link stays one, and what it leads to is replaced
        mode = target.stat().st_mode & 0o777 if target.exists() else None
        with _temporary(target, text) as temporary:
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(target)


def write_all(files: Mapping[Path, str], *, replace: bool) -> None:
    """Write several files that belong together, with their folders: all of them, or none.

    Args:
        files: The text of each.
        replace: Whether they take the place of those that are there.

    Raises:
        PromptError: When one is there that may not be replaced, or one cannot be written; all is as it was then.
    """
    before = {path: _content(path) for path in files}
    made = {it for path in files for it in path.parents if not it.exists()}
    written: list[Path] = []
    try:
        for path, text in files.items():
            with writing_faults(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, text, replace=replace)
            written.append(path)
    except BaseException:  # Ctrl-C too
        for path in written:
            _restore(path, before[path])
        for folder in sorted(made, reverse=True):
            with suppress(OSError):
                folder.rmdir()
        raise


def _write(path: Path, text: str, *, replace: bool) -> None:
    if replace:
        replace_file(path, text)
        return
    try:
        create_file(path, text)
    except FileExistsError:
        raise PromptError(f"{path} exists already; remove it, or write it anew with --force") from None


def _content(path: Path) -> bytes | None:
    with writing_faults(path):
        return path.read_bytes() if path.exists() else None


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def make_folder(folder: Path, root: Path) -> None:
    """Make a folder below ``root``, with those above it.

    Raises:
        PromptError: When it cannot be made, or a link on the way leads out of ``root``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PromptError(f"the folder {folder} cannot be made: {error.strerror or error}") from error
    refuse_outside(folder, root)


def refuse_outside(path: Path, root: Path) -> None:
    """Refuse what a link leads out of ``root``, or nowhere.

    Raises:
        PromptError: When it does.
    """
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:  # links that lead in a circle
        raise PromptError(f"{path} cannot be followed: {error}; remove the link") from None
    if not inside:
        raise PromptError(f"{path} leads out of the library {root}; links out of it are not followed")


@contextmanager
def alone(folder: Path, *, or_without: bool = False) -> Generator[bool]:
    """Waits until nobody else who waits so writes into a folder, and lets nobody in meanwhile.

    The lock is the system's and ends with the process, so a run that was killed holds up nobody; it is the folder's,
    since a lock file that is removed would let in who waits for it, and others. On Windows nobody waits.

    Args:
        folder: The folder.
        or_without: Whether to go on where a folder cannot be locked, as on some network drives.

    Yields:
        Whether there is a lock.

    Raises:
        OSError: When there can be none and that is not to be.
    """
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        held = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            if not or_without:
                raise
            held = False
        yield held
    finally:
        os.close(handle)


def remove_unfinished(folder: Path) -> None:
    """Remove what runs that were killed left half-written; nobody may be writing there."""
    for left in folder.glob(f"{BEGINNING}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def writing_faults(target: Path) -> Generator[None]:
    """Turns an OSError of the body into a PromptError about ``target``."""
    try:
        yield
    except OSError as error:
        raise PromptError(
            f"{target} cannot be written: {error.strerror or error}; nothing was changed"
        ) from error


@contextmanager
def _temporary(target: Path, text: str) -> Generator[Path]:
    """A file beside ``target`` with this text, removed at the end if it is still there."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=BEGINNING, suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
