"""Folders of prompt files: found by name, read, and handed out as prompts.

Includes and macros resolve inside the folder only.
"""

from promptkit.libraries.checking import check_file, check_library, file_subject, library_subjects
from promptkit.libraries.folders import Library
from promptkit.libraries.fragments import Fragments
from promptkit.libraries.names import is_prompt_name
from promptkit.libraries.opening import library, load
from promptkit.libraries.versions import satisfies, split_reference

__all__ = [
    "Fragments",
    "Library",
    "check_file",
    "check_library",
    "file_subject",
    "is_prompt_name",
    "library",
    "library_subjects",
    "load",
    "satisfies",
    "split_reference",
]
