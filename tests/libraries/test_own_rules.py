"""Rules of one's own: by class in code, by configuration, and by entry point of an installed package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.constraints import known_kinds
from promptkit.constraints.kinds import _offered, _packaged
from promptkit.errors import AttemptsExhausted, ConfigurationError, TemplateError

FILE = """---
output:
  schema:
    word:
      type: string
      palindrome: true
---
"""


class Palindrome:
    """A text that reads the same both ways."""

    kind = "palindrome"

    def sentence(self, subject: str) -> str:
        return f"{subject} reads the same backwards."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None if value == value[::-1] else f'"{value[::-1]}" backwards'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "word.prompt.j2").write_text(FILE)
    return tmp_path


def test_a_class_of_ten_lines_is_said_checked_and_named_in_a_file(folder: Path) -> None:
    prompt = pk.load(folder / "word.prompt.j2", rules=[Palindrome])
    llm = MockBackend([{"word": "anna"}])

    result = prompt.using(llm).run()

    assert "- `word` reads the same backwards." in llm.requests[0].messages[0].text
    assert result.verdicts[0].constraint == "word.palindrome"
    assert result.verdicts[0].outcome == "held"


def test_its_violation_is_told_in_the_re_ask(folder: Path) -> None:
    prompt = pk.library(folder, rules=[Palindrome])["word"]
    llm = MockBackend([{"word": "otter"}, {"word": "otter"}])

    with pytest.raises(AttemptsExhausted, match='Got "retto" backwards'):
        prompt.using(llm, attempts=2).run()

    assert (
        '(palindrome): `word` reads the same backwards. Got: "retto" backwards.'
        in llm.requests[1].messages[-1].text
    )


def test_without_the_class_the_file_is_refused_at_its_line(folder: Path) -> None:
    with pytest.raises(TemplateError, match=r"word.prompt.j2:6:7: Unknown key 'palindrome'"):
        pk.load(folder / "word.prompt.j2")


def test_the_configuration_may_name_classes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "own_rules_of_test.py").write_text(
        "class Palindrome:\n    kind = 'palindrome'\n    def sentence(self, subject): return subject\n"
        "    def fault(self, value, scope): return None\n"
    )
    (folder / "promptkit.toml").write_text('rules = ["own_rules_of_test:Palindrome"]')
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))

    assert pk.load("word.prompt.j2").declaration.constraints[0].rule.kind == "palindrome"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("nothing_here:Palindrome", "rules: nothing_here:Palindrome cannot be loaded: No module named"),
        ("json:Palindrome", "rules: json:Palindrome cannot be loaded"),
        ("json", "write a class as 'module:Name'"),
    ],
)
def test_a_configured_class_that_is_not_there_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, rules: str, said: str
) -> None:
    (folder / "promptkit.toml").write_text(f'rules = ["{rules}"]')
    monkeypatch.chdir(folder)

    with pytest.raises(ConfigurationError, match=said):
        pk.load("word.prompt.j2")


def test_the_process_may_be_given_classes(folder: Path) -> None:
    pk.configure(rules=[Palindrome])
    try:
        assert pk.load(folder / "word.prompt.j2").declaration.constraints[0].id == "word.palindrome"
    finally:
        pk.configure()


class _NoKind:
    pass


class _Taken:
    kind = "between"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (_NoKind, "is no class of rules: give it a kind"),
        (_Taken, "has the kind between, which promptkit uses"),
    ],
)
def test_a_class_that_cannot_be_a_rule_is_refused(folder: Path, made: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        pk.load(folder / "word.prompt.j2", rules=[made])


class Repeated:
    kind = "repeated"

    def __init__(self, times: int, word: str = "a") -> None:
        self.times, self.word = times, word

    def sentence(self, subject: str) -> str:
        return f"{subject} says {self.word} {self.times} times."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None


def test_an_argument_in_the_file_is_one_value_or_keywords() -> None:
    kinds = known_kinds([Repeated])

    assert kinds["repeated"](3).sentence("x") == "x says a 3 times."
    assert kinds["repeated"]({"times": 2, "word": "b"}).sentence("x") == "x says b 2 times."
    with pytest.raises(ValueError, match="repeated cannot be made of"):
        kinds["repeated"]({"tims": 2})


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path that looks like an installed package; the entry points say what a test writes."""
    (tmp_path / "rules_of_a_package.py").write_text(
        "class Palindrome:\n    kind = 'palindrome'\n    def sentence(self, subject): return subject + ' is fine.'\n"
        "    def fault(self, value, scope): return None\n"
    )
    info = tmp_path / "rules_of_a_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rules-of-a-package\nVersion: 1.0\n")
    sys.path.insert(0, str(tmp_path))
    _offered.cache_clear()
    _packaged.cache_clear()
    yield info / "entry_points.txt"
    sys.path.remove(str(tmp_path))
    _offered.cache_clear()
    _packaged.cache_clear()


def test_an_installed_package_offers_rules_by_entry_point(folder: Path, package: Path) -> None:
    package.write_text("[promptkit.constraints]\npalindrome = rules_of_a_package:Palindrome\n")

    constraint = pk.load(folder / "word.prompt.j2").declaration.constraints[0]

    assert constraint.sentence() == "`word` is fine."


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("palindrome = rules_of_a_package:Nothing", "cannot be loaded"),
        ("palindrome = not_installed_at_all:P", "cannot be loaded"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_an_error_of_the_file(
    folder: Path, package: Path, entry: str, said: str
) -> None:
    package.write_text(f"[promptkit.constraints]\n{entry}\n")

    with pytest.raises(TemplateError, match=rf"word.prompt.j2:6:7: .*{said}"):
        pk.load(folder / "word.prompt.j2")


def test_an_entry_point_and_its_class_must_have_one_name(package: Path) -> None:
    package.write_text("[promptkit.constraints]\nrhymes = rules_of_a_package:Palindrome\n")

    with pytest.raises(ValueError, match="names a rule of the kind palindrome; the two names must be equal"):
        known_kinds()["rhymes"]
