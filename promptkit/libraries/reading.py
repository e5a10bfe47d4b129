"""Reading: from a file of a library to its declaration and its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptkit.authoring import SUFFIXES, Surroundings, read_text
from promptkit.constraints import Kinds
from promptkit.declarations import Declaration
from promptkit.errors import PromptError, TemplateError
from promptkit.libraries.extending import refuse_broken_contract
from promptkit.libraries.finding import Finder
from promptkit.libraries.fragments import Fragments, Included
from promptkit.libraries.frozen import Entry
from promptkit.libraries.locks import Pin
from promptkit.libraries.pins import pin_of
from promptkit.libraries.trees import BelowTree, FolderTree
from promptkit.libraries.versions import split_reference
from promptkit.prompts import Loader, Prompt
from promptkit.sessions import settings
from promptkit.wordings import Wording, read_wording, wording_named

__all__ = ["Reader", "surroundings_of"]


def surroundings_of(file: Path, kinds: Kinds) -> Surroundings:
    """What a file may refer to that lies in no library: what lies in its folder.

    Args:
        file: The file.
        kinds: The kinds of rule that files may name.
    """

    def reader() -> Reader:
        return Reader(Finder(FolderTree(file.resolve().parent)), kinds=kinds, models=())

    return Surroundings(
        base_of=lambda reference: reader().named(reference),
        wording_of=lambda language: reader().wording(language, None, None),
    )


class Reader:
    """Reads the files that a finder finds.

    Args:
        finder: Finds files, those of prompts that are extended among them.
        kinds: The kinds of rule that files may name.
        models: Modules in which ``model:`` references may be resolved, beside those that the configuration names.
    """

    def __init__(self, finder: Finder, *, kinds: Kinds, models: Sequence[str]) -> None:
        self._finder = finder
        self._tree = finder.tree
        self._kinds = kinds
        self._models = tuple(models)

    def prompt(self, entry: Entry, *, output: Any = None, load: Loader | None = None) -> Prompt[Any]:
        """The prompt of one file.

        Args:
            entry: The file.
            output: The output's type in Python; it must agree with the file.
            load: Gives included files; by default :meth:`fragments`. An ``Included`` remembers those of prompts that
                are extended as well.

        Raises:
            PromptError: When the file is faulty, names itself otherwise, or breaks the contract that it extends.
        """
        included = load if isinstance(load, Included) else None
        declaration = self.declaration(entry, included=included)
        return self._prompt(entry, declaration, output=output, load=load or self.fragments(entry))

    def declaration(self, entry: Entry, *, included: Included | None = None) -> Declaration:
        """What one file declares; for a variant with all that it takes over.

        Args:
            entry: The file.
            included: Remembers the files of prompts that are extended.

        Raises:
            TemplateError: When the file is faulty, names itself or its version otherwise, or breaks the contract
                that it extends.
        """
        return self._declared(entry, included, ())

    def named(self, reference: str) -> Declaration:
        """What the file of a name or a range declares.

        Raises:
            PromptError: When there is none, or it is faulty.
        """
        return self.declaration(self._finder.entry(reference))

    def wording(self, language: str, bundle: str | None, included: Included | None) -> Wording:
        """The catalogue of a language: the library's own, else promptkit's.

        Args:
            language: Its code.
            bundle: The folder of a frozen version, which has its own catalogue or none.
            included: Remembers the library's own.

        Raises:
            ValueError: When there is none, or the library's own is faulty.
        """
        own = f"wordings/{language}.toml"
        path = own if bundle is None else f"{bundle}/{own}"
        if not language.isascii() or not language.isalpha() or not self._tree.has(path):
            return wording_named(language)
        text = self._tree.text(path)
        if included is not None:
            included.add(own, text)
        return read_wording(text, language, self._tree.place(path))

    def fragments(self, entry: Entry) -> Fragments:
        """Where a file's includes are found: for a frozen one those that were frozen with it."""
        if entry.bundle is not None:
            bundle = BelowTree(self._tree, entry.bundle)
            if bundle.files():
                return Fragments(bundle)
        return Fragments(self._tree)

    def pin(self, entry: Entry, prompt: Prompt[Any], included: Included) -> Pin:
        """What a prompt is made of now, as hashes.

        Raises:
            PromptError: When it does not hold together, or the library lacks a prompt that judges it.
        """
        prompt.check()
        return pin_of(
            entry,
            prompt,
            text=self._tree.text(entry.path),
            fragments=included.texts,
            judge_file=lambda judge: self._judge(judge, prompt.declaration),
        )

    def _judge(self, reference: str, declaration: Declaration) -> str:
        try:
            return self._finder.entry(reference).path
        except PromptError as error:
            raise TemplateError(
                f"a constraint is judged by {reference}, which is not there: {error}", file=declaration.place
            ) from error

    def _declared(self, entry: Entry, included: Included | None, chain: tuple[str, ...]) -> Declaration:
        text, place = self._tree.text(entry.path), self._tree.place(entry.path)
        bases: list[Declaration] = []

        def base_of(reference: str) -> Declaration:
            base = self._base_entry(entry, reference)
            if base.path in (*chain, entry.path):
                raise PromptError(f"the way leads back: {' -> '.join([*chain, entry.path, base.path])}")
            bases.append(self._declared(base, included, (*chain, entry.path)))
            if included is not None:
                included.add(self._bundled(base), self._tree.text(base.path))
            return bases[0]

        declaration = read_text(
            text,
            file=place,
            name=entry.name,
            yaml_document=entry.path.endswith(SUFFIXES[1]),
            kinds=self._kinds,
            around=Surroundings(
                base_of=base_of, wording_of=lambda language: self.wording(language, entry.bundle, included)
            ),
        )
        self._refuse_other_identity(entry, declaration)
        for base in bases:
            refuse_broken_contract(self._prompt(entry, base), self._prompt(entry, declaration), declaration)
        return declaration

    def _prompt(
        self, entry: Entry, declaration: Declaration, *, output: Any = None, load: Loader | None = None
    ) -> Prompt[Any]:
        models = (*self._models, *settings().models)
        return Prompt.declared(declaration, output=output, load=load or self.fragments(entry), models=models)

    def _base_entry(self, entry: Entry, reference: str) -> Entry:
        """The file of a prompt that another extends: for a frozen one the file that was frozen with it."""
        bundle = entry.bundle
        if bundle is not None:
            name, _ = split_reference(reference)
            for suffix in SUFFIXES:
                if self._tree.has(f"{bundle}/{name}{suffix}"):
                    return Entry(name=name, path=f"{bundle}/{name}{suffix}", within=bundle)
        return self._finder.entry(reference)

    def _bundled(self, entry: Entry) -> str:
        """Where a file is kept in the bundle of a frozen version: by its name, whatever its version."""
        suffix = next(suffix for suffix in SUFFIXES if entry.path.endswith(suffix))
        return f"{entry.name}{suffix}"

    def _refuse_other_identity(self, entry: Entry, declaration: Declaration) -> None:
        place = self._tree.place(entry.path)
        if declaration.name != entry.name and not entry.alone:
            raise TemplateError(
                f"the file calls itself {declaration.name}, but its place in the library is {entry.name}; "
                f"leave name out, or write name: {entry.name}",
                file=place,
                line=declaration.lines.get("name"),
            )
        if entry.frozen and declaration.version != entry.version:
            raise TemplateError(
                f"the file says version {declaration.version or 'nothing'}, but it is frozen as {entry.version}; "
                f"a frozen file never changes: restore it, for example with git checkout",
                file=place,
                line=declaration.lines.get("version"),
            )
