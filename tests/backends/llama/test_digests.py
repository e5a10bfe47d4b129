"""What tells a model's file from another of the same name."""

from __future__ import annotations

import pytest

from promptkit.backends.llama import LlamaBackend, sources
from promptkit.backends.llama.sources import digest_of


def test_the_same_bytes_have_the_same_digest_wherever_they_lie(tmp_path) -> None:
    for name, data in (("a.gguf", b"GGUF one"), ("b.gguf", b"GGUF one"), ("c.gguf", b"GGUF two")):
        (tmp_path / name).write_bytes(data)
    first, same, other = (digest_of([str(tmp_path / name)]) for name in ("a.gguf", "b.gguf", "c.gguf"))

    assert first == same != other
    assert len(first) == 64
    assert LlamaBackend(str(tmp_path / "a.gguf")).digest() == first


@pytest.mark.parametrize("changed", [0, 500, 999])
def test_a_large_file_counts_by_its_beginning_its_middle_and_its_end(tmp_path, monkeypatch, changed) -> None:
    monkeypatch.setattr(sources, "_READ_WHOLE", 100)
    monkeypatch.setattr(sources, "_PIECE", 16)
    data = bytearray(b"GGUF" + bytes(996))
    (tmp_path / "a.gguf").write_bytes(data)
    before = digest_of([str(tmp_path / "a.gguf")])
    data[changed or 4] = 7

    (tmp_path / "b.gguf").write_bytes(data)

    assert digest_of([str(tmp_path / "b.gguf")]) != before


@pytest.mark.parametrize("reference", ["hf:owner/repo/file.gguf", "/nowhere/at/all.gguf", ""])
def test_a_file_that_is_not_here_has_none(reference) -> None:
    assert digest_of([reference]) == ""
