"""The one door to llama.cpp, llguidance and numpy: lazy, untyped, with its log kept off the terminal."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import signal
import threading
from collections import deque
from collections.abc import Generator
from functools import cache
from types import FrameType
from typing import Any

from promptkit.errors import ModelLoadError

__all__ = [
    "Array",
    "engine_log",
    "guidance",
    "llama",
    "numpy",
    "template_formatter",
    "tokenize_address",
    "undisturbed",
]

Array = Any
"""A numpy array; numpy is an optional dependency and stays untyped here."""

_WARN, _ERROR, _CONTINUED = 3, 4, 5  # enum ggml_log_level of ggml.h


class EngineLog:
    """The last warnings and errors of llama.cpp, which would otherwise go to stderr.

    llama.cpp has one log callback in a process; it is set once, when llama.cpp is first loaded, and
    stays set, since contexts write to it until they are freed.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=20)
        self._level = 0

    def write(self, level: int, text: bytes | None, _user_data: object = None) -> None:
        """Take one piece of log; called by llama.cpp from any thread."""
        if level != _CONTINUED:
            self._level = level
        if self._level in (_WARN, _ERROR) and text:
            self._lines.append((self._level, text.decode("utf-8", "replace").strip()))

    def clear(self) -> None:
        """Forget what was said so far."""
        self._lines.clear()

    def reason(self) -> str:
        """What llama.cpp complained about first since clear(), errors before warnings; empty for nothing."""
        lines = sorted((-level, at, text) for at, (level, text) in enumerate(self._lines.copy()) if text)
        # "func_name: what happened": the function's name says nothing to a user.
        return lines[0][2].split(": ", 1)[-1].removeprefix("error loading model: ") if lines else ""


@contextlib.contextmanager
def undisturbed() -> Generator[None]:
    """Hold Ctrl-C back while llama.cpp loads: its log callback runs Python, and what is raised there is lost.

    The interruption is handed on afterwards. Only the main thread handles signals, so elsewhere nothing is held.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            handler(*held[0])


@cache
def engine_log() -> EngineLog:
    """The process's log of llama.cpp."""
    return EngineLog()


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelLoadError(
            f"llama: backends need the module {error.name or name}, which is not installed; "
            "install the extra with: pip install 'promptkit-3c[llama]'"
        ) from error
    except (OSError, RuntimeError) as error:  # how llama_cpp reports a shared library that does not load
        raise ModelLoadError(
            f"the module {name} is installed but does not load: {error}; "
            "install it anew with: pip install --force-reinstall 'promptkit-3c[llama]'"
        ) from error


@cache
def llama() -> Any:
    """The module llama_cpp, started once.

    Raises:
        ModelLoadError: When the extra ``llama`` is not installed.
    """
    module = _optional("llama_cpp")
    callback = module.llama_log_callback(engine_log().write)
    module.llama_log_set(callback, ctypes.c_void_p(0))
    # ctypes frees a callback that nobody holds while llama.cpp would still call it.
    module.promptkit_log_callback = callback
    module.llama_backend_init()
    return module


@cache
def guidance() -> Any:
    """The module llguidance."""
    _optional("numpy")
    module = _optional("llguidance")
    importlib.import_module("llguidance.numpy")
    return module


@cache
def numpy() -> Any:
    """The module numpy."""
    return _optional("numpy")


def tokenize_address() -> int:
    """Where llama.cpp's tokenizing function stands in memory; llguidance calls it itself."""
    return ctypes.cast(llama().llama_tokenize, ctypes.c_void_p).value or 0


@cache
def template_formatter() -> tuple[Any, type[Exception]]:
    """The renderer of chat templates that llama-cpp-python ships, and the error that templates raise.

    It renders in an immutable sandbox, with the extensions that models' templates are written for.
    """
    llama()
    module = importlib.import_module("llama_cpp.llama_chat_format")
    return module.Jinja2ChatFormatter, module.jinja2.TemplateError
