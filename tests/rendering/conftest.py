"""One short way to compile a body for the tests of rendering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.messages import Message
from promptkit.rendering import Source, Template, compile_template
from promptkit.requests import OutputSpec
from promptkit.schemas import InputSchema, OutputSchema

TEXT = {"type": "string"}
PROPERTIES = {
    "x": TEXT,
    "ticket": {"type": "object", "properties": {"subject": TEXT, "body": TEXT}, "required": ["body"]},
    "tags": {"type": "array", "items": TEXT},
    "n": {"type": "integer"},
    "kb": TEXT,
    "photo": {"x-part": "image"},
    "file": {"x-part": "document"},
    "turns": {"x-part": "messages"},
}


@pytest.fixture
def compiled() -> Callable[..., Template]:
    """Compile a body whose first line is line 10 of ``t.prompt.j2``."""

    def compile_body(
        body: str,
        *,
        files: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] = PROPERTIES,
        required: Sequence[str] = (),
        output: OutputSchema[Any] | None = None,
        **declared: Any,
    ) -> Template:
        def load(name: str) -> Source:
            if name not in (files or {}):
                raise TemplateError(f"there is no file {name}")
            return Source((files or {})[name], f"lib/{name}.j2")

        declared.setdefault("file", "t.prompt.j2")
        declaration = Declaration(name="t", body=body, body_line=10, **declared)
        schema = InputSchema.from_declared(
            {"type": "object", "properties": inputs, "required": list(required)}
        )
        spec = OutputSpec(schema=output or OutputSchema.text(), constraints=declaration.constraints)
        return compile_template(declaration, inputs=schema, output=spec, load=load)

    return compile_body


@pytest.fixture
def render(compiled: Callable[..., Template]) -> Callable[..., tuple[Message, ...]]:
    """Compile a body and render it with the given values; inputs that are not given are None."""

    def render_body(
        body: str, values: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Message, ...]:
        inputs = options.get("inputs", PROPERTIES)
        return compiled(body, **options).render({**dict.fromkeys(inputs), **(values or {})})

    return render_body


@pytest.fixture
def text(render: Callable[..., tuple[Message, ...]]) -> Callable[..., str]:
    """The text of the one user message that this content makes."""

    def text_of(content: str, values: Mapping[str, Any] | None = None, **options: Any) -> str:
        [message] = render(f"{{% user %}}\n{content}\n{{% enduser %}}\n", values, **options)
        assert message.role == "user"
        return message.text

    return text_of
