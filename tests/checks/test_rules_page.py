"""docs/reference/checks.md: every rule stands there, and its examples are what it says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from promptkit.checks.attacks import attack_subjects
from promptkit.findings import RULES, Finding
from promptkit.libraries import check_file, file_subject

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"
SECTIONS: dict[str, str] = dict(
    re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
)


def test_every_rule_has_a_section_with_its_severity_and_no_section_lacks_a_rule() -> None:
    said = {rule: body.strip().split(".")[0] for rule, body in SECTIONS.items()}

    assert said == {
        rule.id: rule.severity.capitalize() + (", fixed" if rule.fixed else "") for rule in RULES.values()
    }


def all_found(path: Path) -> list[Finding]:
    attacked = attack_subjects([file_subject(path)])
    return [*check_file(path).findings, *attacked.findings]


@pytest.mark.parametrize("rule", RULES)
def test_the_first_example_of_a_rule_breaks_it_and_the_second_breaks_none_of_its_kind(
    rule: str, tmp_path: Path
) -> None:
    faulty, mended = re.findall(r"```jinja\n(.*?)```", SECTIONS[rule], re.DOTALL)
    (tmp_path / "faulty.prompt.j2").write_text(faulty)
    (tmp_path / "mended.prompt.j2").write_text(mended)

    found, left = all_found(tmp_path / "faulty.prompt.j2"), all_found(tmp_path / "mended.prompt.j2")

    assert rule in {finding.rule for finding in found}
    assert rule not in {finding.rule for finding in left}
    assert not [finding for finding in left if finding.severity == "error"]
