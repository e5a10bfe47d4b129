"""Names in a stub: classes that are not taken yet, modules that are imported."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["Names", "camel", "shadows"]


class Names:
    """What a stub has defined and imported so far.

    Attributes:
        classes: The source of each class, in order.
        modules: Modules that are imported whole.
    """

    def __init__(self) -> None:
        self.classes: list[str] = []
        self.modules: set[str] = set()
        self._taken: set[str] = set()

    def new(self, wanted: str) -> str:
        """A class name that is not taken: the wanted one, or that with a number."""
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name

    def qualified(self, kind: type) -> str:
        """A class of the application by its module, which is then imported."""
        if kind.__module__ == "builtins":
            return kind.__qualname__
        self.modules.add(kind.__module__)
        return f"{kind.__module__}.{kind.__qualname__}"


def shadows(fields: Mapping[str, str]) -> bool:
    """Whether a field is called as a type that another field of the class, or the field itself, needs: ``list``."""
    return bool(fields.keys() & set(re.findall(r"\w+", " ".join(fields.values()))))


def camel(name: str) -> str:
    """``support/triage`` as ``SupportTriage``."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", name) if word]
    made = "".join(word[:1].upper() + word[1:] for word in words)
    return f"P{made}" if not made or made[0].isdigit() else made
