"""The URL and the model of a reference such as ``openai+http://HOST:PORT/v1:MODEL``."""

from __future__ import annotations

from urllib.parse import urlsplit

from promptkit.errors import ConfigurationError

__all__ = ["address", "form_of"]

_PATHS_OF_CALLS = ("/chat/completions", "/responses", "/messages", "/chat")
"""Paths that are called; people copy them into the base URL."""


def form_of(scheme: str, base: str = "/v1") -> str:
    """How a reference with a URL is written.

    Args:
        scheme: What stands before ``+http``.
        base: What the URL's path mostly is.
    """
    return f"{scheme}+http://HOST:PORT{base}:MODEL"


def address(scheme: str, rest: str, *, form: str, key_env: str) -> tuple[str, str]:
    """Base URL and model of ``//HOST:PORT/PATH:MODEL``. Errors never repeat what may hold a password.

    Args:
        scheme: ``http`` or ``https``.
        rest: What follows the scheme and its colon.
        form: How the whole reference is written, for errors.
        key_env: Where a key belongs, for errors.

    Raises:
        ConfigurationError: When it is no URL with a model.
    """
    form = f"write {form}"
    if not rest.startswith("//"):
        raise ConfigurationError(f"the backend's {scheme} URL lacks the address of a server; {form}")
    authority, slash, path_and_model = rest[2:].partition("/")
    path, colon, model = path_and_model.partition(":")
    if "@" in authority:
        raise ConfigurationError(
            "a backend's URL holds a user name or password before @; leave it out and put the key into "
            f"the environment variable {key_env}"
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
    for called in _PATHS_OF_CALLS:
        if url.endswith(called):
            raise ConfigurationError(f"leave {called} out of the backend's URL; {form}")
    problem = _problem(url)
    if problem is not None:
        raise ConfigurationError(f"the backend's URL {url} is not one ({problem}); {form}")
    return url, model


def _problem(url: str) -> str | None:
    if any(character.isspace() for character in url):
        return "it holds a blank"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    return None if parts.hostname and port != 0 else "it names no host, or port 0"
