"""From a completion to a value: read it strictly, check the constraints, and say what is wrong in a re-ask.

Two outcomes are two types, `Accepted` and `Rejected`; a cut or refused answer is never taken as whole.
"""

from __future__ import annotations

from promptkit.output.reading import Accepted, Outcome, Rejected, read
from promptkit.output.reask import reask_messages

__all__ = ["Accepted", "Outcome", "Rejected", "read", "reask_messages"]
