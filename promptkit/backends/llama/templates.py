"""A model's chat template: turns to one prompt text, with the model's own conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from promptkit.backends.llama.bindings import template_formatter
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.errors import CapabilityMissing, ModelLoadError, RequestRejected

__all__ = ["ChatTemplate", "Turn"]

# The form that most models without a template of their own were tuned on, where its two markers exist.
_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>{{ 'assistant\n' }}"
)
# For models that know no chat at all. Roles are then plain words, and content can imitate them.
_LINES = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n\n{% endfor %}assistant:"


class Turn(NamedTuple):
    """One message as a chat template sees it."""

    role: str
    text: str


class ChatTemplate:
    """Renders turns by the template of the model's file.

    Without a template the ChatML form is used where the vocabulary has its markers, else lines of
    ``role: text``. Where a template refuses or leaves out a system turn, its text is put before the
    next user turn's; where it wants roles to alternate, neighbours of one role become one turn. A
    reasoning model is asked not to reason (``enable_thinking``) unless the output has reasoning, since its
    answer is under a grammar.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.source = vocabulary.template or _fallback(vocabulary)
        formatter, error = template_formatter()
        self._errors = (error, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
        try:
            self._render: Any = formatter(
                template=self.source,
                bos_token=vocabulary.text(vocabulary.bos),
                eos_token=vocabulary.text(vocabulary.eos),
            )
        except self._errors as problem:
            raise ModelLoadError(
                f"the chat template in the model's file does not compile: {problem}; "
                "use another conversion of this model"
            ) from problem

    def render(self, turns: Sequence[Turn], *, thinks: bool = False) -> str:
        """The prompt text of ``turns``, up to where the assistant's answer or its thoughts begin.

        Args:
            turns: The conversation.
            thinks: True where the model is to think before it answers.

        Raises:
            CapabilityMissing: When the template leaves a message out.
            RequestRejected: When the template refuses these messages in every form.
        """
        refusal: Exception | None = None
        dropped: Turn | None = None
        for shape in _shapes(turns):
            try:
                prompt: str = self._render(
                    messages=[{"role": turn.role, "content": turn.text} for turn in shape],
                    enable_thinking=thinks,
                ).prompt
            except self._errors as problem:
                refusal = refusal or problem
                continue
            dropped = _left_out(shape, prompt)
            if dropped is None:
                return prompt
        if dropped is not None:
            raise CapabilityMissing(
                f"the model's chat template leaves out {dropped.role} messages; "
                "put their text into a user message, or use a model whose template knows the role"
            )
        raise RequestRejected(
            f"the model's chat template refuses these messages: {refusal}; "
            f"roles were {', '.join(turn.role for turn in turns)}"
        ) from refusal


def _fallback(vocabulary: Vocabulary) -> str:
    return _CHATML if {"<|im_start|>", "<|im_end|>"} <= vocabulary.markers.keys() else _LINES


def _shapes(turns: Sequence[Turn]) -> Iterator[Sequence[Turn]]:
    yield turns
    folded = _fold_system(turns)
    yield folded
    yield _join_neighbours(folded)


def _fold_system(turns: Sequence[Turn]) -> list[Turn]:
    """Put each system turn's text before that of the user turn that follows it."""
    folded: list[Turn] = []
    waiting: list[str] = []
    for turn in turns:
        if turn.role == "system":
            waiting.append(turn.text)
        elif turn.role == "user" and waiting:
            folded.append(Turn("user", "\n\n".join([*waiting, turn.text])))
            waiting = []
        else:
            folded.append(turn)
    if waiting:
        folded.append(Turn("user", "\n\n".join(waiting)))
    return folded


def _join_neighbours(turns: Sequence[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            joined[-1] = Turn(turn.role, f"{joined[-1].text}\n\n{turn.text}")
        else:
            joined.append(turn)
    return joined


def _left_out(turns: Sequence[Turn], prompt: str) -> Turn | None:
    """The first turn whose text the prompt does not hold; templates may trim it or write it as JSON.

    Assistant turns are not looked at: templates of reasoning models cut their reasoning away.
    """
    for turn in turns:
        text = turn.text.strip()
        as_json = json.dumps(text, ensure_ascii=False)[1:-1]
        if turn.role != "assistant" and text not in prompt and as_json not in prompt:
            return turn
    return None
