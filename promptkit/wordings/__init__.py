"""What promptkit itself says in prompts, by language: headings, sentences of rules, words for the output's form.

English is frozen by ``promptkit/1`` and the language of the keys; every other catalogue translates it.
"""

from promptkit.wordings.catalogues import known_languages, read_wording, wording_named, written_wording
from promptkit.wordings.english import ENGLISH
from promptkit.wordings.wording import Wording

__all__ = ["ENGLISH", "Wording", "known_languages", "read_wording", "wording_named", "written_wording"]
