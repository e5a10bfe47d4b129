"""The type checker: what it finds in texts, where, and what it lets pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptkit.checks import Finding
from promptkit.libraries import check_file

INPUTS = """\
---
input:
  schema:
    ticket(object):
      subject: string
      body?: string
      tags?(array): string
    items(array):
      name: string
      price?: number
      kind(enum): [new, used]
    tone(enum): [calm, warm]
    note?: string
    count: integer
    paid: boolean
    photo?: image
    names(array): string
    history?: messages
    sender?(object):
      name: string
      address?(object):
        town: string
---
"""


def found(folder: Path, text: str, *, inputs: str = INPUTS) -> list[Finding]:
    path = folder / "t.prompt.j2"
    path.write_text(f"{inputs}{{% user %}}\n{text}\n{{% enduser %}}\n")
    return [finding for finding in check_file(path).findings if finding.severity == "error"]


FAULTY = [
    ("{{ ticket.subjct }}", "undefined-field", "subjct", "did you mean subject?"),
    ("{{ ticket['subjct'] }}", "undefined-field", "subjct", "it has body, subject, tags"),
    ("{{ tone.label }}", "undefined-field", "label", "tone is text and has no field label"),
    ("{{ count.real }}", "undefined-field", "real", "count is a number"),
    ("{{ names.length }}", "undefined-field", "length", "names is a list"),
    ("{% for i in items %}{{ i.nmae }}{% endfor %}", "undefined-field", "nmae", "items[] is an object"),
    ("{% for i in items %}{{ loop.idx }}{% endfor %}", "undefined-field", "idx", "did you mean index?"),
    ("{{ items[0].nmae }}", "undefined-field", "nmae", "did you mean name?"),
    ("{{ (items | first).nmae }}", "undefined-field", "nmae", "did you mean name?"),
    ("{{ items | map(attribute='nmae') | join }}", "undefined-field", "nmae", "did you mean name?"),
    ("{{ items | sort(attribute='cost') | length }}", "undefined-field", "cost", "it has kind, name, price"),
    ("{{ items | selectattr('usd') | list }}", "undefined-field", "usd", "items[] is an object"),
    ("{% for i in (items or []) %}{{ i.nmae }}{% endfor %}", "undefined-field", "nmae", "did you mean name?"),
    (
        "{% for i in (items if paid else []) %}{{ i.nmae }}{% endfor %}",
        "undefined-field",
        "nmae",
        "did you mean name?",
    ),
    (
        "{% for n in names or ['Ann'] %}{{ n.nmae }}{% endfor %}",
        "undefined-field",
        "nmae",
        "has no field nmae",
    ),
    (
        "{% if paid %}{% set them = items %}{% else %}{% set them = [] %}{% endif %}{% for i in them %}{{ i.nmae }}{% endfor %}",
        "undefined-field",
        "nmae",
        "did you mean name?",
    ),
    ("{% set i = items[0] %}{{ i.nmae }}", "undefined-field", "nmae", "did you mean name?"),
    ("{% with i = ticket %}{{ i.nmae }}{% endwith %}", "undefined-field", "nmae", "ticket is an object"),
    ("{% for m in history %}{{ m.contents }}{% endfor %}", "undefined-field", "contents", "a message"),
    ("{% if photo %}{{ photo.size }}{% endif %}", "undefined-field", "size", "photo is an image"),
    ("{{ note.upper() }}", "unguarded-optional", "upper", "note may be None, and None has no field upper"),
    ("{{ note | length }}", "unguarded-optional", "note", "the filter length needs"),
    ("{{ note[0] }}", "unguarded-optional", "note", "None has no items"),
    ("{{ note[1:] }}", "unguarded-optional", "note", "None cannot be sliced"),
    ("{{ note + '!' }}", "unguarded-optional", "note", "None cannot be added"),
    ("{% if items[0].price > 3 %}x{% endif %}", "unguarded-optional", "price", "None has no order"),
    ("{{ items[0].price * 2 }}", "unguarded-optional", "price", "* needs numbers"),
    ("{{ -items[0].price }}", "unguarded-optional", "price", "it needs a number"),
    ("{% if items[0].price is even %}x{% endif %}", "unguarded-optional", "price", "`is even`"),
    ("{{ sender.name }}", "unguarded-optional", "name", "ask {% if sender %} first"),
    ("{{ sender.address.town | default('x') }}", "unguarded-optional", "address", "sender may be None"),
    ("{{ sender.nmae | default('x') }}", "undefined-field", "nmae", "did you mean name?"),
    ("{{ (sender.name | upper) | default('x') }}", "unguarded-optional", "name", "sender may be None"),
    ("{% if 'a' in note %}x{% endif %}", "unguarded-optional", "note", "None holds nothing"),
    ("{% if sender %}{{ sender.address.town }}{% endif %}", "unguarded-optional", "town", "sender.address"),
    ("{% if not note %}{{ note.upper() }}{% endif %}", "unguarded-optional", "upper", "note may be None"),
    ("{% if note or paid %}{{ note.upper() }}{% endif %}", "unguarded-optional", "upper", "note may be"),
    ("{% if note is none %}{{ note | length }}{% endif %}", "unguarded-optional", "note", "note may be"),
    ("{% if note is defined %}{{ note | length }}{% endif %}", "unguarded-optional", "note", "note may"),
    ("{% for c in ticket.subject %}{{ c }}{% endfor %}", "loop-over-scalar", "subject", "x.split"),
    ("{% for c in count %}{{ c }}{% endfor %}", "loop-over-scalar", "count", "count is a number"),
    ("{% if tone == 'hot' %}x{% endif %}", "impossible-comparison", "tone", "it is one of calm, warm"),
    ("{% if tone != 'clam' %}x{% endif %}", "impossible-comparison", "tone", "did you mean calm?"),
    ("{% if 'hot' == tone %}x{% endif %}", "impossible-comparison", None, "tone is never 'hot'"),
    ("{% if tone in ['calm', 'hot'] %}x{% endif %}", "impossible-comparison", "tone", "never 'hot'"),
    ("{{ 'x' if items[0].kind == 'old' else 'y' }}", "impossible-comparison", "kind", "new, used"),
    ("{% if count == '3' %}x{% endif %}", "impossible-comparison", "count", "never equals text"),
    ("{% if tone in count %}x{% endif %}", "operand-type", "tone", "`in` looks into a list"),
    ("{% if count < 'a' %}x{% endif %}", "operand-type", "count", "have no order"),
    ("{{ count + 'a' }}", "operand-type", "count", "join texts with ~"),
    ("{{ tone * tone }}", "operand-type", "tone", "* needs numbers"),
    ("{{ count | join }}", "operand-type", "join", "the filter join needs a list"),
    ("{{ ticket.subject | join(', ') }}", "operand-type", "join", "ticket.subject is text"),
    ("{{ photo | upper }}", "operand-type", "upper", "photo is an image"),
    ("{{ ticket() }}", "operand-type", "ticket", "leave the parentheses out"),
    ("{{ range }}", "operand-type", None, "call it with ( )"),
    ("{% if tone is odd %}x{% endif %}", "operand-type", "odd", "needs a number"),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "macro-arguments", "m", "without a"),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "macro-arguments", "m", "it takes (a)"),
    (
        "{% macro m(text) %}{{ text }}{% endmacro %}{{ m(txt=1) }}",
        "macro-arguments",
        "m",
        "did you mean text?",
    ),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=1) }}", "macro-arguments", "m", "given a twice"),
    ("{% macro m(i) %}{{ i.nmae }}{% endmacro %}{{ m(items[0]) }}", "undefined-field", "nmae", "name?"),
    ("{% macro m(i=ticket) %}{{ i.nmae }}{% endmacro %}{{ m() }}", "undefined-field", "nmae", "ticket is"),
    ("{% macro m() %}{{ ticket.nmae }}{% endmacro %}x", "undefined-field", "nmae", "ticket is"),
    (
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ tone.x }}{% endcall %}",
        "undefined-field",
        "x",
        "",
    ),
    ("{% filter upper %}{{ tone.x }}{% endfilter %}", "undefined-field", "x", "tone is text"),
    ("{% for i in items %}{{ i.name }}{% endfor %}{{ i }}", "unset-name", "i", "a block that has ended"),
    ("{% for i in items %}{% set z = i.name %}{% endfor %}{{ z }}", "unset-name", "z", "z has no value"),
    ("{% with z = tone %}{{ z }}{% endwith %}{{ z ~ '!' }}", "unset-name", "z", "z has no value here"),
    ("{{ z }}{% set z = tone %}", "unset-name", "z", "it is set later"),
    ("{% macro m(z) %}{{ z }}{% endmacro %}{{ m(tone) }}{{ z }}", "unset-name", "z", "z has no value"),
    ("{% filter replace('a') | upper %}b{% endfilter %}", "filter-arguments", "replace", "'new'"),
    ("{% set t | replace('a') %}b{% endset %}{{ t }}", "filter-arguments", "replace", "'new'"),
    ("{% set t | join(tone) %}b{% endset %}{{ t }}", "operand-type", "join", "needs a list"),
    ("{{ tone | replace('a') }}", "filter-arguments", "replace", "it takes (old, new, count=-1)"),
    ("{{ tone | truncate('a') }}", "filter-arguments", "truncate", "a number as length, and is given text"),
    ("{{ tone | upper(1) }}", "filter-arguments", "upper", "too many positional arguments; it takes ()"),
    ("{{ names | map('replace', 'a') | join }}", "filter-arguments", "map", "the filter replace"),
    ("{{ names | select('divisibleby') | join }}", "filter-arguments", "select", "the test divisibleby"),
    ("{% if count is divisibleby %}x{% endif %}", "filter-arguments", "divisibleby", "'num'"),
    ("{% if count is divisibleby(tone) %}x{% endif %}", "filter-arguments", "divisibleby", "given text"),
    (
        "{% if count is divisibleby(items[0].price) %}x{% endif %}",
        "filter-arguments",
        "divisibleby",
        "may be None",
    ),
    ("{{ tone.split(1) | join }}", "filter-arguments", "split", "split needs text, and is given a number"),
    ("{{ tone.strip('a', 'b') }}", "filter-arguments", "strip", "strip takes 0 to 1 argument, and 2"),
    ("{{ tone.title(1) }}", "filter-arguments", "title", "title takes no arguments, and 1 are given"),
    ("{{ range(tone) | join }}", "filter-arguments", "range", "range needs a number"),
    ("{{ range() | join }}", "filter-arguments", "range", "range takes 1 to 3 arguments, and 0 are given"),
    ("{{ names | sum }}", "operand-type", "names", "names[] is text, and the filter sum needs numbers"),
    (
        "{{ items | sort | length }}",
        "operand-type",
        "items",
        "the filter sort needs items that have an order",
    ),
    ("{{ items | unique | length }}", "operand-type", "items", "the filter unique needs texts or numbers"),
    ("{{ items | sum(attribute='price') }}", "unguarded-optional", "price", "select or selectattr first"),
    ("{{ (names | map('upper'))[0] }}", "operand-type", "names", "put the filter list behind it first"),
    ("{{ names + (names | unique) }}", "operand-type", "names", "can only be gone through here"),
    ("{{ -tone }}", "operand-type", "tone", "- needs a number, and tone is text"),
    ("{% if 3 in tone %}x{% endif %}", "operand-type", None, "`in` looks for text in text"),
    ("{% if note in tone %}x{% endif %}", "unguarded-optional", "note", "text holds no None"),
    ("{{ (sender | default(sender)).name }}", "unguarded-optional", "name", "sender may be None"),
    ("{{ (ticket if paid else sender).name }}", "unguarded-optional", "name", "may be None"),
    (
        "{% set x = none %}{% if paid %}{% set x = ticket %}{% endif %}{{ x.subject }}",
        "unguarded-optional",
        "subject",
        "x may be None",
    ),
    (
        "{% if note in ['a', none] %}{{ note.upper() }}{% endif %}",
        "unguarded-optional",
        "upper",
        "note may be",
    ),
    (
        "{% for a in items %}{% if a.price %}{% for b in items %}{{ -b.price }}{% endfor %}{% endif %}{% endfor %}",
        "unguarded-optional",
        "price",
        "may be None",
    ),
    ("{% if items[0].price %}{{ -items[1].price }}{% endif %}", "unguarded-optional", "price", "may be None"),
    (
        "{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call m(b=1) %}x{% endcall %}",
        "macro-arguments",
        "m",
        "no parameter b",
    ),
    (
        "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}",
        "macro-arguments",
        "m",
        "no {{ caller() }}",
    ),
    (
        "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
        "macro-arguments",
        "caller",
        "without {% call %}",
    ),
    ("{% set ns = namespace(a=1) %}{{ ns.b }}", "undefined-field", "b", "the namespace has no field b"),
    ("{% set ns = ticket %}{% set ns.b = 1 %}", "operand-type", "ns", "on a namespace alone"),
    ("{% set ns = ticket %}{% set ns.b %}x{% endset %}", "operand-type", "ns", "on a namespace alone"),
    ("{% set t %}{{ tone.x }}{% endset %}{{ t }}", "undefined-field", "x", "tone is text"),
    ("{{ [tone.x, 1] | first }}", "undefined-field", "x", "tone is text"),
    ("{{ {'a': tone.x} }}", "undefined-field", "x", "tone is text"),
    ("{{ tone ~ tone.x }}", "undefined-field", "x", "tone is text"),
]


@pytest.mark.parametrize(("text", "rule", "word", "told"), FAULTY, ids=[text for text, *_ in FAULTY])
def test_what_cannot_be_right_is_one_finding_at_its_word(
    tmp_path: Path, text: str, rule: str, word: str | None, told: str
) -> None:
    (finding,) = found(tmp_path, text)

    assert finding.rule == rule
    assert told in finding.message
    line = (tmp_path / "t.prompt.j2").read_text().splitlines()[(finding.line or 0) - 1]
    assert line == text
    shown = line[finding.column - 1 : finding.column - 1 + finding.width] if finding.column else None
    assert shown == word


@pytest.mark.parametrize(
    "text",
    [
        "{{ ticket.subject }} {{ ticket['body'] }} {{ ticket.get('x') }} {{ ticket.items() | list }}",
        "{% if note %}{{ note.upper() }}{% endif %}",
        "{% if note is not none %}{{ note | length }}{% endif %}",
        "{% if note is none %}x{% else %}{{ note | length }}{% endif %}",
        "{% if note == none %}x{% elif paid %}{{ note | length }}{% endif %}",
        "{% if not note %}x{% else %}{{ note | length }}{% endif %}",
        "{% if note and note | length > 3 %}x{% endif %}",
        "{% if not note or note | length > 3 %}x{% endif %}",
        "{% if note is string %}{{ note | length }}{% endif %}",
        "{% if note == 'x' %}{{ note | length }}{% endif %}",
        "{{ note | length if note else 0 }}",
        "{{ (note or 'none').upper() }}",
        "{{ (note | default('none')).upper() }}",
        "{{ note | default(names) | upper }}",
        "{{ sender.name | default('x') }}{{ sender['name'] | d('x') }}{% if sender.name is defined %}x{% endif %}",
        "{% if note and 'a' in note %}x{% endif %}",
        "{% if sender and sender.address %}{{ sender.address.town }}{% endif %}",
        "{% for i in items if i.price %}{{ i.price + 1 }}{% endfor %}",
        "{% for i in items %}{% if i.price %}{{ i.price + 1 }}{% endif %}{% endfor %}",
        "{% for t in ticket.tags %}{{ t }}{% endfor %}",
        "{% for k, v in ticket.items() %}{{ k }} {{ v.x }}{% endfor %}",
        "{% for name in ticket %}{{ name }}{% endfor %}",
        "{% for n in names | sort %}{{ loop.index }}{{ loop.length }}{{ n.upper() }}{% else %}none{% endfor %}",
        "{% for n in range(count) %}{{ n + 1 }}{% endfor %}",
        "{% for p in ticket.subject.split(',') %}{{ p.strip() }}{% endfor %}",
        "{{ tone in ['calm', 'warm'] }}{{ 'a' in ticket.subject }}{{ 'a' in names }}{{ 'a' in ticket }}",
        "{% if tone == 'calm' %}x{% elif tone == 'warm' %}y{% endif %}",
        "{% set kind = 'x' if paid else 'y' %}{% if kind == 'z' %}x{% endif %}",
        "{{ count + 1 }}{{ count / 2 }}{{ '-' * count }}{{ names + names }}{{ 'a' + tone }}",
        "{{ names | join(', ') | upper | truncate(10) }}{{ names | length + 1 }}",
        "{{ items | map(attribute='name') | join(', ') }}{{ items | groupby('kind') | list }}",
        "{{ items | selectattr('kind', 'eq', 'new') | map(attribute='name') | first | upper }}",
        "{{ items | selectattr('price') | sum(attribute='price') }}{{ items | sum(attribute='price', start=note) }}",
        "{{ (items | rejectattr('price', 'none') | max(attribute='price')).name }}",
        "{{ items | map(attribute='price') | select | sum }}{{ names | map('length') | sum }}",
        "{% set ns = namespace(n=0) %}{% for i in items %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
        "{% if paid %}{% set x = 1 %}{% else %}{% set x = 'a' %}{% endif %}{{ x }}",
        "{% if paid %}{% set x = ticket %}{% endif %}{{ x.subject }}",
        "{% for i in items %}{{ i.name }}{% endfor %}{{ i is defined }}{{ i | default('x') }}",
        "{% macro m() %}{{ z }}{% endmacro %}{% set z = 1 %}{{ m() }}",
        "{% if paid %}{% macro m() %}x{% endmacro %}{% endif %}{% if paid %}{{ m() }}{% endif %}",
        "{% macro m(a, b='x') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, b=2, c=3) }}",
        "{% macro m(a) %}{% if a %}{{ m(a - 1) }}{% endif %}{% endmacro %}{{ m(count) }}",
        "{% macro m(a) %}{{ caller() }}{{ a }}{% endmacro %}{% call m(1) %}x{% endcall %}",
        "{% set t %}{{ tone }}{% endset %}{{ t | upper }}{% filter upper %}{{ t }}{% endfilter %}",
        "{% if photo %}{{ photo }}{{ photo.media_type }}{% endif %}",
        "{% for m in history %}{{ m.role }}: {{ m.text }}{% endfor %}",
        "{{ 3 is odd }}{{ count is even }}{{ count is divisibleby(2) }}{{ paid == 1 }}",
        "{{ [1, 'a'] | first }}{{ (1, 2) | last }}",
        "{% raw %}{{ nothing.x }}{% endraw %}{# {{ nothing.x }} #}",
        "{{ 'x' if paid }}{{ 1 < count < 3 }}{{ count in [1, 2] }}{{ tone not in ['calm'] }}",
        "{% if 1 < count < 3 %}x{% elif tone in names %}y{% elif note in [none] %}z{% endif %}",
        "{% with a = 1, b = names %}{{ a + 1 }}{{ b | first }}{% endwith %}",
        "{{ count | float + 1.5 }}{{ '3' | int + 1 }}{{ -count }}{{ +count }}{{ not paid }}",
        "{% set t | replace('a', tone) | upper %}b{% endset %}{{ t }}",
        "{% set ns = namespace() %}{% set ns.a | upper %}x{% endset %}{{ ns.a }}{% set ns = namespace({'b': 1}) %}{{ ns.b }}",
        "{% if note | default('') %}{{ note.upper() }}{% endif %}{% if note | trim | length > 0 %}{{ note.upper() }}{% endif %}",
        "{% if note or '' %}{{ note.upper() }}{% endif %}{% if note in ['a', 'b'] %}{{ note.upper() }}{% endif %}",
        "{% macro m() %}{{ sender.name }}{% endmacro %}{% if sender %}{{ m() }}{% endif %}",
        "{% macro m() %}{% if caller is defined %}{{ caller() }}{% endif %}{% endmacro %}{{ m() }}{% call m() %}x{% endcall %}",
        "{% set x = none %}{% if paid %}{% set x = ticket %}{% endif %}{% if x %}{{ x.subject }}{% endif %}",
        "{% for t in ticket.tags %}{{ ticket.tags | length }}{% endfor %}{{ tone | list | join('.') }}",
        "{% if items[0].price %}{{ -items[0].price }}{% endif %}{% if items[count].price %}{{ -items[count].price }}{% endif %}",
        "{{ (ticket if paid else items[0]).price }}{{ (none or ticket).subject }}{{ (none | default(ticket)).subject }}",
        "{{ tone.split(none) | last }}{{ '3' | int(none) }}{{ tone | truncate(*[3]) }}{{ tone.split(sep=',') | last }}",
        "{% set t = ticket %}{% if t.body %}{{ t.body | length }}{% endif %}",
    ],
)
def test_what_can_be_right_is_passed(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ tone }}{{ m() }}", [51]),
        ("{{ items[0].kind }}{{ items[0].price * 2 }}{{ ticket.price }}", [54, 32]),
        ("{{ items[0].name }}{{ sender.name }}", [30]),
        ("{{ tone }}: {{ count }} tone {{ tone.x }}", [38]),
        ("{% for a in items %}{{ a.name }}{{ a.nmae.name }}{{ a['nmae'] }}{% endfor %}", [38, 56]),
    ],
)
def test_of_several_places_with_one_word_the_right_one_is_marked(
    tmp_path: Path, text: str, columns: list[int]
) -> None:
    assert sorted(finding.column or 0 for finding in found(tmp_path, text)) == sorted(columns)


@pytest.mark.parametrize(
    ("text", "rule", "word"),
    [
        ("{{ tone | uper }}", "unknown-filter", "uper"),
        ("{% if tone is odddd %}x{% endif %}", "unknown-test", "odddd"),
        ("{{ tone }} {% include 'nowhere' %}", "include", "nowhere"),
        ("{{ context.nothing }}", "undefined-name", "nothing"),
        ("{{ names | map('uper') | list }}", "unknown-filter", "uper"),
        ("{{ names | selectattr('a', 'evn') | list }}", "unknown-test", "evn"),
        ("{% user %}x{% enduser %}", "template", "user"),
        ("{% set clarity = 1 %}", "template", "clarity"),
        ("{% for a in names recursive %}x{% endfor %}", "template", "recursive"),
        ("{% include 'a' ignore missing %}", "template", "ignore"),
        ("{% include tone %}", "template", "tone"),
        ("{% extends 'a' %}", "template", "extends"),
        ("{% autoescape true %}x{% endautoescape %}", "template", "autoescape"),
    ],
)
def test_what_keeps_a_file_from_loading_is_marked_as_well(
    tmp_path: Path, text: str, rule: str, word: str
) -> None:
    (finding,) = found(tmp_path, text)

    assert finding.rule == rule
    assert finding.column is not None
    assert text[finding.column - 1 :].startswith(word)
    assert finding.width == len(word)


def warned(folder: Path, text: str, rule: str) -> list[int | None]:
    path = folder / "t.prompt.j2"
    path.write_text(f"{INPUTS}{{% user %}}\n{text}\n{{% enduser %}}\n")
    return [finding.column for finding in check_file(path).findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("{% if paid %}{% set x = 1 %}{% endif %}{{ x }}", [43]),
        ("{% if paid %}{% set x = 1 %}{% elif count %}{% set x = 2 %}{% endif %}{{ x }}", [74]),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if count %}{% set x = 2 %}{% endif %}{{ x }}", [83]),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if count %}{{ x }}{% endif %}", [57]),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if paid %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if count and paid %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% else %}{% set x = 1 %}{% endif %}{% if not paid %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% else %}{% set x = 1 %}{% endif %}{% if paid %}{% else %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if not (count or not paid) %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if x is defined %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% if x is undefined %}{% else %}{{ x }}{% endif %}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{{ x | default(2) }}", []),
        ("{% if paid %}{% set x = 1 %}{% endif %}{% set x = 2 %}{{ x }}", []),
        ("{% if paid %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", []),
    ],
)
def test_a_name_that_some_ways_leave_unset_is_a_warning_where_it_is_read(
    tmp_path: Path, text: str, columns: list[int]
) -> None:
    assert warned(tmp_path, text, "unsure-name") == columns


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("{{ names[0] }}{{ names | first }}{{ (items | last).name }}{{ names | max }}", [4, 18, 38, 62]),
        ("{{ names | map('upper') | first }}{{ (items | selectattr('price') | first).name }}", [4, 39]),
        ("{% if ticket.tags is not none %}{{ ticket.tags[0] }}{% endif %}", [43]),
        ("{% if names %}{{ names[0] }}{{ names | map('upper') | first }}{% endif %}", []),
        ("{% if names and names[0] %}{{ names | last }}{% endif %}", []),
        ("{% if names | length > 1 %}{{ names[1] }}{% endif %}", []),
        ("{% if names | length >= 1 %}{{ names[0] }}{% endif %}", []),
        ("{% for n in names %}{% if n == names[0] %}x{% endif %}{% endfor %}", []),
        ("{% if ticket.tags %}{{ ticket.tags[0] }}{% endif %}{{ ['a'][0] }}", []),
        ("{{ names[0] | default('x') }}{{ tone.split(',')[0] }}", []),
        ("{{ (names or ['a'])[0] }}{{ (names if names else ['a']) | first }}", []),
        ("{{ (names or []) | first }}", [5]),
        ("{% if paid %}{% set names = names | reverse | list %}{% endif %}{{ names | first }}", [68]),
    ],
)
def test_an_item_of_a_list_that_may_be_empty_is_a_warning(
    tmp_path: Path, text: str, columns: list[int]
) -> None:
    assert warned(tmp_path, text, "empty-list") == columns


def test_what_a_namespace_is_given_keeps_its_label(tmp_path: Path) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(
        "---\ninput:\n  schema:\n    note: string\n---\n{% set ns = namespace(a=1) %}{% set ns.a = note %}"
        "{% system %}{{ ns.a }}{% endsystem %}{% user %}Sort it.{% enduser %}"
    )

    assert "untrusted-system" in {finding.rule for finding in check_file(path).findings}


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("ab {{ tone | }} {{ tone }}", 14, "Jinja expected token 'name'"),
        ("{{ tone }} {{ a.b.(c) }} ) (", 19, "expected name or number"),
        ("{{ tone }} {{ 1 +* 2 }}", 18, "unexpected '*'"),
        ("{{ tone }} {{ ` }}", 15, "unexpected char '`', which means nothing in an expression"),
        ('{{ tone }} {{ "abc }}', 15, "a text in quotes begins here and does not end"),
        ("{{ tone }} {{ 'abc }}", 15, "a text in quotes begins here and does not end"),
        ("{{ tone[ }}", 10, "a bracket is still open here and got '}'; close it with ']'"),
        ("{{ tone }} {{ tone }", 20, "an expression ends in one brace"),
        ("{{ tone }} {% fr x in names %}", 15, "unknown tag fr (did you mean for?)"),
        ("{# {{ #}{% raw %}{{{% endraw %}{% for x y %}", 41, "'in'"),
        ("{{ tone }} {# never", 12, "Missing end of comment tag"),
        ("{% if tone %}a", 4, "the block {% if %} is still open"),
        ("{{ tone", 1, "an expression is not closed"),
        ("{% %} {{ tone }}", 4, "tag name expected"),
        ("{{ tone }} {{}}", 14, "Expected an expression"),
    ],
)
def test_what_is_no_jinja_is_marked_where_it_ends_to_be(
    tmp_path: Path, text: str, column: int, told: str
) -> None:
    (finding,) = found(tmp_path, text)

    assert finding.rule == "template"
    assert told in finding.message
    assert finding.column == column


def test_a_fragment_that_is_wrong_from_its_start_is_marked_there(tmp_path: Path) -> None:
    (tmp_path / "part.md").write_text("\n{# never")

    (finding,) = found(tmp_path, '{% include "part" %}')

    assert (Path(finding.file).name, finding.line, finding.column) == ("part.md", 2, 1)


def test_in_a_yaml_document_the_column_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.prompt.yaml"
    path.write_text(
        "template: |\n    {% user %}\n    ab {{ x | }}\n    {% enduser %}\nclarity:\n  task: Sort {{ x | }}.\n"
    )

    (finding,) = check_file(path).findings

    assert (finding.line, finding.column) == (3, 15)
    path.write_text("clarity:\n  task: Sort {{ x | }}.\n")
    (finding,) = check_file(path).findings
    assert (finding.line, finding.column) == (2, None)


def test_all_undefined_names_are_told_at_once_with_the_nearest_input(tmp_path: Path) -> None:
    first, second = found(tmp_path, "{{ conut }}\n{{ tune }}")

    assert (first.line, first.column, first.width) == (25, 4, 5)
    assert "did you mean count?" in first.message
    assert (second.line, second.rule) == (26, "undefined-name")
    assert "did you mean tone?" in second.message


def test_sections_are_checked_at_their_own_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(
        INPUTS.removesuffix("---\n") + "clarity:\n  role: >-\n    A helper\n    of {{ ticket.nmae }}\n"
        "  task: Do it for {{ sender.name }}.\n  steps:\n    - Say {{ tone }}.\n    - Say {{ tone.x }}.\n"
        "context:\n  - id: terms\n    text: |\n      One.\n      {{ items[0].y }}\n"
        "constraints:\n  - {id: z, expr: 'output != \"\"', say: 'Not {{ count.z }}.'}\n---\n"
    )

    found = [item for item in check_file(path).findings if item.severity == "error"]

    lines = path.read_text().splitlines()
    assert [
        (item.rule, lines[(item.line or 0) - 1][(item.column or 0) - 1 :][: item.width])
        for item in found
        if item.rule != "untrusted-system"
    ] == [
        ("undefined-field", "nmae"),
        ("unguarded-optional", "name"),
        ("undefined-field", "x"),
        ("undefined-field", "y"),
        ("undefined-field", "z"),
    ]


def test_included_and_imported_files_are_checked_with_what_they_see(tmp_path: Path) -> None:
    (tmp_path / "part.md").write_text("One.\n{{ ticket.nmae }}\n")
    (tmp_path / "macros.j2").write_text(
        "{% macro row(item) %}\n{{ item.cost }}\n{% endmacro %}\n{% macro unused(x) %}{{ x.y }}{% endmacro %}"
    )

    text = (
        '{% include "part" %}{% from "macros" import row %}{% import "macros" as lib %}{{ row(items[0]) }}'
        "{{ lib.row(ticket) }}{{ lib.nothing }}"
    )
    findings = found(tmp_path, text)

    assert {item.rule for item in findings} == {"undefined-field"}
    assert sorted((Path(item.file).name, item.line) for item in findings) == [
        ("macros.j2", 2),
        ("macros.j2", 2),
        ("part.md", 2),
        ("t.prompt.j2", 25),
    ]


def test_an_include_without_end_is_no_endless_walk(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"f{number}.md").write_text('{% include "fN" %}'.replace("N", str(number + 1)) * 2)
    (tmp_path / "f12.md").write_text("{{ tone.x }}")

    assert len(found(tmp_path, '{% include "f0" %}')) <= 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("From: {{ note }}", "'From:'"),
        ("{{ note }} is the note.", "'... is the note.'"),
        ("Notes:\n{{ note }}", "'Notes:'"),
        ("Notes:\n{{ note | upper }}", "'Notes:'"),
    ],
)
def test_an_optional_beside_text_is_a_gap(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(f"{INPUTS}{{% user %}}\n{text}\n{{% enduser %}}\n")

    gaps = [item for item in check_file(path).findings if item.rule == "printed-optional"]

    assert len(gaps) == (0 if "upper" in text else 1)
    assert all(told in item.message for item in gaps)


def test_a_model_in_python_has_its_fields_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shapes_of_test.py").write_text(
        "from pydantic import BaseModel\n\n\nclass Person(BaseModel):\n    name: str\n    boss: 'Person | None' = None\n"
        "\n\nclass Ask(BaseModel):\n    person: Person\n    extra: dict[str, int] = {}\n    either: int | str = 1\n"
    )
    (tmp_path / "promptkit.toml").write_text('models = ["shapes_of_test"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    inputs = "---\ninput:\n  model: shapes_of_test:Ask\n---\n"
    text = (
        "{{ person.nmae }}\n{{ person.boss.name }}\n{% if person.boss %}{{ person.boss.nam }}{% endif %}\n"
        "{{ extra.anything }} {{ either.x }}"
    )

    findings = found(tmp_path, text, inputs=inputs)

    assert [(item.line, item.rule) for item in findings] == [
        (6, "undefined-field"),
        (7, "unguarded-optional"),
        (8, "undefined-field"),
    ]


RAW = """\
---
input:
  schema:
    type: object
    properties:
      level: {enum: [1, 2, 3]}
      flag: {const: true}
      mixed: {enum: [1, a]}
      either: {anyOf: [{type: string}, {type: integer}]}
      open: {type: object, properties: {known: {type: string}}}
      map: {type: object, additionalProperties: {type: array, items: {type: string}}}
      back: {$ref: "#/$defs/node"}
    required: [level, flag, mixed, either, open, map, back]
    $defs:
      node: {type: object, properties: {name: {type: string}, next: {$ref: "#/$defs/node"}}, additionalProperties: false}
---
"""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{{ level == 4 }}", "impossible-comparison"),
        ("{{ level == 'a' }}", "impossible-comparison"),
        ("{{ flag == 'yes' }}", "impossible-comparison"),
        ("{{ map.x.y }}", "undefined-field"),
        ("{{ back.next.name }}", "unguarded-optional"),
        ("{% if back.next %}{{ back.next.nmae }}{% endif %}", "undefined-field"),
        (
            "{{ level == 2 }}{{ mixed == 'b' }}{{ either.x }}{{ open.other }}{% if open.known %}{{ open.known.upper() }}{% endif %}",
            None,
        ),
        ("{{ map.x | first }}{{ map['y'] | join }}{{ map.items() | list }}", None),
        ("{% if back.next and back.next.next %}{{ back.next.next.name }}{% endif %}", None),
    ],
)
def test_raw_json_schema_tells_types_too(tmp_path: Path, text: str, rule: str | None) -> None:
    assert [item.rule for item in found(tmp_path, text, inputs=RAW)] == ([rule] if rule else [])


def test_a_context_block_shows_the_kind_at_its_path(tmp_path: Path) -> None:
    head = (
        INPUTS.removesuffix("---\n")
        + "context: [{id: tag, from: 'ticket.tags[]'}, {id: name, from: 'items[].name'}]\n---\n"
    )
    path = tmp_path / "t.prompt.j2"
    path.write_text(
        f"{head}{{% user %}}\nSort.\nTags: {{{{ context.tag }}}}\nNames: {{{{ context.name }}}}\n{{% enduser %}}\n"
    )

    gaps = [item for item in check_file(path).findings if item.rule == "printed-optional"]

    assert [gap.message.split(" ")[0] for gap in gaps] == ["ticket.tags[]"]


def test_an_import_with_context_sees_the_inputs_and_a_call_block_its_macro(tmp_path: Path) -> None:
    (tmp_path / "macros.j2").write_text("{% macro row() %}{{ tone.x }}{{ caller() }}{% endmacro %}")

    text = (
        '{% import "macros" as lib with context %}{% import "macros" as bare %}{% import "macros" as again %}'
        "{% call lib.row() %}{{ tone.y }}{% endcall %}{% call names.nothing() %}z{% endcall %}"
    )
    findings = found(tmp_path, text)

    assert [(Path(item.file).name, item.message.split(" and has no field ")[1][0]) for item in findings] == [
        ("macros.j2", "x"),
        ("t.prompt.j2", "y"),
        ("t.prompt.j2", "n"),
    ]


@pytest.mark.parametrize(
    ("content", "untrusted"),
    [
        ("{{ ticket.subject | fence }}", False),
        ("{% set t %}{{ ticket.subject | fence }}{% endset %}{{ t }}", False),
        ("{% set t %}{{ ticket.subject | fence }}{% endset %}{{ t | trim | string | default('') }}", False),
        ("{{ [ticket.subject | fence] | join('\n') }}", False),
        ("{{ (ticket.subject | fence) ~ tone }}", False),
        ("{{ (ticket.subject | fence) + '!' }}", False),
        ("{{ [ticket.subject] | map('fence') | first }}", False),
        ("{{ ticket.subject | fence if tone else 'none' }}", False),
        ("{{ ticket.subject | fence | indent }}", False),
        ("{% filter fence %}{{ ticket.subject }}{% endfilter %}", False),
        ("{% call box() %}{{ ticket.subject }}{% endcall %}", False),
        ("{% call(item) each([tone]) %}{{ item }}{% endcall %}", False),
        ("{% call(item) each([ticket.subject | fence]) %}{{ item }}{% endcall %}", False),
        ("{{ many(tone) }}{{ many(a=tone) }}{{ many(*[tone]) }}", False),
        ("{% set ns = namespace(t='') %}{% set ns.t = tone %}{{ ns.t }}", False),
        ("{{ [count, 2] | sum }}", False),
        ("{{ ticket.subject | fence | upper }}", True),
        ("{{ ticket.subject | fence | truncate(20) }}", True),
        ("{{ (ticket.subject | fence)[:20] }}", True),
        ("{{ (ticket.subject | fence).strip() }}", True),
        ("{{ ticket.subject | fence | trim('~') }}", True),
        ("{{ ticket.subject | fence | indent('> ') }}", True),
        ("{{ ticket.subject | fence | reverse }}", True),
        ("{{ [ticket.subject | fence, 'a'] | join }}", True),
        ("{{ (ticket.subject | fence) ~ ticket.subject }}", True),
        ("{{ [ticket.subject] | map('upper') | join }}", True),
        ("{% filter upper %}{{ ticket.subject | fence }}{% endfilter %}", True),
        ("{% if tone %}{% set t = ticket.subject %}{% else %}{% set t = '' %}{% endif %}{{ t }}", True),
        ("{% call(item) each([ticket.subject]) %}{{ item }}{% endcall %}", True),
        ("{% call framed() %}{{ ticket.subject }}{% endcall %}", True),
        ("{{ many(ticket.subject) }}", True),
        ("{{ many(b=ticket.subject) }}", True),
        ("{{ one(*[ticket.subject]) }}", True),
        (
            "{% set ns = namespace(t='') %}{% for i in [1] %}{% set ns.t = ticket.subject %}{% endfor %}{{ ns.t }}",
            True,
        ),
        ("{% set ns = namespace(t=ticket.subject) %}{% set ns.t = '' %}{{ ns.t }}", True),
        ("{% set ns = namespace({'t': ticket.subject}) %}{{ ns.t }}", True),
        ("{{ [ticket.subject] | sum(start='') }}", True),
        ("{{ {'a': ticket.subject}['a'] * 2 }}", True),
        ("{% set c = clarity %}{{ c }}", True),
        ("{{ clarity | trim }}", True),
    ],
)
def test_trust_is_followed_until_a_value_is_fenced_and_as_long_as_it_is(
    tmp_path: Path, content: str, untrusted: bool
) -> None:
    path = tmp_path / "t.prompt.j2"
    said = "clarity:\n  role: For {{ ticket.subject }}.\n---\n" if "clarity" in content else "---\n"
    path.write_text(
        INPUTS.removesuffix("---\n") + said + "{% macro box() %}{{ caller() | fence }}{% endmacro %}\n"
        "{% macro framed() %}[{{ caller() }}]{% endmacro %}\n"
        "{% macro each(list) %}{% for item in list %}{{ caller(item) }}{% endfor %}{% endmacro %}\n"
        "{% macro many() %}{{ varargs }}{{ kwargs }}{% endmacro %}\n"
        "{% macro one(a) %}{{ a }}{% endmacro %}\n"
        "{% system %}\n" + content + "\n{% endsystem %}\n{% user %}\nx\n{% enduser %}\n"
    )

    rules = {item.rule for item in check_file(path).findings if item.severity == "error"}

    assert rules == ({"untrusted-system"} if untrusted else set())


def test_untrusted_values_are_followed_into_sets_macros_and_filter_blocks(tmp_path: Path) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(
        INPUTS + "{% macro m(a) %}<{{ a }}>{% endmacro %}\n{% system %}\nSort.\n"
        "{% set t %}x {{ ticket.subject }}{% endset %}{{ t }}\n"
        "{{ m(ticket.subject) }}\n"
        "{% filter upper %}{{ ticket.subject }}{% endfilter %}\n"
        "{{ 'a ' ~ ticket.subject }}\n"
        "{{ tone }} {{ count }} {{ m(tone) }} {{ ticket.subject | fence }}\n"
        "{% call m(1) %}{{ ticket.subject }}{% endcall %}\n"
        "{% endsystem %}\n{% user %}x{% enduser %}\n"
    )

    untrusted = [item for item in check_file(path).findings if item.rule == "untrusted-system"]

    assert [item.line for item in untrusted] == [27, 28, 29, 30, 32]


@pytest.mark.parametrize(
    ("body", "warned"),
    [
        ("{{ ticket.subject | fence }}\nRULES", True),
        ("RULES\n{{ ticket.subject | fence }}", False),
        ("{{ tone }}\nRULES", False),
        ("{{ ticket.subject | fence }}\nShort.", False),
    ],
)
def test_a_changing_value_before_long_fixed_text_is_told(tmp_path: Path, body: str, warned: bool) -> None:
    path = tmp_path / "t.prompt.j2"
    rules = "Sort by the kind that is named first. " * 8
    path.write_text(
        f"{INPUTS}{{% system %}}\n{body.replace('RULES', rules)}\n{{% endsystem %}}{{% user %}}x{{% enduser %}}\n"
    )

    assert ("unstable-prefix" in {item.rule for item in check_file(path).findings}) is warned
