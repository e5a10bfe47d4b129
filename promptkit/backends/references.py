"""Backends by name: from a reference such as ``llama:demo`` to the backend that it names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from promptkit.backends.addresses import address, form_of
from promptkit.errors import ConfigurationError
from promptkit.requests import Backend
from promptkit.spelling import did_you_mean

if TYPE_CHECKING:
    from promptkit.backends.providers import Provider

__all__ = ["ENTRY_POINTS", "open_backend"]

ENTRY_POINTS = "promptkit.backends"
"""The group of entry points by which a package offers backends: a Provider, or a function that opens one."""

_COMPATIBLE_FORM = form_of("openai")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TIMEOUTS = ("answer_s", "connect_s", "first_token_s", "stall_s")
_NETWORK = ("ca_file", "proxy")
_OF_SERVERS = (*_TIMEOUTS, *_NETWORK, "price")

# The room of each scheme; a room is loaded when it is asked for.
_ROOMS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "azure": "openai_chat",
    "gemini": "gemini",
    "llama-server": "openai_chat",
    "mistral": "openai_chat",
    "ollama": "ollama",
    "openai": "openai_chat",
    "openai-responses": "openai_responses",
    "openrouter": "openai_chat",
    "vllm": "openai_chat",
}


def open_backend(reference: str, **options: Any) -> Backend:
    """The backend that a reference names; nothing is sent and no model is loaded yet.

    Args:
        reference: ``llama:demo``, ``llama:PATH.gguf``, ``llama:hf:REPO/FILE``, ``mock``, ``openai:MODEL`` and
            the like for each provider, or with a URL, such as ``openai+http://HOST:PORT/v1:MODEL`` (also
            https) for any OpenAI-compatible server. There the model is all that follows the first colon
            after the path, so it may hold slashes and colons itself:
            ``openai+https://openrouter.ai/api/v1:meta/llama:free``. A package may offer more schemes by an
            entry point of the group ``promptkit.backends``.
        **options: What the kind of backend takes. Servers: ``connect_s``, ``first_token_s``, ``stall_s``,
            ``answer_s``, ``proxy``, ``ca_file``, ``price`` (US dollars per million tokens: ``{"input": 1.25,
            "output": 10}``), where the reference has a URL also ``key_env`` (the environment variable with the
            key), and what their dialect takes, such as ``response_format`` of compatible servers. A key itself
            is never an option.

    Raises:
        ConfigurationError: When the reference or an option is not one; the message shows the right form.
    """
    scheme, colon, rest = reference.partition(":")
    if reference == "mock":
        _check_options(options, (), scheme)
        return _mock()
    if not colon or scheme == "mock":
        raise _unknown(scheme)
    try:
        return _opened(scheme, rest, options)
    except (TypeError, ValueError) as error:
        problem = str(error)
    raise ConfigurationError(f"backend {scheme}: {problem}")


def _opened(scheme: str, rest: str, options: Mapping[str, Any]) -> Backend:
    if scheme == "llama":
        return _llama(rest, options)
    name, plus, transport = scheme.partition("+")
    if plus and transport not in {"http", "https"}:
        raise _unknown(scheme)
    found = _provider(name)
    if found is None:
        raise _unknown(scheme)
    if not _is_provider(found):
        _check_options(options, _keywords(found), scheme)
        opened: Backend = found(f"{transport}:{rest}" if plus else rest, **options)
        return opened
    return _at_url(found, scheme, rest, options) if plus else _at_home(found, scheme, rest, options)


def _mock() -> Backend:
    from promptkit.backends.mock import MockBackend

    return MockBackend()


def _llama(rest: str, options: Mapping[str, Any]) -> Backend:
    from promptkit.backends.llama import LlamaBackend

    _check_options(options, _keywords(LlamaBackend), "llama")
    if not rest:
        raise ConfigurationError(
            "llama: names no model; write llama:demo, llama:PATH.gguf or llama:hf:REPO/FILE"
        )
    return LlamaBackend(rest, **options)


def _provider(name: str) -> Any:
    """Who has this name: a Provider, a function of a package that opens a backend, or None."""
    if name in _ROOMS:
        return import_module(f"promptkit.backends.dialects.{_ROOMS[name]}").PROVIDERS[name]
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        try:
            offered = entry.load()
        except (ImportError, AttributeError) as error:
            problem = str(error)
        else:
            if _is_provider(offered) or callable(offered):
                return offered
            problem = f"{entry.value} is neither a Provider nor a function"
        raise ConfigurationError(f"backend {name}: the entry point {entry.value} cannot be used: {problem}")
    return None


def _is_provider(offered: Any) -> bool:
    from promptkit.backends.providers import Provider

    return isinstance(offered, Provider)


def _at_home(provider: Provider, scheme: str, model: str, options: Mapping[str, Any]) -> Backend:
    _check_options(options, {*_OF_SERVERS, *provider.options()}, scheme)
    if provider.base_url is None:
        raise ConfigurationError(
            f"{scheme}: has no address of its own; write {form_of(scheme)}, or with https"
        )
    if not model or model.startswith("//"):
        raise ConfigurationError(
            f"{scheme}: takes a model's name; for another server write {form_of(scheme)}"
        )
    return _backend(provider, f"{scheme}:{model}", (provider.base_url, model), options)


def _at_url(provider: Provider, scheme: str, rest: str, options: Mapping[str, Any]) -> Backend:
    name, _, transport = scheme.partition("+")
    provider = provider.elsewhere or provider
    _check_options(options, {*_OF_SERVERS, "key_env", *provider.options()}, scheme)
    key_env = options.get("key_env", provider.key_env)
    base_url, model = address(transport, rest, form=form_of(name), key_env=provider.key_env)
    provider = replace(provider, key_env=_environment_name(key_env))
    given = {key: value for key, value in options.items() if key != "key_env"}
    return _backend(provider, f"{name}+{base_url}:{model}", (base_url, model), given, elsewhere=True)


def _backend(
    provider: Provider,
    name: str,
    where: tuple[str, str],
    options: Mapping[str, Any],
    *,
    elsewhere: bool = False,
) -> Backend:
    from promptkit.backends.http import HttpBackend, Network
    from promptkit.backends.prices import given_prices

    own = {key: value for key, value in options.items() if key not in _OF_SERVERS}
    dialect = provider.dialect(**own)
    price = options.get("price")
    return HttpBackend(
        name=name,
        base_url=where[0],
        model=where[1],
        key_env=provider.key_env,
        # A server of one's own may ask nobody for a key.
        dialect=replace(dialect, needs_key=False) if elsewhere else dialect,
        timeouts=_timeouts({key: value for key, value in options.items() if key in _TIMEOUTS}),
        network=Network(**{key: _text(key, options.get(key)) for key in _NETWORK}),
        prices=None if price is None else given_prices(price, f"price of {name}"),
    )


def _environment_name(key_env: Any) -> str:
    if not isinstance(key_env, str) or not _ENVIRONMENT_NAME.fullmatch(key_env):
        # The value is not shown: it may be the key itself, given by mistake.
        raise ConfigurationError(
            "key_env takes the name of an environment variable, such as MY_SERVER_KEY, not the key itself"
        )
    return key_env


def _text(name: str, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise ConfigurationError(f"{name} is {value!r}; it takes a text")
    return value


def _timeouts(seconds: Mapping[str, Any]) -> Any:
    from promptkit.backends.http import Timeouts

    given: dict[str, float] = {}
    for name, value in seconds.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigurationError(f"{name} is {value!r}; it takes a number of seconds above 0")
        given[name] = float(value)
    return Timeouts(**given)


def _check_options(options: Mapping[str, Any], known: Collection[str], scheme: str) -> None:
    for name in options:
        if name not in known:
            takes = f"it takes {', '.join(sorted(known))}" if known else "it takes no options"
            raise ConfigurationError(
                f"backend {scheme} has no option {name}{did_you_mean(name, sorted(known))}; {takes}"
            )


def _keywords(opener: Callable[..., Any]) -> frozenset[str]:
    parameters = inspect.signature(opener).parameters.values()
    return frozenset(it.name for it in parameters if it.kind is it.KEYWORD_ONLY)


def _unknown(scheme: str) -> ConfigurationError:
    if scheme == "mock":
        return ConfigurationError("mock takes nothing after it; write mock, or pass MockBackend([...])")
    if scheme == "llama" or scheme in _ROOMS:
        return ConfigurationError(f"backend {scheme} lacks what it names; write for example llama:demo")
    offered = {entry.name for entry in entry_points(group=ENTRY_POINTS)}
    known = ["llama", "mock", *sorted({*_ROOMS, *offered})]
    named = ", ".join(f"{name}:MODEL" for name in known if name != "mock")
    return ConfigurationError(
        f"there is no backend {scheme}{did_you_mean(scheme, known)}; known are {named}, mock and "
        f"{_COMPATIBLE_FORM} for any OpenAI-compatible server (also https)"
    )
