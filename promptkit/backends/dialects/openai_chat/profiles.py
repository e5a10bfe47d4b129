"""Profiles: in what servers of this dialect differ from one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from promptkit.backends.schema_rules import SchemaRules
from promptkit.backends.strict_schema import STRICT, UNLIMITED
from promptkit.backends.wire import ErrorWords

__all__ = ["COMPATIBLE", "OPENAI", "Profile", "ResponseFormat"]

ResponseFormat: TypeAlias = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """In what a server of this dialect differs from the others.

    Attributes:
        name: The profile's name.
        max_tokens_field: The parameter that bounds the answer.
        enforces_schema: True when the server is known to hold an answer to a strict schema.
        documents: True when messages may hold PDF documents.
        needs_key: True when it answers nobody without a key.
        response_format: How the schema is sent: as ``json_schema``, as ``json_object`` with a ``schema``
            beside it (llama-cpp-python's server), or not at all.
        adapts: True when ``json_object`` may be tried after a server has refused ``json_schema`` and named
            ``json_object`` as what it takes.
        rules: What of JSON Schema may stand in a schema that is sent as strict.
        more_sampling: True when it may be sent ``top_k``, ``min_p`` and a repetition penalty, which OpenAI's
            API does not have.
        least_top_logprobs: The fewest alternatives that are asked for where log-probabilities are.
        words: How errors speak of the server.
    """

    name: str
    max_tokens_field: str
    enforces_schema: bool
    documents: bool
    needs_key: bool
    response_format: ResponseFormat = "json_schema"
    adapts: bool = False
    rules: SchemaRules = STRICT
    more_sampling: bool = False
    least_top_logprobs: int = 0
    words: ErrorWords = field(default_factory=ErrorWords)


OPENAI = Profile(
    name="openai",
    max_tokens_field="max_completion_tokens",
    enforces_schema=True,
    documents=True,
    needs_key=True,
)
COMPATIBLE = Profile(
    name="openai-compatible",
    max_tokens_field="max_tokens",
    enforces_schema=False,
    documents=False,
    needs_key=False,
    adapts=True,
    rules=UNLIMITED,
    more_sampling=True,
    least_top_logprobs=1,  # llama-server takes top_logprobs for n_probs, and 0 of these for no log-probabilities
    words=ErrorWords(
        schema_advice="Simplify the output's schema, or open the backend with response_format='json_object' "
        "or 'none' if the server does not take json_schema.",
    ),
)
