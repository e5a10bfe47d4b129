"""What changed between two versions of a prompt: its text, what a model is shown, and what callers rely on.

From the last follows the version number that the change demands.
"""

from promptkit.libraries.diffs.bumps import Bump, enough, least_after
from promptkit.libraries.diffs.contracts import Change
from promptkit.libraries.diffs.prompts import PromptDiff, Side, diff_of

__all__ = ["Bump", "Change", "PromptDiff", "Side", "diff_of", "enough", "least_after"]
