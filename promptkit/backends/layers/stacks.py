"""Layers as a configuration names them: a list of names and options, put around a backend."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from promptkit.backends.layers.budgets import Budget, budget
from promptkit.backends.layers.caches import cache
from promptkit.backends.layers.effects import AnyBackend
from promptkit.backends.layers.fallbacks import fallback
from promptkit.backends.layers.parallel_calls import concurrency
from promptkit.backends.layers.rate_limits import rate_limit
from promptkit.backends.layers.retries import retry
from promptkit.errors import ConfigurationError
from promptkit.spelling import did_you_mean

__all__ = ["stacked"]

_MAKERS: Mapping[str, Callable[..., Any]] = {
    "cache": cache,
    "concurrency": concurrency,
    "rate_limit": rate_limit,
    "retry": retry,
}
_KINDS = sorted([*_MAKERS, "budget", "fallback"])
_FORM = 'a name, or a table of one name and its options: ["cache", { retry = { attempts = 5 } }]'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One layer of a list, its options known."""

    place: str
    around: Callable[..., Any]
    others: tuple[str, ...] = ()


def stacked(
    backend: AnyBackend, layers: Any, *, where: str, named: Callable[[str], AnyBackend]
) -> AnyBackend:
    """Put layers around a backend.

    What stands behind ``fallback`` in the list stands around each of its backends, a budget as one for all.

    Args:
        backend: What is wrapped.
        layers: The outermost layer first: names, and tables of one name and its options.
        where: What errors call the list.
        named: Gives the backends that ``fallback`` names in ``to``.

    Raises:
        ConfigurationError: When a name, an option or the order makes no sense.
    """
    if isinstance(layers, str | Mapping) or not isinstance(layers, Sequence):
        raise ConfigurationError(f"{where} takes a list, the outermost first; each is {_FORM}")
    items: Sequence[Any] = layers  # pyright: ignore[reportUnknownVariableType]
    wishes = [_wish(item, where) for item in items]
    return _built(backend, wishes, named)


def _built(backend: AnyBackend, wishes: Sequence[_Wish], named: Callable[[str], AnyBackend]) -> AnyBackend:
    if not wishes:
        return backend
    wish, *inside = wishes
    each = [_built(it, inside, named) for it in (backend, *(named(name) for name in wish.others))]
    try:
        made: AnyBackend = wish.around(*each)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{wish.place}: {error}") from error
    return made


def _wish(item: Any, where: str) -> _Wish:
    kind, options = _read(item, where)
    if kind not in _KINDS:
        raise ConfigurationError(
            f"{where}: there is no layer {kind}{did_you_mean(kind, _KINDS)}; there are {', '.join(_KINDS)}"
        )
    place = f"{where}: {kind}"
    if kind == "budget":
        return _budget(options, place)
    if kind == "fallback":
        return _fallback(options, place)
    _check(_MAKERS[kind], options, place)
    return _Wish(place=place, around=partial(_MAKERS[kind], **options))


def _read(item: Any, where: str) -> tuple[str, dict[str, Any]]:
    if isinstance(item, str):
        return item, {}
    if isinstance(item, Mapping):
        table: Mapping[Any, Any] = item  # pyright: ignore[reportUnknownVariableType]
        ((kind, options), *more) = table.items() if table else [("", None)]
        if not more and isinstance(options, Mapping):
            own: Mapping[Any, Any] = options  # pyright: ignore[reportUnknownVariableType]
            return str(kind), {str(key): value for key, value in own.items()}
    raise ConfigurationError(f"{where}: {item!r} is no layer; write {_FORM}")


def _check(
    maker: Callable[..., Any], options: Mapping[str, Any], place: str, *, also: tuple[str, ...] = ()
) -> None:
    parameters = inspect.signature(maker).parameters.values()
    known = sorted({*also, *(it.name for it in parameters if it.kind is it.KEYWORD_ONLY)})
    for name in options:
        if name not in known:
            raise ConfigurationError(
                f"{place} has no option {name}{did_you_mean(name, known)}; it takes {', '.join(known)}"
            )


def _budget(options: Mapping[str, Any], place: str) -> _Wish:
    _check(Budget, options, place, also=("clock", "price"))
    around = {name: value for name, value in options.items() if name in ("clock", "price")}
    try:
        limits = Budget(**{name: value for name, value in options.items() if name not in around})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{place}: {error}") from error
    return _Wish(place=place, around=partial(_budgeted, limits=limits, around=around))


def _budgeted(backend: AnyBackend, *, limits: Budget, around: Mapping[str, Any]) -> Any:
    return budget(backend, limits, **around)


def _fallback(options: Mapping[str, Any], place: str) -> _Wish:
    _check(fallback, options, place, also=("to",))
    to = options.get("to")
    names = [to] if isinstance(to, str) else to
    if not isinstance(names, list | tuple) or not names or not all(isinstance(it, str) for it in names):  # pyright: ignore[reportUnknownVariableType]
        raise ConfigurationError(
            f'{place} lacks to, the backends or profiles that are asked then: to = ["openai:gpt-5-mini"]'
        )
    own = {name: value for name, value in options.items() if name != "to"}
    return _Wish(place=place, around=partial(fallback, **own), others=tuple(cast("Sequence[str]", names)))
