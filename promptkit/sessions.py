"""Who owns backends and which one answers: sessions, the process's settings, and this context's."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from promptkit.backends import MockBackend, open_backend
from promptkit.backends.layers.layered import AsyncLayered, Layered, close_layers, leaves
from promptkit.configuration import Configuration, find_configuration, mapping_of, policy_of
from promptkit.constraints import RuleClass
from promptkit.errors import BackendNotAllowed, ConfigurationError
from promptkit.interception import state
from promptkit.profiles import resolved, with_price
from promptkit.records import Observer, Redact, Store, store_of
from promptkit.requests import AsyncBackend, Backend

__all__ = ["BackendLike", "Session", "configure", "current_session", "observers", "record", "settings", "use"]

# The application decides what is logged; promptkit writes names, never content.
_log = logging.getLogger("promptkit")
_log.addHandler(logging.NullHandler())

_VARIABLE = "PROMPTKIT_BACKEND"

BackendLike: TypeAlias = "str | Backend | AsyncBackend"

_in_use: ContextVar[BackendLike | None] = ContextVar("promptkit_backend", default=None)
_sessions: ContextVar[tuple[Session, ...]] = ContextVar("promptkit_sessions", default=())
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("promptkit_observers", default=())


class Session:
    """Owns the backends that it opens and decides which one answers a prompt.

    Args:
        backends: Profiles by name, ``default`` first among them: a backend's name (``"llama:demo"``), a table
            with ``backend``, its options and ``layers``, or a backend object.
        prompts: Profile or backend by prompt name or pattern such as ``legal/*``; the first match counts.
        allow: Patterns of backends that may be called, for example ``["openai:*"]``; None permits all.
            ``mock`` is always allowed, since it sends nothing anywhere. The policies of the sessions around
            this one and of the process hold as well, and for fallbacks too.
        prices: What backends cost, by name or pattern: US dollars per million tokens, as
            ``{"input": 1.25, "output": 10}``.

    Raises:
        ConfigurationError: When one of these has the wrong form.
    """

    def __init__(
        self,
        *,
        backends: Mapping[str, Any] | None = None,
        prompts: Mapping[str, str] | None = None,
        allow: Sequence[str] | None = None,
        prices: Mapping[str, Any] | None = None,
    ) -> None:
        self.backends = mapping_of("backends", backends)
        self.prompts = mapping_of("prompts", prompts)
        self.allow = policy_of(allow)
        self.prices = mapping_of("prices", prices)
        self._opened: dict[str, Backend | AsyncBackend] = {}
        self._found: dict[str, tuple[Any, Backend | AsyncBackend]] = {}
        self._lock = threading.RLock()  # a backend that falls back on another opens it meanwhile
        self._closed = False
        self._entered = 0

    def backend_for(self, prompt: str, using: BackendLike | None = None) -> Backend | AsyncBackend:
        """The backend that answers ``prompt``.

        The order is: ``using``, ``pk.use``, this session's settings, ``pk.configure``, the environment's
        ``PROMPTKIT_BACKEND``, the configuration file.

        Raises:
            ConfigurationError: When no backend is named anywhere, or the named one does not exist.
            BackendNotAllowed: When a policy does not name it.
        """
        if state.choose is not None:
            chosen: Backend | AsyncBackend = state.choose(prompt, lambda: self._chosen(prompt, using))
            return chosen
        return self._chosen(prompt, using)

    def _chosen(self, prompt: str, using: BackendLike | None) -> Backend | AsyncBackend:
        for wanted in (using, _in_use.get()):
            if wanted is not None:
                return self._open(wanted)
        configured = self._configured(prompt)
        if configured is None:
            raise ConfigurationError(
                f"no backend is named for {prompt}; name one with .using('llama:demo'), pk.use(...), "
                f"pk.configure(backends={{'default': ...}}) or the variable PROMPTKIT_BACKEND"
            )
        return self._open(configured)

    def names_backend(self, prompt: str) -> bool:
        """Whether anything names a backend for ``prompt``, so that it needs no ``using``."""
        return state.choose is not None or _in_use.get() is not None or self._configured(prompt) is not None

    def _configured(self, prompt: str) -> BackendLike | None:
        for setting in (self, _process, _from_environment(), settings_of_project()):
            for pattern, profile in setting.prompts.items():
                if fnmatchcase(prompt, pattern):
                    return profile
            if "default" in setting.backends:
                return "default"
        return None

    def _open(self, wanted: BackendLike, around: tuple[str, ...] = ()) -> Backend | AsyncBackend:
        if not isinstance(wanted, str):
            self._permit(wanted)
            return wanted
        settings = (settings_of_project(), _from_environment(), _process, self)
        profiles = {name: profile for setting in settings for name, profile in setting.backends.items()}
        reference, options = resolved(wanted, profiles)
        self._permit(reference)
        layers = options.pop("layers", None)
        if not isinstance(reference, str) and not layers:
            return reference
        if layers and wanted in around:
            path = " -> ".join((*around, wanted))
            raise ConfigurationError(f"backend profiles fall back on one another in a circle: {path}")
        with self._lock:
            if self._closed:
                raise ConfigurationError("this Session is closed; open a new one with pk.Session()")
            if isinstance(reference, str):
                prices = [setting.prices for setting in settings[::-1]]
                reference = self._opened_once(reference, with_price(reference, options, prices))
            return self._layered(reference, layers, wanted, around) if layers else reference

    def _layered(
        self, backend: Backend | AsyncBackend, layers: Any, wanted: str, around: tuple[str, ...]
    ) -> Backend | AsyncBackend:
        key = repr((wanted, id(backend), layers))
        if key not in self._opened:
            from promptkit.backends.layers.stacks import stacked  # loads tenacity and sqlite3

            self._opened[key] = stacked(
                backend,
                layers,
                where=f"layers of {wanted}",
                named=lambda name: self._open(name, (*around, wanted)),
            )
        self._permit(self._opened[key])  # a policy may have come since it was opened
        return self._opened[key]

    def _opened_once(self, reference: str, options: dict[str, Any]) -> Backend | AsyncBackend:
        key = repr((reference, sorted(options.items())))
        if key not in self._opened:
            _log.debug("opening backend %s", reference)
            self._opened[key] = open_backend(reference, **options)
        return self._opened[key]

    def _permit(self, backend: BackendLike) -> None:
        for leaf in (backend,) if isinstance(backend, str) else leaves(backend):
            self._permit_one(leaf)

    def _permit_one(self, backend: BackendLike) -> None:
        name = backend if isinstance(backend, str) else backend.name
        if name == "mock" and isinstance(backend, str | MockBackend):
            return
        around = [session.allow for session in (*_sessions.get(), self)]
        for policy in (*around, _process.allow, settings_of_project().allow):
            if policy is not None and not any(fnmatchcase(name, pattern) for pattern in policy):
                raise BackendNotAllowed(
                    f"backend {name} is not allowed; the policy permits {', '.join(policy) or 'none'}. "
                    f"Choose one of these or widen allow."
                )

    def close(self) -> None:
        """Close every backend that this session opened; may be called twice."""
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, {}
            self._found.clear()
        for backend in opened.values():
            if isinstance(
                backend, Layered | AsyncLayered
            ):  # what is inside is closed by itself, or belongs to who made it
                close_layers(backend)
            elif isinstance(backend, Backend):
                backend.close()

    async def aclose(self) -> None:
        """The asynchronous twin of :meth:`close`."""
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, {}
            self._found.clear()
        for backend in opened.values():
            if isinstance(backend, Layered | AsyncLayered):
                close_layers(backend)
            elif isinstance(backend, AsyncBackend):
                await backend.aclose()
            else:
                backend.close()

    def __enter__(self) -> Self:
        with self._lock:
            self._entered += 1
        _sessions.set((*_sessions.get(), self))
        return self

    def _leave(self) -> bool:
        """Leave this context; True when it was the last of all contexts that had entered."""
        stack = list(_sessions.get())
        if self in stack:
            del stack[len(stack) - 1 - stack[::-1].index(self)]
            _sessions.set(tuple(stack))
        with self._lock:
            self._entered -= 1
            return self._entered == 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leave():
            self.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leave():
            await self.aclose()


class _Process:
    """What ``pk.configure`` has set, and the implicit session of this process."""

    def __init__(self) -> None:
        self.configuration = Configuration()
        self.lock = threading.Lock()
        self.session: Session | None = None
        self.pid = 0
        self.project: tuple[str, Configuration] | None = None

    @property
    def backends(self) -> Mapping[str, Any]:
        return self.configuration.backends

    @property
    def prompts(self) -> Mapping[str, str]:
        return self.configuration.prompts

    @property
    def allow(self) -> tuple[str, ...] | None:
        return self.configuration.allow

    @property
    def prices(self) -> Mapping[str, Any]:
        return self.configuration.prices

    def renew(self) -> None:
        """In a forked child: another thread may have held the lock."""
        self.lock = threading.Lock()


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.renew)


def configure(
    *,
    backends: Mapping[str, Any] | None = None,
    prompts: Mapping[str, str] | None = None,
    allow: Sequence[str] | None = None,
    models: Sequence[str] = (),
    rules: Sequence[RuleClass] = (),
    prices: Mapping[str, Any] | None = None,
) -> None:
    """Set this process's backends, for all threads and tasks; a second call replaces the first.

    Args:
        backends: Profiles by name, as for :class:`Session`.
        prompts: Profile or backend by prompt name or pattern.
        allow: Patterns of backends that may be called; None permits all.
        models: Modules in which ``model:`` references of prompt files may be resolved.
        rules: Classes of rules that prompt files may name by their kind.
        prices: What backends cost, as for :class:`Session`.
    """
    _process.configuration = Configuration(
        backends=mapping_of("backends", backends),
        prompts=mapping_of("prompts", prompts),
        allow=policy_of(allow),
        models=tuple(models),
        rules=tuple(rules),
        prices=mapping_of("prices", prices),
    )


@contextmanager
def use(backend: BackendLike) -> Generator[None]:
    """Let ``backend`` answer in this context: ``with pk.use("mock"): ...``.

    Args:
        backend: A backend's name, a profile's name or a backend object.
    """
    if not isinstance(backend, str | Backend | AsyncBackend):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"{backend!r} is no backend; give a name such as 'mock' or an object that answers requests"
        )
    token = _in_use.set(backend)
    try:
        yield
    finally:
        _in_use.reset(token)


@contextmanager
def record(
    path: str | os.PathLike[str] | Store, *, content: bool = True, redact: Redact | None = None
) -> Generator[Store]:
    """Keep every call of this context.

    Args:
        path: A file; it is made when missing. One named ``.db``, ``.sqlite`` or ``.sqlite3`` is a database of
            SQLite, to any other each call is appended as a line of JSON. Or a store, with bounds of its own.
        content: False to keep no inputs, messages and answers.
        redact: Changes a record before it is kept, or gives None to keep none.

    Raises:
        ConfigurationError: When the file cannot be written, or a store is given what only a file takes.
    """
    with store_of(path, content=content, redact=redact) as store:
        token = _observers.set((*_observers.get(), store))
        try:
            yield store
        finally:
            _observers.reset(token)


def observers() -> tuple[Observer, ...]:
    """Who is told of calls in this context."""
    return (*_observers.get(), *state.observers) if state.observers else _observers.get()


def current_session() -> Session:
    """This context's session, else the implicit one of this process, which is closed at exit."""
    sessions = _sessions.get()
    if sessions:
        return sessions[-1]
    with _process.lock:
        # After a fork the parent's sessions are not ours: their connections and contexts stay with it.
        if _process.session is None or _process.pid != os.getpid():
            _process.session = Session()
            _process.pid = os.getpid()
            atexit.register(_process.session.close)
        return _process.session


def settings() -> Configuration:
    """What ``pk.configure`` has set, over what the project's file says."""
    project, own = settings_of_project(), _process.configuration
    return Configuration(
        backends={**project.backends, **own.backends},
        prompts={**project.prompts, **own.prompts},
        allow=own.allow if own.allow is not None else project.allow,
        models=(*own.models, *project.models),
        rules=(*own.rules, *project.rules),
        prices={**project.prices, **own.prices},
        library=project.library,
        strict=project.strict,
        check=project.check,
        file=project.file,
    )


def settings_of_project() -> Configuration:
    """The nearest configuration file's content, read once a working directory.

    Raises:
        ConfigurationError: When the file is faulty.
    """
    folder = os.getcwd()  # noqa: PTH109 - asked at each call, and a Path takes twenty times as long
    cached = _process.project
    if cached is None or cached[0] != folder:
        cached = (folder, find_configuration(Path(folder)))
        _process.project = cached
    return cached[1]


def _from_environment() -> Configuration:
    backend = os.environ.get(_VARIABLE)
    return Configuration(backends={"default": backend} if backend else {})
