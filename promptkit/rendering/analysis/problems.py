"""What the analysis of a prompt's texts found, as plain values with their places."""

from __future__ import annotations

from dataclasses import dataclass, field

from jinja2 import nodes

from promptkit.rendering.analysis.spellings import spelling_of
from promptkit.rendering.faults import Place

__all__ = ["Problem", "Problems"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem.

    Attributes:
        rule: Id of the rule in ``promptkit.findings``.
        message: What is wrong and what to do.
        file: The file, or the prompt's name.
        line: Line of the file; for a text in YAML the line at which it begins.
        lines: How many lines from there on the problem may stand in.
        word: What stands at the place, so that its column can be found.
        spelling: A regular expression with the word in the group ``word``, where the same word stands in the line
            for other things as well; empty where any place is as good.
    """

    rule: str
    message: str
    file: str | None
    line: int | None
    lines: int = 1
    word: str = ""
    spelling: str = ""


@dataclass(slots=True)
class Problems:
    """Problems in the order in which they were found, each once.

    Attributes:
        found: The problems.
        place: Where the text stands that is looked at now.
        quiet: True while a text is looked at once more and nothing is noted.
    """

    place: Place
    quiet: bool = False
    found: dict[Problem, None] = field(default_factory=dict[Problem, None])

    def add(self, rule: str, message: str, node: nodes.Node, word: str = "") -> None:
        """Note a problem of the text that is looked at now."""
        if self.quiet:
            return
        at = self.place.error(message, node.lineno, rule=rule)
        # The lines of a text in YAML cannot be told apart, so the word is looked for in all of them.
        lines = self.place.height if self.place.fixed else 1
        problem = Problem(
            rule=rule,
            message=at.problem,
            file=at.file,
            line=at.line,
            lines=lines,
            word=word,
            spelling=spelling_of(node, word) if word else "",
        )
        self.found[problem] = None
