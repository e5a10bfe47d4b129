"""A library gives out the same prompt again, for as long as its files say the same."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.errors import TemplateError
from promptkit.libraries import Library, opened

TEXT = '{% user %}{% include "tone" %} {{ note }}{% enduser %}\n'


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "a.prompt.j2").write_text(TEXT)
    (tmp_path / "tone.md").write_text("Calm.")
    return pk.library(tmp_path)


def said(library: Library, name: str = "a") -> str:
    return library[name].render(note="N").messages[0].text


def test_the_same_prompt_is_given_again_compiled(library: Library) -> None:
    first = library["a"]
    template = first.contract.template

    assert library["a"] is first
    assert library["a"].contract.template is template


@pytest.mark.parametrize(
    ("name", "text", "then"),
    [
        ("a.prompt.j2", TEXT.replace("{{ note }}", "- {{ note }}"), "Calm. - N"),
        ("tone.md", "Warm.", "Warm. N"),
        ("tone", "Odd.", "Odd. N"),
    ],
)
def test_a_change_is_seen_at_once_even_within_one_tick_of_the_clock(
    library: Library, name: str, text: str, then: str
) -> None:
    assert said(library) == "Calm. N"
    times = (library.root / "a.prompt.j2").stat().st_mtime_ns
    (library.root / name).write_text(text)
    os.utime(library.root / name, ns=(times, times))

    assert said(library) == then


def test_what_a_later_look_at_the_files_read_does_not_pass_for_what_was_compiled(library: Library) -> None:
    first = library["a"]
    assert first.render(note="N").messages[0].text == "Calm. N"
    (library.root / "tone.md").write_text("Warm.")

    _ = first.contract.trace({"note": "N"})

    assert said(library) == "Warm. N"


def test_line_breaks_of_windows_and_a_byte_order_mark_are_no_change(library: Library) -> None:
    first = library["a"]
    (library.root / "a.prompt.j2").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())

    assert library["a"] is first


def test_a_file_that_is_gone_or_faulty_now_is_an_error_now(library: Library) -> None:
    assert said(library) == "Calm. N"
    (library.root / "tone.md").unlink()

    with pytest.raises(TemplateError, match="there is no file tone"):
        said(library)
    (library.root / "tone.md").write_text("Back.")
    assert said(library) == "Back. N"
    (library.root / "a.prompt.j2").write_text("---\nclarty: 1\n---\n")
    with pytest.raises(TemplateError, match="clarity"):
        library.get("a")


class Answer(BaseModel):
    text: str


def test_each_type_of_output_has_a_prompt_of_its_own(library: Library) -> None:
    plain, typed = library.get("a"), library.get("a", output=Answer)

    assert typed is library.get("a", output=Answer) is not plain
    assert typed.contract.output.schema.kind == "json"
    assert plain.contract.output.schema.kind == "text"
    assert library.get("a", output=Literal[1, 2]).contract.output.schema.json_schema["enum"] == [1, 2]


def test_a_variant_and_a_catalogue_of_ones_own_are_read_each_time(library: Library) -> None:
    (library.root / "b.prompt.j2").write_text("---\nextends: a\n---\n")
    assert said(library, "b") == "Calm. N"
    (library.root / "a.prompt.j2").write_text(TEXT.replace("{{ note }}", "- {{ note }}"))

    assert said(library, "b") == "Calm. - N"


def test_only_so_many_are_kept(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "_MOST", 2)
    for name in ("b", "c"):
        (library.root / f"{name}.prompt.j2").write_text(TEXT)
    first, second = library["a"], library["b"]

    assert library["a"] is first
    _ = library["c"]

    assert library["a"] is first
    assert library["b"] is not second


def test_a_prompt_that_was_kept_pickles(library: Library) -> None:
    prompt = library["a"]
    _ = prompt.contract.template

    again: Any = pickle.loads(pickle.dumps(prompt))

    assert again.render(note="N").messages[0].text == "Calm. N"


def test_threads_share_it(library: Library) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: said(library), range(64)))

    assert set(texts) == {"Calm. N"}
