"""A YAML parser's complaint → what is wrong for the writer of a prompt file, where, and the mended line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from promptkit.authoring.nodes import Place, Source, in_quotes
from promptkit.errors import TemplateError

__all__ = ["DEPTH", "explain", "reference", "too_deep", "unquoted_template"]

DEPTH = 50  # levels of nesting: far above any prompt, far below Python's recursion limit

_KEY = r"""(?:"[^"]*"|'[^']*'|[^\s:'"{\[#][^:#{\[]*?)"""
_LEAD = re.compile(rf"^(?P<lead>\s*(?:- +)*(?:{_KEY}:\s+)?)(?P<value>\S.*)$")
_BRACES = re.compile(r"\{\{|\{%")
_IN_FLOW = re.compile(r"\{\{.*?\}\}[^,\]}]*|\{%.*?%\}[^,\]}]*")
_Diagnosis = Callable[[Any, Place], "TemplateError | None"]


def explain(error: Any, source: Source, first_line: int) -> TemplateError:
    """What to tell the writer.

    Args:
        error: PyYAML's MarkedYAMLError.
        source: The file.
        first_line: Line of the file at which the parsed text began.
    """
    mark = error.problem_mark or error.context_mark
    place = source.at(first_line + mark.line, mark.column + 1)
    opened = error.context_mark or mark
    origin = source.at(first_line + opened.line, opened.column + 1)
    for diagnose in _DIAGNOSES:
        found = diagnose(error, place) or diagnose(error, origin)
        if found:
            return found
    for diagnose in _OF_OPENINGS:
        found = diagnose(error, origin)
        if found:
            return found
    return place.fault(
        f"YAML cannot be read here: {error.problem}. Look at the quotes, colons and indentation of this line "
        "and the one above."
    )


def too_deep(place: Place) -> TemplateError:
    """Brackets or indentation beyond ``DEPTH``."""
    return place.fault(f"Lists and mappings are nested more than {DEPTH} levels deep. Flatten them.")


def _depth(error: Any, place: Place) -> TemplateError | None:
    """The parser's own limit, which it meets before ours when it looks far ahead for a colon."""
    return too_deep(place) if "maximum nesting depth" in error.problem else None


def _tab(_error: Any, place: Place) -> TemplateError | None:
    indent = place.text[: len(place.text) - len(place.text.lstrip())]
    if "\t" not in indent:
        return None
    return place.source.at(place.line, indent.index("\t") + 1).fault(
        "A tab indents this line, and YAML takes blanks only. Replace the tab by two blanks."
    )


def unquoted_template(place: Place) -> TemplateError:
    """``role: {{ product }} x``: YAML takes the braces, which begin at ``place``, for a mapping."""
    before = place.text[: place.column - 1]
    found = _IN_FLOW.match(place.text, place.column - 1)
    in_flow = "[" in before or "{" in before
    mend = in_quotes(found.group().rstrip()) if in_flow and found else place.mended()
    return place.fault(
        f"YAML takes a value that begins with {place.text[place.column - 1 :][:2]} for a mapping. Put it in "
        f"quotes: {mend}"
    )


def _template(_error: Any, place: Place) -> TemplateError | None:
    for opening in _BRACES.finditer(place.text):
        before = place.text[: opening.start()]
        begins_a_value = not before.strip() or before.rstrip()[-1] in ":-[,{?"
        if begins_a_value and not _inside_quotes(before):
            return unquoted_template(place.source.at(place.line, opening.start() + 1))
    return None


def _second_colon(error: Any, place: Place) -> TemplateError | None:
    """``task: Do this: then that``, or a line that is indented too far."""
    if not error.problem.startswith("mapping values are not allowed"):
        return None
    lead = _LEAD.match(place.text)
    if lead and ":" in lead["lead"] and place.column - 1 > lead.start("value"):
        mend = place.source.at(place.line, lead.start("value") + 1).mended()
        return place.fault(
            f"This text has a second colon, which YAML takes for a key. Put the text in quotes: {mend}"
        )
    return place.fault(
        "A key cannot stand here, because the line above already has a value. Indent this line like its "
        "neighbours, or, if it goes on with a text, write that text as a block below `|`."
    )


def _first_character(error: Any, place: Place) -> TemplateError | None:
    """``to: @all``: a few characters cannot begin a plain text."""
    if not any(part in error.problem for part in ("cannot start any token", "mapping keys are not allowed")):
        return None
    character = place.text[place.column - 1 : place.column]
    return place.fault(
        f"A text without quotes cannot begin with {character} in YAML. Put it in quotes: {place.mended()}"
    )


def _after_the_value(error: Any, place: Place) -> TemplateError | None:
    """``a: "x" y`` or ``a: [x] y``: text goes on behind a closing quote or bracket."""
    if "expected key" not in error.problem and "<block end>" not in error.problem:
        return None
    lead = _LEAD.match(place.text)
    if not lead or lead["value"][0] not in "\"'[{" or place.column - 1 <= lead.start("value"):
        return None
    value = lead["value"].rstrip()
    inner = value[1:-1] if value[0] == value[-1] and value[0] in "\"'" else value
    mend = f"{lead['lead'].lstrip()}{in_quotes(inner)}"
    return place.fault(
        f"Text goes on behind a closing {_closing(lead['value'][0])}. Put the whole text in quotes: {mend}"
    )


def _closing(opening: str) -> str:
    return {"[": "bracket", "{": "brace"}.get(opening, "quote")


def _indentation(error: Any, place: Place) -> TemplateError | None:
    if not any(part in error.problem for part in ("expected key", "'-' indicator", "<block end>")):
        return None
    return place.fault(
        "This line does not go on with the mapping or list above it. Indent it exactly like the entries "
        "that it belongs to, each with `key: value` or `- item`."
    )


def _list_on_the_key_line(error: Any, place: Place) -> TemplateError | None:
    if "sequence entries are not allowed" not in error.problem:
        return None
    return place.fault("A list that is written with - begins on the line below its key. Put this item there.")


def _escape(error: Any, place: Place) -> TemplateError | None:
    if "unknown escape" not in error.problem:
        return None
    return place.fault(
        "In double quotes a backslash begins an escape, and this one does not exist. Use single quotes, in "
        "which a backslash is a backslash."
    )


def _nothing_here(error: Any, place: Place) -> TemplateError | None:
    character = place.text[place.column - 1 : place.column]
    if "node content" not in error.problem:
        return None
    if character not in ("]", "}", ","):
        return place.fault("The YAML ends here inside a bracket or brace that is never closed. Close it.")
    if character == ",":
        return place.fault("An item is missing in front of this comma. Add it, or remove the comma.")
    return place.fault(
        f"Nothing was opened that this {character} could close. Remove it, or put the text in quotes: "
        f"{place.mended()}"
    )


def reference(place: Place) -> TemplateError:
    """The error for an alias, an anchor or a tag, of which prompt files take none."""
    sign = place.text[place.column - 1 : place.column]
    what = {"*": "an alias", "&": "an anchor"}.get(sign, "a tag")
    return place.fault(
        f"{sign} begins {what} in YAML, and prompt files take none. Write the value out, or put it in quotes "
        f"if it is text: {place.mended()}"
    )


def _reference(_error: Any, origin: Place) -> TemplateError | None:
    if origin.text[origin.column - 1 : origin.column] not in ("*", "&", "!"):
        return None
    return reference(origin)


def _no_colon(error: Any, origin: Place) -> TemplateError | None:
    if "expected ':'" not in error.problem:
        return None
    return origin.fault(
        "This line has no colon behind its key. Write it as `key: value`, or indent it if it goes on with "
        "the text above."
    )


def _block_header(error: Any, origin: Place) -> TemplateError | None:
    if "block scalar" not in (error.context or ""):
        return None
    sign = origin.text[origin.column - 1 : origin.column]
    return origin.fault(
        f"Behind {sign} the line must end: the text begins on the next one, indented. Move it there, or put "
        f"it in quotes if it begins with {sign}: {origin.mended()}"
    )


def _open_quote(error: Any, origin: Place) -> TemplateError | None:
    if "quoted scalar" not in (error.context or "") and "-quoted" not in (error.context or ""):
        return None
    return origin.fault("The quote that opens here is never closed. Close it, or remove it.")


def _open_bracket(error: Any, origin: Place) -> TemplateError | None:
    context: str = error.context or ""
    if not context.startswith("while parsing a flow") or "node" in context:
        return None
    opening, closing = ("[", "]") if "sequence" in context else ("{", "}")
    line = error.problem_mark.line - error.context_mark.line
    where = f"{line} lines below" if line > 1 else "on the next line" if line else "further on"
    return origin.fault(
        f"What opens here with {opening} cannot be read to its {closing}: {where} a comma or {closing} is "
        "missing. Add it, and put items that hold a colon, a quote or a bracket in quotes."
    )


def _inside_quotes(before: str) -> bool:
    """True when a quote that was opened in the text before is still open."""
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1


_DIAGNOSES: tuple[_Diagnosis, ...] = (
    _depth,
    _tab,
    _template,
    _second_colon,
    _first_character,
    _after_the_value,
    _list_on_the_key_line,
    _escape,
    _indentation,
    _nothing_here,
)
_OF_OPENINGS: tuple[_Diagnosis, ...] = (
    _open_quote,
    _open_bracket,
    _no_colon,
    _block_header,
    _reference,
)
