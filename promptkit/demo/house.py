"""A narrow variation of the task, the subject of "prompt or fine-tune?": other categories and a house rule.

Queues of a house of its own, and `escalate`, which follows a rule that no message states: yes for danger, and for
an unhappy customer who names an order; else no.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from generator import Message
from prefixes import Prefix
from tasks import Field, Label, Task

__all__ = ["HOUSE", "SHORT", "WRITTEN_OUT"]

QUEUES = {
    "RMA": ("return", "damaged", "wrong_item", "missing_part", "warranty", "device_dead"),
    "CASH": ("double_charge", "refund", "invoice", "discount", "payment", "subscription"),
    "TRACK": ("late", "tracking", "delivery_place", "cancel_order"),
    "BENCH": ("connection", "battery", "picture_sound", "software", "setup"),
    "WEB": ("site", "sign_in", "password", "profile", "newsletter", "close_account", "security"),
    "FRONT": ("advice", "availability", "shop", "staff", "other"),
}
MEANINGS = {
    "RMA": "returns, warranty, dead devices and deliveries that are broken, wrong or not whole",
    "CASH": "charges, refunds, invoices, vouchers, payment, plans",
    "TRACK": "parcels on their way, late or to another address, and orders to cancel",
    "BENCH": "devices that run but not well, and help with setting them up",
    "WEB": "the site, sign-in, customer data, newsletters, fraud",
    "FRONT": "advice before buying, the shop, its staff, and the rest",
}
RULE = "escalate is yes for danger or fraud, and for an unhappy customer who names an order number; else it is no."


@dataclass(frozen=True, slots=True)
class Escalation(Field):
    """Whether a message goes to the head of the team by the house rule."""

    def value(self, message: Message) -> str:
        """Return yes or no."""
        unhappy = message.sentiment == "negative" and message.order_id is not None
        return "yes" if message.kind == "danger" or unhappy else "no"


NONE: Mapping[str, str] = {}
HOUSE = Task(
    (
        Field(
            "category",
            "queue",
            NONE,
            tuple(Label(name, frozenset(topics)) for name, topics in QUEUES.items()),
        ),
        Escalation("escalate", "escalate", {"yes": "yes", "no": "no"}),
    )
)
FORM = "Customer message:\n~~~ message\n{message}\n~~~"
FIELDS = (
    "Answer with one JSON object and nothing else. Its fields, in this order:\n- `queue`: one of "
    + ", ".join(f'"{name}"' for name in QUEUES)
    + '\n- `escalate`: one of "yes", "no"'
)
SHORT = Prefix(messages=(("system", FIELDS),), user_form=FORM, task=HOUSE)
WRITTEN_OUT = Prefix(
    messages=(
        (
            "system",
            f"Task: Sort the message of a customer.\n\nRules:\n- {RULE}\n\n{FIELDS}\n\nWhat the labels mean:\n"
            + "\n".join(f"{name}: {meaning}" for name, meaning in MEANINGS.items()),
        ),
    ),
    user_form=FORM,
    task=HOUSE,
)
