"""What type checkers know: held by `make types` with mypy and pyright, both strict; never run.

A line with an ignore must be an error for both: mypy reports an ignore that is not needed, pyright as well.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true, reportMissingTypeStubs=false
from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from typing_extensions import assert_type

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.backends.layers.layered import AsyncLayered, FullLayered, Layered
from promptkit.requests import AsyncBackend, Backend


class Ticket(BaseModel):
    subject: str
    body: str


class Triage(BaseModel):
    category: Literal["billing", "other"]
    urgency: int


library = pk.library("app.prompts")

# A prompt without a type gives Any, one with a type gives that type.
assert_type(library.get("support/triage"), pk.Prompt[Any])
triage = library.get("support/triage", output=Triage)
assert_type(triage, pk.Prompt[Triage])
assert_type(pk.load("a.prompt.j2", output=Triage), pk.Prompt[Triage])
assert_type(triage.using("llama:demo"), pk.Prompt[Triage])
assert_type(triage.run(ticket="x"), pk.Result[Triage])
assert_type(triage.run(ticket="x").value, Triage)
assert_type(triage.parse("{}", ticket="x").value, Triage)
assert_type(triage.render(ticket="x"), pk.Rendered)
triage.run(ticket="x").value.urgenci  # type: ignore[attr-defined]

# A prompt built in Python: text by default, else the output's type.
assert_type(pk.Prompt(template="{% user %}x{% enduser %}"), pk.Prompt[str])
assert_type(pk.Prompt(template="{% user %}x{% enduser %}", output=Triage), pk.Prompt[Triage])
assert_type(pk.Prompt(template="{% user %}x{% enduser %}", output=Literal["a", "b"]), pk.Prompt[Any])
assert_type(pk.load("a.prompt.j2", output=int | None), pk.Prompt[Any])
pk.Prompt(templat="x")  # type: ignore[call-overload]


# A decorated function keeps its signature.
@library.prompt("support/triage@^2")
def classify(ticket: Ticket, product: Literal["router", "camera"] = "router") -> Triage:
    raise NotImplementedError


ticket = Ticket(subject="s", body="b")
assert_type(classify(ticket), Triage)
assert_type(classify.run(ticket, product="camera"), pk.Result[Triage])
assert_type(classify.using("openai:m").run(ticket).value, Triage)
assert_type(classify.parse("{}", ticket).value.urgency, int)
classify(ticket, product="fridge")  # type: ignore[arg-type]
classify(tikcet=ticket)  # type: ignore[call-arg]
classify()  # type: ignore[call-arg]


async def awaited() -> None:
    assert_type(await triage.arun(ticket="x"), pk.Result[Triage])
    assert_type(await classify.arun(ticket), pk.Result[Triage])
    async for event in classify.astream(ticket):
        if isinstance(event, pk.events.Finished):
            assert_type(event.result.value, Triage)


for event in triage.stream(ticket="x"):
    match event:
        case pk.events.TextDelta():
            assert_type(event.text, str)
        case pk.events.FieldStarted():
            assert_type(event.path, str)
        case pk.events.FieldDelta():
            assert_type(event.text, str)
        case pk.events.FieldDone():
            assert_type(event.value, Any)
        case pk.events.Restarted():
            assert_type(event.attempt, int)
        case pk.events.Finished():
            assert_type(event.result, pk.Result[Triage])

rules = [pk.constraints.max_words("reply", 50), pk.constraints.between("urgency", 1, 5)]
pk.Prompt(template="", constraints=rules, output=Triage)

# A model that was given tools may ask for one in place of an answer: the value may be missing then.
assert_type(triage.using(tools=[Ticket]), pk.Prompt[Triage | None])
assert_type(triage.using("openai:m", tools=[Ticket], attempts=2).run(ticket="x").value, Triage | None)
assert_type(classify.using(tools=[Ticket]).run(ticket).value, Triage | None)
triage.using(attempt=2)  # type: ignore[call-overload]


def layered(sync: Backend, asynchronous: AsyncBackend) -> None:
    """Layers are of the kind of backend that they are put around."""
    assert_type(pk.layers.retry(MockBackend(), attempts=5), FullLayered)
    assert_type(pk.layers.fallback(MockBackend(), sync, on=["RateLimited"], invalid=True), FullLayered)
    assert_type(pk.layers.budget(sync, pk.layers.Budget(money="1.00", per="day")), Layered)
    assert_type(pk.layers.concurrency(asynchronous, max_parallel=3), AsyncLayered)
    triage.using(pk.layers.cache(pk.layers.retry(sync), file="answers.sqlite"))
    pk.layers.retry(sync, atempts=5)  # type: ignore[call-overload]
