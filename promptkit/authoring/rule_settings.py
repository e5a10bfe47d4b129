"""The section ``check``: what rules of ``promptkit check`` are set to in one file."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.authoring.fields import as_pairs, as_text
from promptkit.authoring.nodes import Node
from promptkit.findings import RULES, SETTINGS, Setting
from promptkit.spelling import did_you_mean

__all__ = ["read_check"]

_BY_NAME: Mapping[str, Setting] = {setting: setting for setting in SETTINGS}


def read_check(node: Node) -> dict[str, Setting]:
    """What the rules of ``promptkit check`` are set to, by id."""
    made: dict[str, Setting] = {}
    for rule, pair in as_pairs(node, "check").entries.items():
        if rule not in RULES:
            raise pair.key.place.fault(
                f"check names {rule!r}, which is no rule{did_you_mean(rule, RULES)}. The rules stand in "
                "docs/reference/checks.md."
            )
        if RULES[rule].fixed:
            raise pair.key.place.fault(
                f"check.{rule} cannot be set, because a prompt that breaks this rule does not load. Remove it."
            )
        said = as_text(pair.value, f"check.{rule}")
        setting = _BY_NAME.get(said)
        if setting is None:
            raise pair.value.place.fault(
                f"check.{rule} is {said!r}{did_you_mean(said, SETTINGS)}. Write {', '.join(SETTINGS)}."
            )
        made[rule] = setting
    return made
