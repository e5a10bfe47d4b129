"""The service: each ticket is sorted, and where the customer waits for an answer one is drafted."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Literal, TypeAlias

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import promptkit as pk
from promptkit import errors

log = logging.getLogger(__name__)
library = pk.library("desk.prompts")

Waiting: TypeAlias = Literal["billing", "outage", "question"]


class Ticket(BaseModel):
    """What a customer wrote."""

    subject: Annotated[str, Field(max_length=200)]
    body: Annotated[str, Field(min_length=1, max_length=8_000)]


class Sorted(BaseModel):
    """What a ticket is about, and how soon somebody must look at it."""

    category: Waiting | Literal["thanks"]
    urgency: Annotated[int, Field(ge=1, le=5)]
    evidence: str


class Triage(Sorted):
    """A sorted ticket; without a draft nobody waits for an answer, or a person must write it."""

    draft: str | None


# The files are the prompts, and the bodies never run. A signature that its file disagrees with is an error on import.
@library.prompt("classify")
def classify(subject: str, body: str) -> Sorted:
    """Sort a ticket."""
    raise NotImplementedError


@library.prompt("reply")
def reply(body: str, category: Waiting) -> str:
    """Draft a reply."""
    raise NotImplementedError


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, pk.Session]]:
    """One session as long as the service runs: it owns the connections to the model, and closes them."""
    async with pk.Session() as session:
        yield {"session": session}


async def in_session(request: Request) -> AsyncGenerator[None]:
    """Each request runs in a context of its own, so that it enters the session."""
    async with request.state.session:
        yield


app = FastAPI(title="Help desk", lifespan=lifespan)


@app.post("/tickets", dependencies=[Depends(in_session)])
async def triage(ticket: Ticket) -> Triage:
    """Sort a ticket, and draft a reply unless it only says thanks."""
    found = (await classify.using(deadline_s=20).arun(subject=ticket.subject, body=ticket.body)).value
    draft = None if found.category == "thanks" else await drafted(ticket.body, found.category)
    return Triage(**found.model_dump(), draft=draft)


async def drafted(body: str, category: Waiting) -> str | None:
    """A reply that keeps the house's rules; None where the model found none."""
    try:
        return (await reply.using(deadline_s=40).arun(body=body, category=category)).value
    except (errors.OutputError, errors.AttemptsExhausted) as error:
        log.warning("no draft: %s", error)
        return None


STATUS: dict[type, int] = {
    errors.ContextOverflow: 413,
    errors.RateLimited: 503,
    errors.Overloaded: 503,
    errors.TimedOut: 504,
    errors.BackendError: 502,
    errors.OutputError: 502,
    errors.AttemptsExhausted: 502,
}
"""What a caller is told of a failure; its nearest class counts, and what is not listed is a fault of ours."""


@app.exception_handler(pk.PromptKitError)
async def failed(_: Request, error: pk.PromptKitError) -> JSONResponse:
    """A status and the error's name; its message is for us, not for who asked."""
    log.error("a ticket failed: %s", error)
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    wait_s = getattr(error, "retry_after_s", None)
    headers = {"Retry-After": str(math.ceil(wait_s))} if wait_s else None
    return JSONResponse({"error": type(error).__name__}, status, headers)
