"""Cassettes: answers of real models in a file under version control, found again by all that shaped them."""

from __future__ import annotations

import difflib
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptkit.checks.secrets import secrets_in
from promptkit.completions import Completion
from promptkit.errors import PromptKitError
from promptkit.libraries.writing import alone, replace_file
from promptkit.records import completion_of, text_of_completion
from promptkit.requests import Request, canonical_json

__all__ = ["Cassette", "CassetteError", "CassetteMiss", "Recording", "text_of", "texts_in"]

VERSION = 1


class CassetteError(AssertionError):
    """A cassette that cannot be used; nothing of it was changed."""


class CassetteMiss(AssertionError):
    """A question that was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One question and its answer.

    Attributes:
        key: The fingerprint of the question: messages, generation, schema, rules and tools.
        repeat: How many equal questions the test had asked before.
        backend: The backend's name.
        files: SHA-256 of the model's files; empty for a server.
        prompt: The prompt's name and version, for people.
        messages: The rendered messages as data.
        generation: The sampling settings.
        answer: The completion as data.
    """

    key: str
    repeat: int
    backend: str
    files: str
    prompt: str
    messages: Sequence[Mapping[str, Any]]
    generation: Mapping[str, Any]
    answer: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str, int]:
        """What it is found by."""
        return self.backend, self.key, self.repeat

    def to_line(self) -> str:
        """One line of JSON, keys sorted, with a digest that tells a line that was edited."""
        data = {
            "answer": self.answer,
            "backend": self.backend,
            "files": self.files,
            "generation": self.generation,
            "key": self.key,
            "messages": list(self.messages),
            "prompt": self.prompt,
            "repeat": self.repeat,
            "v": VERSION,
        }
        return json.dumps({**data, "digest": _digest(data)}, ensure_ascii=False, sort_keys=True)


@dataclass(slots=True)
class Cassette:
    """The recordings of one test, in one file.

    Attributes:
        path: The file; it need not exist.
        recordings: By what they are found by.
        used: Those that were asked for.
        added: Those that are to be written.
    """

    path: Path
    recordings: dict[tuple[str, str, int], Recording] = field(
        default_factory=dict[tuple[str, str, int], Recording]
    )
    used: set[tuple[str, str, int]] = field(default_factory=set[tuple[str, str, int]])
    added: dict[tuple[str, str, int], Recording] = field(
        default_factory=dict[tuple[str, str, int], Recording]
    )
    _asked: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, path: Path) -> Cassette:
        """The cassette of a file; empty when there is none.

        Raises:
            CassetteError: For a line that cannot be used, with file and line.
        """
        return cls(path, {found.place: found for found in _lines(path)})

    def go_on(self, earlier: Cassette) -> None:
        """Count equal questions on from an earlier run of the same test, so that it gets the answers after those."""
        self._asked.update(earlier._asked)

    def next_place(self, backend: str, key: str) -> tuple[str, str, int]:
        """What the answer to the next question of this kind is found by."""
        with self._lock:
            repeat = self._asked.get((backend, key), 0)
            self._asked[backend, key] = repeat + 1
        return backend, key, repeat

    def find(self, place: tuple[str, str, int], files: str) -> Completion | None:
        """The answer that was recorded; None when there is none.

        Args:
            place: What it is found by.
            files: SHA-256 of the model's files; empty where they are not at hand.

        Raises:
            CassetteError: When it was recorded with another model file of the same name.
        """
        found = self.recordings.get(place)
        if found is None:
            return None
        if files and found.files and files != found.files:
            raise CassetteError(
                f"{self.path} was recorded with another file of {found.backend} than the one that lies here; "
                "record it again with --pk-record=all, or use the file that it was recorded with"
            )
        self.used.add(place)
        return completion_of(json.dumps(found.answer))

    def add(self, place: tuple[str, str, int], request: Request, completion: Completion, files: str) -> None:
        """Take an answer in; it is written by `save`.

        Raises:
            CassetteError: When the question or the answer holds what looks like a secret.
        """
        backend, key, repeat = place
        self.put(
            Recording(
                key=key,
                repeat=repeat,
                backend=backend,
                files=files,
                prompt=str(request.prompt),
                messages=[message.to_dict() for message in request.messages],
                generation=request.generation.to_dict(),
                answer=json.loads(text_of_completion(completion)),
            )
        )

    def put(self, made: Recording) -> None:
        """Take a recording in; it is written by `save`.

        Raises:
            CassetteError: When it holds what looks like a secret.
        """
        # The line too, where a name and its value stand apart.
        texts = "\n".join([*texts_in([made.messages, made.generation, made.answer]), made.to_line()])
        secret = next(secrets_in(texts), None)
        if secret is not None:
            raise CassetteError(
                f"a call of {made.prompt} was not recorded in {self.path}: it holds what looks like {secret.what}. "
                "Recordings lie under version control; give the test made-up data"
            )
        with self._lock:
            self.recordings[made.place] = self.added[made.place] = made
            self.used.add(made.place)

    def save(self, *, prune: bool = False) -> None:
        """Write what was added, whole or not at all; what another test wrote meanwhile stays.

        Args:
            prune: Whether recordings that were not asked for are left out.

        Raises:
            CassetteError: When the file cannot be written.
        """
        if not self.added and not (prune and set(self.recordings) - self.used):
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with alone(self.path.parent):
                kept = {found.place: found for found in _lines(self.path)} | self.added
                if prune:
                    kept = {place: found for place, found in kept.items() if place in self.used}
                replace_file(self.path, text_of(kept.values()))
        except (OSError, PromptKitError) as error:
            raise CassetteError(f"the cassette {self.path} cannot be written: {error}") from error

    def miss(self, request: Request, backend: str) -> CassetteMiss:
        """What to say of a question that was not recorded: how it differs from the nearest that was."""
        asked = _text([message.to_dict() for message in request.messages])
        fit = "record it with --pk-record=missing"
        if not self.recordings:
            there = "is empty" if self.path.exists() else "does not exist"
            return CassetteMiss(f"{request.prompt} was run by {backend}, and {self.path} {there}; {fit}")
        nearest = max(self.recordings.values(), key=lambda it: _alike(it, request, backend, asked))
        known = _text(nearest.messages)
        diff = "".join(
            difflib.unified_diff(
                known.splitlines(keepends=True), asked.splitlines(keepends=True), "recorded", "asked now"
            )
        )
        other = diff or _elsewhere(nearest, request, backend)
        return CassetteMiss(
            f"{request.prompt} was run by {backend}, and {self.path} holds no answer to this question. The nearest is "
            f"of {nearest.prompt}:\n{other}\nIf the change is meant, {fit}."
        )


def texts_in(data: Any) -> Iterator[str]:
    """Every text in data, however deep."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():  # pyright: ignore[reportUnknownVariableType]
            yield from texts_in(value)
    elif isinstance(data, Sequence):
        for value in data:  # pyright: ignore[reportUnknownVariableType]
            yield from texts_in(value)


def text_of(recordings: Iterable[Recording]) -> str:
    """Recordings as the text of a cassette, in its order."""
    lines = sorted(recordings, key=lambda it: (it.prompt, it.backend, it.key, it.repeat))
    return "".join(f"{it.to_line()}\n" for it in lines)


def _lines(path: Path) -> Iterator[Recording]:
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # texts may hold what splitlines splits at
    except (OSError, ValueError) as error:
        raise CassetteError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _recording(line, f"{path}:{number}")


def _recording(line: str, where: str) -> Recording:
    again = "remove the line and record it again with --pk-record=missing"
    try:
        data = json.loads(line)
        version, digest = data["v"], data.pop("digest")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CassetteError(f"{where}: this is no whole recording; {again}") from None
    if version != VERSION:
        raise CassetteError(
            f"{where}: written by a newer promptkit (form {version}, this one knows {VERSION}); update promptkit"
        )
    if digest != _digest(data):
        raise CassetteError(f"{where}: edited by hand, so that nobody knows what was answered; {again}")
    del data["v"]
    return Recording(**data)


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(dict(data))).hexdigest()[:16]


def _text(messages: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{message['role']}:\n{_content(message.get('content'))}" for message in messages) + "\n"


def _content(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)


def _alike(known: Recording, request: Request, backend: str, asked: str) -> tuple[bool, bool, float]:
    same_prompt = known.prompt.partition("@")[0] == request.prompt.name
    ratio = difflib.SequenceMatcher(None, _text(known.messages), asked, autojunk=True).quick_ratio()
    return same_prompt, known.backend == backend, ratio


def _elsewhere(nearest: Recording, request: Request, backend: str) -> str:
    """What else differs where the messages are the same."""
    if nearest.backend != backend:
        return f"the same messages, answered by {nearest.backend}"
    if dict(nearest.generation) != request.generation.to_dict():
        return f"the same messages, sampled by {dict(nearest.generation)} and now by {request.generation.to_dict()}"
    if nearest.key == request.fingerprint():
        return f"the same question, asked {nearest.repeat + 1} times when it was recorded"
    return "the same messages; the output's schema, its rules or the tools are others"
