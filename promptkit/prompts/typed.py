"""TypedPrompt: a prompt with the signature of a Python function."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, get_type_hints, overload

from promptkit.engine import Result, StreamEvent
from promptkit.errors import PromptError
from promptkit.prompts.options import CallOptions
from promptkit.prompts.prompt import Prompt
from promptkit.requests import Rendered
from promptkit.schemas import differences, schema_of
from promptkit.sessions import BackendLike
from promptkit.spelling import did_you_mean

__all__ = ["TypedPrompt", "check_signature", "hints_of"]

P = ParamSpec("P")
T = TypeVar("T")


class TypedPrompt(Generic[P, T]):
    """A prompt that is called like the function it was declared by; made by ``@library.prompt(...)``.

    Calling it returns the value; :meth:`run` returns the whole result.
    """

    def __init__(self, prompt: Prompt[T], function: Callable[P, T]) -> None:
        self.prompt = prompt
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", prompt.name)
        self._names = list(inspect.signature(function).parameters)
        self._defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value of :meth:`run`."""
        return self.prompt.run(**self._inputs(args, kwargs)).value

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        """As :meth:`Prompt.run`."""
        return self.prompt.run(**self._inputs(args, kwargs))

    async def arun(self, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        """As :meth:`Prompt.arun`."""
        return await self.prompt.arun(**self._inputs(args, kwargs))

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[StreamEvent[T]]:
        """As :meth:`Prompt.stream`."""
        return self.prompt.stream(**self._inputs(args, kwargs))

    def astream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[StreamEvent[T]]:
        """As :meth:`Prompt.astream`."""
        return self.prompt.astream(**self._inputs(args, kwargs))

    def render(self, *args: P.args, **kwargs: P.kwargs) -> Rendered:
        """As :meth:`Prompt.render`."""
        return self.prompt.render(**self._inputs(args, kwargs))

    def parse(self, text: str, /, *args: P.args, **kwargs: P.kwargs) -> Result[T]:
        """As :meth:`Prompt.parse`."""
        return self.prompt.parse(text, **self._inputs(args, kwargs))

    @overload
    def using(
        self, backend: BackendLike | None = ..., *, tools: Sequence[Any], **options: Unpack[CallOptions]
    ) -> TypedPrompt[P, T | None]: ...

    @overload
    def using(
        self, backend: BackendLike | None = ..., **options: Unpack[CallOptions]
    ) -> TypedPrompt[P, T]: ...

    def using(
        self,
        backend: BackendLike | None = None,
        *,
        tools: Sequence[Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """As :meth:`Prompt.using`; the signature stays."""
        prompt: Prompt[Any] = self.prompt.using(backend, **options)
        if tools is not None:
            prompt = prompt.using(tools=tools)
        return TypedPrompt(prompt, self.__wrapped__)

    def _inputs(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self._names):
            raise TypeError(f"{self.__name__} takes {len(self._names)} inputs, {len(args)} were given")
        for name in self._names[: len(args)]:
            if name in kwargs:
                raise TypeError(f"{self.__name__} got two values for {name}; give it once")
        return {**self._defaults, **dict(zip(self._names, args, strict=False)), **kwargs}

    def __repr__(self) -> str:
        return f"TypedPrompt({self.__name__}: {self.prompt!r})"


def hints_of(function: Callable[..., Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of a function as types.

    Args:
        function: The function.
        names: Local names that annotations may use beside the function's globals.

    Raises:
        PromptError: When an annotation names something unknown, parameters or result have none, or a call would
            give no plain value.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PromptError(
            f"{function.__name__} is declared with async def, and the prompt is called both ways; write def, and "
            f"await {function.__name__}.arun(...)"
        )
    try:
        hints = get_type_hints(function, localns=dict(names), include_extras=True)
    except NameError as error:
        raise PromptError(
            f"the signature of {function.__name__} cannot be read: {error}; import the name at module level"
        ) from error
    for name in [*inspect.signature(function).parameters, "return"]:
        if name not in hints:
            raise PromptError(
                f"{function.__name__}: {name} has no type; annotate it, since the signature is the prompt's type"
            )
    return hints


def check_signature(prompt: Prompt[Any], function: Callable[..., Any], hints: Mapping[str, Any]) -> None:
    """Compare a function's parameters with the inputs that the prompt declares.

    Raises:
        PromptError: Naming every parameter that does not fit.
    """
    declared = prompt.contract.inputs.fields
    parameters = inspect.signature(function).parameters
    problems: list[str] = [
        f"{name} is no input of the prompt{did_you_mean(name, declared)}"
        for name in parameters
        if name not in declared
    ]
    for name, field in declared.items():
        if name not in parameters:
            if field.required:
                problems.append(f"the input {name} is missing")
        elif not prompt.declaration.input.inferred and field.kind in ("text", "json"):
            optional = parameters[name].default is not inspect.Parameter.empty
            hint = hints[name] | None if optional and not field.required else hints[name]
            problems.extend(
                f"{name}{difference.removeprefix('the value')}"
                if difference.startswith("the value")
                else f"{name}.{difference}"
                for difference in differences(field.json_schema, schema_of(hint), may_omit=False)
            )
    if problems:
        raise PromptError(
            f"{function.__name__} does not fit {prompt.contract.ref} ({prompt.declaration.place}): "
            f"{'; '.join(problems)}. Change the signature or the file."
        )
