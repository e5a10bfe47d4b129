"""Lists: a lone value for a list, a list in one text, items with schemas of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptkit.output.alignment.leaves import Misfit, choices_in
from promptkit.output.alignment.nodes import Arr, Bare, Node, Obj, Place
from promptkit.output.alignment.rules import RULES
from promptkit.output.alignment.steps import Steps
from promptkit.output.alignment.words import is_null
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["Lists"]

_TAG = re.compile(r"[a-z0-9][\w.+#/-]*")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+(?P<item>.+?)\s*")
_MOST_TEXT = 10_000


class Lists:
    """Brings what was read to the form of a list.

    Args:
        fitter: Brings the items to theirs, and keeps the receipts.
    """

    def __init__(self, fitter: Steps) -> None:
        self._fitter = fitter

    def of_node(self, node: Node, fragment: Mapping[str, Any], place: Place) -> Any:
        """The list that a node is, or that it stands for.

        Raises:
            Misfit: When it stands for none.
        """
        if isinstance(node, Arr):
            self._fitter.refuse_open(node, place)
            return [
                self._fitter.fit_at(item, inner, (*place, index))
                for index, (item, inner) in enumerate(zip(node.items, _items(fragment), strict=False))
            ]
        if isinstance(node, Obj):
            return self._array_of_object(node, fragment, place)
        text = node if isinstance(node, str) else node.text
        if text.lstrip()[:1] == "[" and isinstance(node, str):
            return self.of_node(self._fitter.decoded(text, place, "a list"), fragment, place)
        if not text.strip() or is_null(text):
            raise Misfit(place, f"expected a list, got {text.strip() or 'nothing'}")
        return self._array_of_text(node, text, fragment, place)

    def _array_of_object(self, node: Obj, fragment: Mapping[str, Any], place: Place) -> Any:
        if not place and len(node.pairs) == 1 and isinstance(node.pairs[0][1], Arr):
            self._fitter.note(place, "wrapper", node.pairs[0][0], "the list in it")
            if node.open:
                self._fitter.note(place, "unclosed", "", "}")
            return self.of_node(node.pairs[0][1], fragment, place)
        item = next(_items(fragment))
        self._fitter.note(place, "lone_item", "{…}", "[{…}]")
        return [self._fitter.fit_at(node, item, (*place, 0))]

    def _array_of_text(
        self, node: str | Bare, text: str, fragment: Mapping[str, Any], place: Place
    ) -> list[Any]:
        item = next(_items(fragment))
        parts, rule = self._parts(text, item)
        if not parts:
            self._fitter.note(place, "lone_item", text, [text])
            return [self._fitter.fit_at(node, item, (*place, 0))]
        self._fitter.note(place, rule, text, parts)
        kept, self._fitter.fixes = self._fitter.fixes, []
        made = [self._fitter.fit_at(part, item, (*place, index)) for index, part in enumerate(parts)]
        lossy = [fix for fix in self._fitter.fixes if RULES[fix.rule].lossy]
        self._fitter.fixes = [*kept, *lossy]  # how the items are written is part of the one step
        return made

    def _parts(self, text: str, item: Any) -> tuple[list[str], str]:
        """The items that a text lists, and the rule that takes them; none where it is one item."""
        if len(text) > _MOST_TEXT:
            return [], ""
        lines = [line for line in text.splitlines() if line.strip()]
        bullets = [_BULLET.fullmatch(line) for line in lines]
        if len(lines) > 1 and all(bullets):
            return [found["item"] for found in bullets if found], "list_text"
        parts = [part.strip() for part in re.split(r"[,;\n]", text)]
        if len(parts) < 2 or not all(parts):  # noqa: PLR2004 - one part is the item itself
            return [], ""
        whole: Mapping[str, Any] = self._fitter.whole(item) if is_mapping(item) else {}
        if (
            choices_in(whole) is None
            and "string" in (types_of(whole) or ("string",))
            and not _are_tags(parts)
        ):
            return parts, "text_split"
        return parts, "list_text"


def _items(fragment: Mapping[str, Any]) -> Iterator[Any]:
    """What the schema says of each item, without end."""
    yield from fragment.get("prefixItems", ())
    while True:
        yield fragment.get("items", {})


def _are_tags(parts: Sequence[str]) -> bool:
    return all(_TAG.fullmatch(part) for part in parts)
