"""promptkit: a prompt as a contract of typed inputs, an instruction and a typed output.

Names load on first use, so that ``import promptkit`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for true; importing typing would double this module's cost
if TYPE_CHECKING:
    from promptkit import backends, constraints, errors, events, output, testing
    from promptkit.backends import layers
    from promptkit.completions import Completion, Usage, Verdict
    from promptkit.engine import Result
    from promptkit.errors import PromptKitError
    from promptkit.libraries import Library, library, load
    from promptkit.messages import DocumentPart, ImagePart, Message
    from promptkit.prompts import Prompt, TypedPrompt, chunks
    from promptkit.records import CallRecord
    from promptkit.requests import GenerationConfig, Plan, Rendered, Tool
    from promptkit.sessions import Session, configure, record, use

__all__ = [
    "CallRecord",
    "Completion",
    "DocumentPart",
    "GenerationConfig",
    "ImagePart",
    "Library",
    "Message",
    "Plan",
    "Prompt",
    "PromptKitError",
    "Rendered",
    "Result",
    "Session",
    "Tool",
    "TypedPrompt",
    "Usage",
    "Verdict",
    "backends",
    "chunks",
    "configure",
    "constraints",
    "errors",
    "events",
    "layers",
    "library",
    "load",
    "output",
    "record",
    "testing",
    "use",
]

_HOMES = {
    "CallRecord": "promptkit.records",
    "Completion": "promptkit.completions",
    "DocumentPart": "promptkit.messages",
    "GenerationConfig": "promptkit.requests",
    "ImagePart": "promptkit.messages",
    "Library": "promptkit.libraries",
    "Message": "promptkit.messages",
    "Plan": "promptkit.requests",
    "Prompt": "promptkit.prompts",
    "PromptKitError": "promptkit.errors",
    "Rendered": "promptkit.requests",
    "Result": "promptkit.engine",
    "Session": "promptkit.sessions",
    "Tool": "promptkit.requests",
    "TypedPrompt": "promptkit.prompts",
    "Usage": "promptkit.completions",
    "Verdict": "promptkit.completions",
    "chunks": "promptkit.prompts",
    "configure": "promptkit.sessions",
    "library": "promptkit.libraries",
    "load": "promptkit.libraries",
    "record": "promptkit.sessions",
    "use": "promptkit.sessions",
}
_NAMESPACES = {
    "backends": "promptkit.backends",
    "constraints": "promptkit.constraints",
    "errors": "promptkit.errors",
    "events": "promptkit.events",
    "layers": "promptkit.backends.layers",
    "output": "promptkit.output",
    "testing": "promptkit.testing",
}


def __getattr__(name: str) -> object:
    if name in _NAMESPACES:
        found: object = import_module(_NAMESPACES[name])
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'promptkit' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
