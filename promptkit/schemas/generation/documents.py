"""A JSON Schema document: where its references lead, and whether a value fits one of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

import jsonschema_rs

from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["Document", "Schema"]

Schema: TypeAlias = Mapping[str, Any] | bool
"""A JSON Schema or a part of one."""

_URI = "json-schema:///promptkit/document"
_DRAFTS = (("draft-03", 3), ("draft-04", 4), ("draft-06", 6), ("draft-07", 7), ("2019-09", 2019))
_FIRST_WITH_SIBLINGS = 2019
_LAST_WITH_ID = 4
"""The last draft in which an address stands under ``id`` instead of ``$id``."""
_MAX_LINKED = 8
_SINCE = {
    "const": 6,
    "contains": 6,
    "propertyNames": 6,
    "if": 7,
    "dependentRequired": 2019,
    "dependentSchemas": 2019,
    "minContains": 2019,
    "maxContains": 2019,
    "unevaluatedItems": 2019,
    "unevaluatedProperties": 2019,
    "prefixItems": 2020,
    "$dynamicRef": 2020,
}
_UNTIL = {"$recursiveRef": 2019}


class Document:
    """A schema with an index of its parts.

    Args:
        root: The whole schema; it must have passed ``raw_validator``.

    Attributes:
        root: The whole schema.
        draft: 3, 4, 6, 7, 2019 or 2020, by ``$schema``.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        name = root.get("$schema")
        found = [draft for words, draft in _DRAFTS if isinstance(name, str) and words in name]
        self.draft = found[0] if found else 2020
        self._id_keyword = "$id" if self.draft > _LAST_WITH_ID else "id"
        self._pointers: dict[int, str] | None = None
        self._bases: dict[int, str] = {}
        self._names: dict[str, Mapping[str, Any]] = {}
        self._dynamic: dict[str, Mapping[str, Any]] = {}
        self._validators: dict[int, tuple[Any, jsonschema_rs.Validator | None]] = {}
        self._matchers: dict[tuple[str, str], jsonschema_rs.Validator | None] = {}
        self._registry: jsonschema_rs.Registry | None = None

    def knows(self, keyword: str) -> bool:
        """True when the keyword is an assertion in the document's draft."""
        return _SINCE.get(keyword, 0) <= self.draft <= _UNTIL.get(keyword, 9999)

    @property
    def lone_references(self) -> bool:
        """True when keywords beside a ``$ref`` say nothing, as it was until draft 7."""
        return self.draft < _FIRST_WITH_SIBLINGS

    def references(self, fragment: Mapping[str, Any]) -> tuple[list[Schema], bool]:
        """The targets of the fragment's references, and whether all of them were found."""
        targets: list[Schema] = []
        complete = True
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            reference = fragment.get(keyword)
            if isinstance(reference, str) and self.knows(keyword):
                target = self._target(reference, fragment, dynamic=keyword == "$dynamicRef")
                complete = complete and target is not None
                targets.extend([] if target is None else [target])
        return targets, complete

    def fits(self, fragment: Schema, value: Any, *, unknown: bool = True) -> bool:
        """True when the value fits a part of the document, or a schema made of such parts.

        Args:
            fragment: The part.
            value: The value.
            unknown: What is said when the part cannot be judged alone.
        """
        if isinstance(fragment, bool):
            return fragment
        validator = self._validator(fragment)
        return unknown if validator is None else validator.is_valid(value)

    def matches(self, pattern: str, text: str) -> bool:
        """True when the pattern is found in the text, by the engine that checks answers."""
        return self._check("pattern", pattern, text)

    def has_format(self, name: str, text: str) -> bool:
        """True when the text has the format, or nothing checks the format."""
        return self._check("format", name, text)

    def _check(self, keyword: str, argument: str, text: str) -> bool:
        key = (keyword, argument)
        if key not in self._matchers:
            self._matchers[key] = self._compiled({keyword: argument})
        matcher = self._matchers[key]
        return matcher is None or matcher.is_valid(text)

    def _validator(self, fragment: Mapping[str, Any]) -> jsonschema_rs.Validator | None:
        # The fragment is kept beside its validator: an id is only good as long as its object lives.
        known = self._validators.get(id(fragment))
        if known is None:
            known = (fragment, self._compiled(self._linked(fragment, 0), linked=True))
            self._validators[id(fragment)] = known
        return known[1]

    def _linked(self, part: Any, depth: int) -> Any:
        """The part as it can stand outside the document: what stands in the document is referred to."""
        if is_list(part) and depth < _MAX_LINKED:
            return [self._linked(item, depth + 1) for item in part]
        if not is_mapping(part) or depth >= _MAX_LINKED:
            return part
        pointer = self._index().get(id(part))
        if pointer is not None:
            return {"$ref": f"{self._address()}#{pointer}"}
        return {key: self._linked(value, depth + 1) for key, value in part.items()}

    def _compiled(self, schema: dict[str, Any], *, linked: bool = False) -> jsonschema_rs.Validator | None:
        named = self.root.get("$schema")
        try:
            return jsonschema_rs.validator_for(
                {"$schema": named, **schema} if isinstance(named, str) else schema,
                validate_formats=True,
                registry=self._roots() if linked else None,
            )
        except (jsonschema_rs.ValidationError, ValueError, TypeError, RecursionError):
            # Nothing is lost: the finished value is validated by the whole schema.
            return None

    def _roots(self) -> jsonschema_rs.Registry:
        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(self._address(), dict(self.root))])
        return self._registry

    def _address(self) -> str:
        """Where the root stands: its own absolute address, so that what it refers to by that is found."""
        own = self.root.get(self._id_keyword)
        return urldefrag(own)[0] if isinstance(own, str) and "://" in own else _URI

    def _target(self, reference: str, fragment: Mapping[str, Any], *, dynamic: bool) -> Schema | None:
        if reference == "#" and "$id" not in self.root and "id" not in self.root:
            return self.root
        self._index()
        base = self._bases.get(id(fragment), "")
        address, anchor = urldefrag(urljoin(base, reference) if reference[:1] != "#" else base + reference)
        if dynamic and anchor in self._dynamic:
            return self._dynamic[anchor]
        named = self._names.get(f"{address}#{anchor}" if anchor else address)
        if named is not None:
            return named
        start = self._names.get(address)
        if start is None and reference[:1] == "#":
            start = self.root
        found = None if start is None else _pointed(start, anchor)
        if found is None and reference[:1] == "#":
            found = _pointed(self.root, anchor)
        return found

    def _index(self) -> dict[int, str]:
        if self._pointers is None:
            self._pointers = {}
            left: list[tuple[Any, str, str]] = [(self.root, "", "")]
            self._names[""] = self.root
            while left:
                part, pointer, base = left.pop()
                if is_list(part):
                    left.extend((it, f"{pointer}/{index}", base) for index, it in enumerate(part))
                elif is_mapping(part) and id(part) not in self._pointers:
                    self._pointers[id(part)] = pointer
                    base = self._named(part, base)
                    self._bases[id(part)] = base
                    left.extend(
                        (part[key], f"{pointer}/{_escaped(key)}", base)
                        for key in part
                        if key != "enum" or is_mapping(part[key])
                    )
        return self._pointers

    def _named(self, part: Mapping[str, Any], base: str) -> str:
        """Note the names that a part gives itself; its base address for what is below it."""
        name = part.get(self._id_keyword)
        if isinstance(name, str) and ("$ref" not in part or not self.lone_references):
            address, anchor = urldefrag(urljoin(base, name))
            if anchor:
                self._names.setdefault(f"{address}#{anchor}", part)
            if not name.startswith("#"):
                base = address
                self._names.setdefault(base, part)
        for keyword in ("$anchor", "$dynamicAnchor"):
            label = part.get(keyword)
            if isinstance(label, str):
                self._names.setdefault(f"{base}#{label}", part)
                if keyword == "$dynamicAnchor":
                    self._dynamic.setdefault(label, part)
        return base


def _pointed(start: Any, pointer: str) -> Schema | None:
    if pointer and not pointer.startswith("/"):
        return None
    target = start
    for token in pointer.split("/")[1:]:
        name = unquote(token).replace("~1", "/").replace("~0", "~")
        if is_mapping(target) and name in target:
            target = target[name]
        elif is_list(target) and name.isdecimal() and int(name) < len(target):
            target = target[int(name)]
        else:
            return None
    return target if is_mapping(target) or isinstance(target, bool) else None


def _escaped(key: str) -> str:
    escaped = key.replace("~", "~0").replace("/", "~1")
    return "".join(it if (it.isalnum() and it.isascii()) or it in "~/_-." else _percent(it) for it in escaped)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
