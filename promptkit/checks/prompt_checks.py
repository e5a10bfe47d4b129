"""Everything that can be found in one prompt without running it: its texts, its contract, its examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from promptkit.checks.clarity import clarity_problems
from promptkit.checks.inputs import unused_inputs
from promptkit.checks.outputs import contradictions, example_problems
from promptkit.checks.places import fault_of, lines_of, placed
from promptkit.checks.secrets import secrets_in
from promptkit.checks.settings import Settings
from promptkit.errors import PlanError, PromptError, TemplateError
from promptkit.findings import RULES, Finding
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["check_prompt"]


def check_prompt(prompt: Prompt[Any], settings: Settings | None = None) -> tuple[Finding, ...]:
    """Everything that is found in ``prompt``, short of its tests; empty when it is sound.

    Of a prompt that does not load its texts and secrets are looked at, not its examples and rules.

    Args:
        prompt: The prompt.
        settings: What rules are set to by the configuration; the file's own ``check:`` is added.
    """
    settings = replace(settings or Settings(), own=prompt.declaration.check)
    check = _Check(prompt, settings)
    return tuple(sorted(dict.fromkeys(check.findings()), key=_order))


class _Check:
    def __init__(self, prompt: Prompt[Any], settings: Settings) -> None:
        self._prompt = prompt
        self._declaration = prompt.declaration
        self._settings = settings
        self._lines = lines_of(prompt.declaration)

    def findings(self) -> Iterator[Finding]:
        """Everything, in the order of the work; what stands in another file says for which variant."""
        declared = self._declaration
        others = {*declared.origins.values()} - {declared.place}
        for finding in self._found():
            told = f"{finding.message} (in {declared.name}, which extends {declared.extends})"
            yield replace(finding, message=told) if finding.file in others else finding

    def _found(self) -> Iterator[Finding]:
        yield from self._set(self._secrets())
        try:
            problems = self._prompt.contract.problems()
        except (PromptError, PlanError) as error:
            yield self._fault(error)
            return
        found = list(self._set(self._placed(problems)))
        yield from found
        if not any(RULES[finding.rule].fixed for finding in found):
            yield from self._of_contract(
                {(item.file, item.line) for item in found if item.severity == "error"}
            )

    def _of_contract(self, faulty: set[tuple[str, int | None]]) -> Iterator[Finding]:
        """What can be found once the names in the texts are right; ``faulty`` are the lines with an error."""
        try:
            self._prompt.check()
        except (PromptError, PlanError) as error:
            fault = self._fault(error)
            if (fault.file, fault.line) not in faulty:  # else the same has been said, and better
                yield fault
            return
        for problems in (contradictions, example_problems, unused_inputs, clarity_problems):
            yield from self._set(self._placed(problems(self._prompt)))

    def _fault(self, error: PromptError | PlanError) -> Finding:
        rule = error.rule if isinstance(error, TemplateError) else "contract"
        return fault_of(error, rule, self._declaration.place)

    def _set(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        return self._settings.applied(findings)

    def _placed(self, problems: Iterable[Problem]) -> Iterator[Finding]:
        return (placed(problem, RULES[problem.rule].severity, self._lines) for problem in problems)

    def _secrets(self) -> Iterator[Finding]:
        for secret in secrets_in(self._declaration.text):
            yield Finding(
                file=self._declaration.place,
                line=secret.line,
                column=secret.column,
                width=secret.width,
                rule="secret",
                severity="error",
                message=f"this looks like {secret.what}; revoke it, remove it, and let the program that calls take "
                "what is secret from its environment",
            )


def _order(finding: Finding) -> tuple[str, int, int]:
    return finding.severity, finding.line or 0, finding.column or 0
