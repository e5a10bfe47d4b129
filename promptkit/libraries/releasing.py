"""Releasing: the working copy gets the version number that its changes demand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from promptkit.authoring import SUFFIXES, read_text
from promptkit.errors import VersionError
from promptkit.libraries.diffs import Bump, PromptDiff, Side, diff_of, enough, least_after
from promptkit.libraries.folders import Library
from promptkit.libraries.freezing import folder_of
from promptkit.libraries.sides import at_revision, newest_frozen, side_of
from promptkit.libraries.versions import Version
from promptkit.libraries.writing import replace_file

__all__ = ["Released", "release", "with_version"]

_FIRST = "1.0.0"
_VERSION_LINE = re.compile(r"^version[ \t]*:.*$", re.MULTILINE)
_ABOVE = re.compile(r"^(?:name|format)[ \t]*:[^\n]*$", re.MULTILINE)
_OPENING = re.compile(r"\A(?:\ufeff)?(?:[ \t]*\r?\n)*---[ \t]*\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What releasing did.

    Attributes:
        name: The prompt's name.
        version: The version that its file names now.
        before: The version that it was compared with; None when there was none.
        diff: What changed since then; None when there was nothing to compare with.
        path: The file.
        written: True when the file was changed; False when it named this version already.
    """

    name: str
    version: str
    before: str | None
    diff: PromptDiff | None
    path: Path
    written: bool


def release(
    library: Library, name: str, *, wanted: str | Bump | None = None, base: str | None = None
) -> Released:
    """Write the version into the working copy that its changes demand, or the one that is wanted.

    Args:
        library: A library in a folder.
        name: The prompt's name.
        wanted: A version, or how far to move; by default as far as the changes demand, and not at all where the
            file names a version that is high enough.
        base: A git revision to compare with; by default the newest frozen version.

    Raises:
        PromptError: When there is no such prompt, or it does not hold together.
        VersionError: When what is wanted is no version, or less than the changes demand.
    """
    root = folder_of(library)
    entry = library.entry(name)
    now = side_of(library, entry)
    old: Side | None = None
    if base is not None:
        past = at_revision(library, base)
        old = side_of(past, past.entry(name), f"{name} at {base}")
    else:
        frozen = newest_frozen(library, name)
        old = None if frozen is None else side_of(library, frozen)
    diff = None if old is None else diff_of(old, now)
    before = None if old is None else old.prompt.version
    version = _chosen(name, before, now.prompt.version, diff.demands if diff else Bump.NONE, wanted)
    if diff is not None and before is not None and not enough(before, version, diff.demands):
        raise VersionError(_too_small(name, before, version, diff, base))
    path = root / entry.path
    text = path.read_bytes().decode("utf-8")
    changed = version != now.prompt.version
    if changed:
        made = with_version(text, version, yaml_document=entry.path.endswith(SUFFIXES[1]))
        read_text(made, file=str(path), name=name, yaml_document=entry.path.endswith(SUFFIXES[1]))
        replace_file(path, made)
    return Released(name=name, version=version, before=before, diff=diff, path=path, written=changed)


def with_version(text: str, version: str, *, yaml_document: bool) -> str:
    """A prompt file's text with another version in it; every other byte stays.

    Args:
        text: The file's text.
        version: The version.
        yaml_document: True for a ``.prompt.yaml`` file.
    """
    opening = None if yaml_document else _OPENING.match(text)
    start = opening.end() if opening else 0
    ending = "\r\n" if "\r\n" in text else "\n"
    if opening is None and not yaml_document:
        return f"---{ending}version: {version}{ending}---{ending}{text.removeprefix(chr(0xFEFF))}"
    head_end = len(text) if yaml_document else _end_of_head(text, start)
    head = text[start:head_end]
    found = _VERSION_LINE.search(head)
    if found is not None:
        line = found[0].rstrip("\r")
        comment = re.search(r"[ \t]+#.*$", line)
        made = f"version: {version}{comment[0] if comment else ''}"
        head = f"{head[: found.start()]}{made}{head[found.start() + len(line) :]}"
    else:
        above = list(_ABOVE.finditer(head))
        at = max((match.end() for match in above), default=0)
        if above and head[at - 1 : at] == "\r":
            at -= 1
        head = (
            f"{head[:at]}{ending}version: {version}{head[at:]}"
            if above
            else f"version: {version}{ending}{head}"
        )
    return f"{text[:start]}{head}{text[head_end:]}"


def _end_of_head(text: str, start: int) -> int:
    closing = re.compile(r"^---[ \t]*\r?$", re.MULTILINE).search(text, start)
    return closing.start() if closing else len(text)


def _chosen(name: str, before: str | None, now: str | None, demands: Bump, wanted: str | Bump | None) -> str:
    if isinstance(wanted, str):
        if Version.read(wanted) is None:
            raise VersionError(f"{wanted!r} is no semantic version, which has three numbers such as 2.1.0")
        return wanted
    if before is None:
        if wanted is not None and now is not None:
            return least_after(now, wanted)
        return now or _FIRST
    if wanted is not None:
        return least_after(before, wanted)
    if now is not None and enough(before, now, demands):
        return now
    if now is not None and _numbers(now) < _numbers(before):
        raise VersionError(
            f"{name} says version {now}, and {before} is frozen already; a version only rises: write {before} or a "
            f"higher one"
        )
    return least_after(before, demands)


def _numbers(version: str) -> tuple[int, int, int]:
    found = Version.read(version)
    return found.numbers if found else (0, 0, 0)


def _too_small(name: str, before: str, version: str, diff: PromptDiff, base: str | None) -> str:
    weightiest = [str(change) for change in diff.changes if change.demands is diff.demands][:3]
    why = f": {'; '.join(weightiest)}" if weightiest else ""
    least = least_after(before, diff.demands)
    shown = name if base is None else f"{base}:{name}"
    return (
        f"{name} cannot be {version} after {before}: what changed demands {least} or higher ({diff.demands}){why}. "
        f"Take it, or take the change back; promptkit diff {shown} shows all of it"
    )
