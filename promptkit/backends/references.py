"""Backends by name: from a reference such as ``llama:demo`` to the backend that it names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from promptkit.errors import ConfigurationError
from promptkit.requests import Backend
from promptkit.spelling import did_you_mean

__all__ = ["open_backend"]

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
COMPATIBLE_KEY = "OPENAI_COMPATIBLE_API_KEY"

_RESPONSE_FORMATS = ("json_schema", "json_object", "none")
_COMPATIBLE_FORM = "openai+http://HOST:PORT/v1:MODEL"
_PLANNED = frozenset({"anthropic", "gemini", "ollama"})
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH_OF_CALL = "/chat/completions"


def open_backend(reference: str, **options: Any) -> Backend:
    """The backend that a reference names; nothing is sent and no model is loaded yet.

    Args:
        reference: ``llama:demo``, ``llama:PATH.gguf``, ``llama:hf:REPO/FILE``, ``openai:MODEL``, ``mock``, or
            ``openai+http://HOST:PORT/v1:MODEL`` (also https) for any OpenAI-compatible server. There the
            model is all that follows the first colon after the path, so it may hold slashes and colons
            itself: ``openai+https://openrouter.ai/api/v1:meta/llama:free``.
        **options: What the kind of backend takes. Servers: ``connect_s``, ``read_s``, ``answer_s``;
            compatible ones also ``key_env`` (the environment variable with the key, else
            ``OPENAI_COMPATIBLE_API_KEY``) and ``response_format`` (``json_schema``, ``json_object`` or
            ``none``). A key itself is never an option.

    Raises:
        ConfigurationError: When the reference or an option is not one; the message shows the right form.
    """
    scheme, colon, rest = reference.partition(":")
    if reference == "mock":
        opener: Callable[..., Backend] = _mock
        arguments: tuple[str, ...] = ()
    elif scheme in _OPENERS and colon:
        opener, arguments = _OPENERS[scheme], (rest,)
    else:
        raise _unknown(scheme, colon)
    _check_options(opener, options, scheme)
    try:
        return opener(*arguments, **options)
    except (TypeError, ValueError) as error:
        problem = str(error)
    raise ConfigurationError(f"backend {scheme}: {problem}")


def _mock() -> Backend:
    from promptkit.backends.mock import MockBackend

    return MockBackend()


def _llama(rest: str, **options: Any) -> Backend:
    from promptkit.backends.llama import LlamaBackend

    if not rest:
        raise ConfigurationError(
            "llama: names no model; write llama:demo, llama:PATH.gguf or llama:hf:REPO/FILE"
        )
    return LlamaBackend(rest, **options)


def _openai(
    model: str,
    *,
    connect_s: float | None = None,
    read_s: float | None = None,
    answer_s: float | None = None,
) -> Backend:
    from promptkit.backends.dialects.openai_chat import OPENAI
    from promptkit.backends.http import HttpBackend

    if not model or model.startswith("//"):
        raise ConfigurationError(f"openai: takes a model's name; for another server write {_COMPATIBLE_FORM}")
    return HttpBackend(
        name=f"openai:{model}",
        base_url=OPENAI_URL,
        model=model,
        key_env=OPENAI_KEY,
        profile=OPENAI,
        timeouts=_timeouts(connect_s=connect_s, read_s=read_s, answer_s=answer_s),
    )


def _compatible(scheme: str) -> Callable[..., Backend]:
    def opener(
        rest: str,
        *,
        key_env: str = COMPATIBLE_KEY,
        response_format: str | None = None,
        connect_s: float | None = None,
        read_s: float | None = None,
        answer_s: float | None = None,
    ) -> Backend:
        from promptkit.backends.dialects.openai_chat import COMPATIBLE
        from promptkit.backends.http import HttpBackend

        base_url, model = _address(scheme, rest)
        profile = COMPATIBLE
        if response_format is not None:
            profile = replace(profile, response_format=_known_format(response_format), adapts=False)
        return HttpBackend(
            name=f"openai+{base_url}:{model}",
            base_url=base_url,
            model=model,
            key_env=_environment_name(key_env),
            profile=profile,
            timeouts=_timeouts(connect_s=connect_s, read_s=read_s, answer_s=answer_s),
        )

    return opener


def _address(scheme: str, rest: str) -> tuple[str, str]:
    """Base URL and model of ``//HOST:PORT/PATH:MODEL``. Errors never repeat what may hold a password."""
    form = f"write {_COMPATIBLE_FORM}"
    if not rest.startswith("//"):
        raise ConfigurationError(f"openai+{scheme}: lacks the address of a server; {form}")
    authority, slash, path_and_model = rest[2:].partition("/")
    path, colon, model = path_and_model.partition(":")
    if "@" in authority:
        raise ConfigurationError(
            "a backend's URL holds a user name or password before @; leave it out and put the key into "
            f"the environment variable {COMPATIBLE_KEY}"
        )
    if not slash:
        raise ConfigurationError(f"the backend's URL lacks a path, mostly /v1; {form}")
    if "?" in path or "#" in path:
        raise ConfigurationError(f"a backend's URL takes no query and no fragment; {form}")
    if not colon or not model.strip():
        raise ConfigurationError(
            f"the backend's URL {scheme}://{authority}/{path} lacks a model; {form} "
            "(a server with one model takes any name, such as default)"
        )
    url = f"{scheme}://{authority}/{path}".rstrip("/")
    if url.endswith(_PATH_OF_CALL):
        raise ConfigurationError(f"leave {_PATH_OF_CALL} out of the backend's URL; {form}")
    problem = _url_problem(url)
    if problem is not None:
        raise ConfigurationError(f"the backend's URL {url} is not one ({problem}); {form}")
    return url, model


def _url_problem(url: str) -> str | None:
    if any(character.isspace() for character in url):
        return "it holds a blank"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    return None if parts.hostname and port != 0 else "it names no host, or port 0"


def _environment_name(key_env: str) -> str:
    if not _ENVIRONMENT_NAME.fullmatch(key_env):
        # The value is not shown: it may be the key itself, given by mistake.
        raise ConfigurationError(
            "key_env takes the name of an environment variable, such as MY_SERVER_KEY, not the key itself"
        )
    return key_env


def _known_format(name: str) -> Any:
    if name not in _RESPONSE_FORMATS:
        raise ConfigurationError(
            f"response_format is {name!r}{did_you_mean(name, _RESPONSE_FORMATS)}; it is one of "
            f"{', '.join(_RESPONSE_FORMATS)}"
        )
    return name


def _timeouts(**seconds: Any) -> Any:
    from promptkit.backends.http import Timeouts

    given: dict[str, float] = {}
    for name, value in seconds.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigurationError(f"{name} is {value!r}; it takes a number of seconds above 0")
        given[name] = float(value)
    return Timeouts(**given)


def _check_options(opener: Callable[..., Backend], options: Mapping[str, Any], scheme: str) -> None:
    parameters = inspect.signature(_option_source(opener)).parameters
    known = sorted(name for name, it in parameters.items() if it.kind is it.KEYWORD_ONLY)
    for name in options:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no options"
            raise ConfigurationError(
                f"backend {scheme} has no option {name}{did_you_mean(name, known)}; {takes}"
            )


def _option_source(opener: Callable[..., Backend]) -> Callable[..., Any]:
    if opener is not _llama:
        return opener
    from promptkit.backends.llama import LlamaBackend

    return LlamaBackend


def _unknown(scheme: str, colon: str) -> ConfigurationError:
    known = [*_OPENERS, "mock"]
    if scheme in _PLANNED and colon:
        return ConfigurationError(
            f"this version has no backend {scheme}: yet; any OpenAI-compatible server works as "
            f"{_COMPATIBLE_FORM}"
        )
    if scheme == "mock":
        return ConfigurationError("mock takes nothing after it; write mock, or pass MockBackend([...])")
    if scheme in _OPENERS:
        return ConfigurationError(f"backend {scheme} lacks what it names; write for example llama:demo")
    return ConfigurationError(
        f"there is no backend {scheme}{did_you_mean(scheme, known)}; known are llama:MODEL, openai:MODEL, "
        f"{_COMPATIBLE_FORM}, openai+https://HOST/v1:MODEL and mock"
    )


_OPENERS: Mapping[str, Callable[..., Backend]] = {
    "llama": _llama,
    "openai": _openai,
    "openai+http": _compatible("http"),
    "openai+https": _compatible("https"),
}
