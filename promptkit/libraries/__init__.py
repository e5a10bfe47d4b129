"""Folders of prompt files: found by name, read, and handed out as prompts.

Includes and macros resolve inside the folder only.
"""

from promptkit.libraries.folders import Library
from promptkit.libraries.fragments import Fragments, is_prompt_name
from promptkit.libraries.opening import library, load
from promptkit.libraries.versions import satisfies, split_reference

__all__ = ["Fragments", "Library", "is_prompt_name", "library", "load", "satisfies", "split_reference"]
