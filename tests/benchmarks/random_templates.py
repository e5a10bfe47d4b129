"""Random prompt files: inputs by Picoschema, and bodies that use them, mostly rightly and sometimes not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

__all__ = ["Kind", "Writer", "random_file"]


@dataclass(frozen=True)
class Kind:
    """What a value is: a scalar's name, ``list`` or ``object``.

    Attributes:
        name: Its name.
        optional: Whether it may be None.
        item: What a list holds.
        fields: What an object has.
    """

    name: str
    optional: bool = False
    item: Kind | None = None
    fields: Mapping[str, Kind] = field(default_factory=dict)


TEXT, NUMBER, WHOLE, SURE = Kind("string"), Kind("number"), Kind("integer"), Kind("boolean")
TONE = Kind("enum")
OWNER = Kind("object", fields={"name": TEXT, "town": replace(TEXT, optional=True)})
PART = Kind("object", fields={"code": TEXT, "count": WHOLE})
TICKET = Kind(
    "object",
    fields={
        "subject": TEXT,
        "body": replace(TEXT, optional=True),
        "tags": Kind("list", optional=True, item=TEXT),
        "owner": replace(OWNER, optional=True),
    },
)
ROW = Kind(
    "object",
    fields={
        "label": TEXT,
        "price": replace(NUMBER, optional=True),
        "parts": Kind("list", optional=True, item=PART),
        "tone": TONE,
    },
)
INPUTS: Mapping[str, Kind] = {
    "note": TEXT,
    "sender": replace(TEXT, optional=True),
    "count": WHOLE,
    "price": NUMBER,
    "size": replace(NUMBER, optional=True),
    "paid": SURE,
    "tone": TONE,
    "mood": replace(TONE, optional=True),
    "tags": Kind("list", item=TEXT),
    "labels": Kind("list", optional=True, item=TEXT),
    "amounts": Kind("list", item=NUMBER),
    "ticket": TICKET,
    "owner": replace(OWNER, optional=True),
    "rows": Kind("list", item=ROW),
    "tickets": Kind("list", optional=True, item=TICKET),
}
_FILTERS: Mapping[str, Sequence[tuple[str, Kind]]] = {
    "string": (
        ("upper", TEXT),
        ("trim", TEXT),
        ("length", WHOLE),
        ("replace('a', 'b')", TEXT),
        ("truncate(9)", TEXT),
    ),
    "number": (("abs", NUMBER), ("round(1)", NUMBER), ("int", WHOLE), ("string", TEXT)),
    "integer": (("abs", WHOLE), ("float", NUMBER), ("string", TEXT)),
    "boolean": (("string", TEXT), ("int", WHOLE)),
    "enum": (("upper", TEXT), ("length", WHOLE)),
    "object": (("json", TEXT), ("length", WHOLE)),
}
_DEPTH = 3
_WRONG = 0.015
"""How often a name, a field or a filter is a wrong one."""


def random_file(random: Random) -> str:
    """The text of one ``.prompt.j2`` file."""
    names = random.sample(sorted(INPUTS), random.randint(2, 6))
    inputs = {name: INPUTS[name] for name in names}
    lines = ["---", "input:", "  schema:"]
    for name, kind in inputs.items():
        lines += _declared(name, kind, 4)
    writer = Writer(random, inputs)
    above = writer.macro() if random.random() < 0.3 else []
    body = writer.block(dict(inputs), _DEPTH)
    return "\n".join([*lines, "---", *above, "{% user %}", "Go on.", *body, "{% enduser %}", ""])


def _declared(name: str, kind: Kind, indent: int) -> list[str]:
    blanks, mark = " " * indent, "?" if kind.optional else ""
    if kind.name == "enum":
        return [f"{blanks}{name}{mark}(enum): [calm, warm]"]
    if kind.name == "object":
        inner = [line for key, part in kind.fields.items() for line in _declared(key, part, indent + 2)]
        return [f"{blanks}{name}{mark}(object):", *inner]
    if kind.name == "list" and kind.item is not None:
        if kind.item.fields:
            inner = [
                line for key, part in kind.item.fields.items() for line in _declared(key, part, indent + 2)
            ]
            return [f"{blanks}{name}{mark}(array):", *inner]
        return [f"{blanks}{name}{mark}(array): {kind.item.name}"]
    return [f"{blanks}{name}{mark}: {kind.name}"]


class Writer:
    """Writes statements and expressions over names whose kinds it knows.

    Args:
        random: Draws.
        inputs: The inputs, which stay the same.
    """

    def __init__(self, random: Random, inputs: Mapping[str, Kind]) -> None:
        self._random = random
        self._inputs = inputs
        self._made = 0
        self._macros: list[str] = []

    def macro(self) -> list[str]:
        """A macro of one or two arguments; :meth:`block` may call it."""
        name = self._new("m")
        self._macros.append(name)
        default = self._random.choice(["", "='x'", "=none"])
        inner = self._random.choice(
            ["{{ a }} {{ b }}", "{% if b %}{{ b | upper }}{% endif %}{{ a }}", "{{ a | length }}"]
        )
        return [f"{{% macro {name}(a, b{default}) %}}{inner}{{% endmacro %}}"]

    def block(self, scope: dict[str, Kind], depth: int) -> list[str]:
        """Statements that follow one another; what they set is in scope for those behind them."""
        lines: list[str] = []
        for _ in range(self._random.randint(1, 3)):
            lines += self._statement(scope, depth)
        return lines

    def _statement(self, scope: dict[str, Kind], depth: int) -> list[str]:
        draw = self._random.random()
        if depth == 0 or draw < 0.35:
            return [f"- {{{{ {self._expression(scope)[0]} }}}}"]
        if draw < 0.55:
            return self._if(scope, depth)
        if draw < 0.75:
            return self._for(scope, depth)
        if draw < 0.87:
            name = self._random.choice([self._new("v"), "kept", *self._inputs])
            text, kind = self._expression(scope)
            scope[name] = kind
            return [f"{{% set {name} = {text} %}}"]
        if draw < 0.93 and self._macros:
            given = [self._expression(scope)[0] for _ in range(self._random.choice([1, 2, 2, 3]))]
            return [f"{{{{ {self._random.choice(self._macros)}({', '.join(given)}) }}}}"]
        if draw < 0.97:
            name, (text, kind) = self._new("w"), self._expression(scope)
            return [
                f"{{% with {name} = {text} %}}",
                *self.block({**scope, name: kind}, depth - 1),
                "{% endwith %}",
            ]
        return ["{% filter upper %}", *self.block(dict(scope), depth - 1), "{% endfilter %}"]

    def _if(self, scope: dict[str, Kind], depth: int) -> list[str]:
        text, kind = self._place(scope)
        other = self._place(scope)[0]
        tests = [text, f"not {text}", f"{text} is not none", f"{text} and {other}", f"{text} or {other}"]
        if kind.name in ("number", "integer"):
            tests.append(f"{text} > 3")
        if kind.name == "enum":
            tests.append(f"{text} == 'calm'")
        # What a branch sets may be read behind it: that is for check to find.
        lines = [f"{{% if {self._random.choice(tests)} %}}", *self.block(scope, depth - 1)]
        if self._random.random() < 0.4:
            lines += ["{% else %}", *self.block(scope, depth - 1)]
        return [*lines, "{% endif %}"]

    def _for(self, scope: dict[str, Kind], depth: int) -> list[str]:
        lists = [found for found in (self._place(scope) for _ in range(12)) if found[1].name == "list"]
        text, kind = self._random.choice(lists) if lists else self._place(scope)
        name = self._new("i")
        inner = {**scope, name: kind.item or TEXT}
        over = f"({text} or [])" if kind.optional and self._random.random() < 0.6 else text
        if self._random.random() < 0.2:
            over += f" if {name}"
        lines = [f"{{% for {name} in {over} %}}", *self.block(inner, depth - 1)]
        if self._random.random() < 0.2:
            lines.append("{{ loop.index }} {{ loop.first }}")
        if self._random.random() < 0.2:
            lines += ["{% else %}", "nothing"]
        return [*lines, "{% endfor %}"]

    def _expression(self, scope: Mapping[str, Kind]) -> tuple[str, Kind]:
        text, kind = self._place(scope)
        draw = self._random.random()
        if draw < 0.4:
            return text, kind
        if draw < 0.5 and kind.optional:
            return f"({text} | default('x'))", TEXT
        if draw < 0.55:
            other, its = self._place(scope)
            return f"({text} if {other} else {other})", kind if kind == its else TEXT
        if draw < 0.62:
            return f"({text} ~ '!')", TEXT
        if draw < 0.68 and kind.name in ("number", "integer"):
            other = self._random.choice(
                [candidate for candidate, its in scope.items() if its.name == kind.name] or ["2"]
            )
            return f"({text} {self._random.choice('+-*')} {other})", NUMBER
        return self._filtered(text, kind)

    def _filtered(self, text: str, kind: Kind) -> tuple[str, Kind]:
        if kind.name == "list":
            item = kind.item or TEXT
            ways = [
                ("length", WHOLE),
                ("list", kind),
                ("reverse | list", kind),
                ("first", item),
                ("last", item),
            ]
            if item.fields:
                key = self._random.choice([*item.fields, "nmae"] if self._wrong() else [*item.fields])
                ways += [(f"map(attribute='{key}') | list", Kind("list", item=item.fields.get(key, TEXT)))]
                ways += [(f"selectattr('{key}') | list", kind), (f"sort(attribute='{key}')", kind)]
            else:
                ways += [("join(', ')", TEXT), ("sort", kind), ("unique | list", kind)]
                ways += [("sum", NUMBER), ("max", item)] if item.name == "number" else []
        else:
            ways = list(_FILTERS.get(kind.name, (("string", TEXT),)))
        if self._wrong():
            ways = [("uper", TEXT), ("sum", NUMBER), ("join", TEXT), ("items", TEXT)]
        name, made = self._random.choice(ways)
        return f"({text} | {name})", made

    def _place(self, scope: Mapping[str, Kind]) -> tuple[str, Kind]:
        """A name, and some way into it."""
        name = self._random.choice(sorted(scope))
        text, kind = name, scope[name]
        if self._wrong():
            return self._random.choice([f"{name}s", "nobody", "kept"]), TEXT
        while kind.name in ("object", "list") and self._random.random() < 0.7:
            if kind.name == "object" and kind.fields:
                key = self._random.choice(sorted(kind.fields))
                text, kind = f"{text}.{key}{'x' if self._wrong() else ''}", kind.fields[key]
            elif kind.name == "list" and kind.item is not None and self._random.random() < 0.3:
                text, kind = f"{text}[0]", kind.item
            else:
                break
        return text, kind

    def _wrong(self) -> bool:
        return self._random.random() < _WRONG

    def _new(self, letter: str) -> str:
        self._made += 1
        return f"{letter}{self._made}"
