"""Stubs: what type checkers can know of a library, each prompt's inputs and its output."""

from promptkit.libraries.stubs.library_stub import stub_of

__all__ = ["stub_of"]
