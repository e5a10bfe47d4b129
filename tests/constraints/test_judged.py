"""Rules that a judge decides."""

from __future__ import annotations

import pytest

from promptkit.authoring import parse_text
from promptkit.constraints import from_file, judged, tone
from promptkit.constraints.judged import Judged, Tone
from promptkit.errors import TemplateError
