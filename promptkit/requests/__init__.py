"""What is sent to a backend and what a backend is: values and two protocols."""

from __future__ import annotations

from promptkit.requests.backend import (
    AsyncBackend,
    Backend,
    Capabilities,
    Count,
    is_asynchronous,
    is_blocking,
)
from promptkit.requests.fit import BlockFit, Fit
from promptkit.requests.generation import GenerationConfig, canonical_json
from promptkit.requests.output_spec import Enforce, OutputSpec, RepairLevel
from promptkit.requests.plan import Limit, Placement, Plan
from promptkit.requests.reasoning import (
    ANSWER_LINE,
    USUAL_THOUGHTS,
    reasoning_of,
    think_first,
    thinking_aloud,
)
from promptkit.requests.refusals import Demands, refusal
from promptkit.requests.request import PromptRef, Rendered, Request
from promptkit.requests.source_map import Origin, SourceMap, SourceRange
from promptkit.requests.tools import Tool

__all__ = [
    "ANSWER_LINE",
    "USUAL_THOUGHTS",
    "AsyncBackend",
    "Backend",
    "BlockFit",
    "Capabilities",
    "Count",
    "Demands",
    "Enforce",
    "Fit",
    "GenerationConfig",
    "Limit",
    "Origin",
    "OutputSpec",
    "Placement",
    "Plan",
    "PromptRef",
    "Rendered",
    "RepairLevel",
    "Request",
    "SourceMap",
    "SourceRange",
    "Tool",
    "canonical_json",
    "is_asynchronous",
    "is_blocking",
    "reasoning_of",
    "refusal",
    "think_first",
    "thinking_aloud",
]
