"""CallRecord: one line of JSON that reads back as the same value."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from promptkit.completions import (
    Allowance,
    Attempt,
    Completion,
    Detour,
    Enforcement,
    RateLimits,
    Repair,
    TokenLogprob,
    Usage,
    Verdict,
)
from promptkit.records import CallRecord, ErrorInfo, JsonLines, PromptInfo, RequestInfo, call_key, read_jsonl
from promptkit.requests import Placement

SPENT = Usage(input_tokens=1, output_tokens=2, cost=Decimal("0.0030"))
DETOURS = (
    Detour(layer="retry", backend="m", reason="TimedOut: x", waited_s=0.5, usage=SPENT),
    Detour(layer="fallback", backend="m", to="n", reason="ServerError: x"),
)
VERDICT = Verdict(
    constraint="reply.max_words",
    path="reply",
    rule="max_words",
    outcome="violated",
    severity="must",
    enforced=Enforcement.CHECK,
    expected="`reply` has at most 2 words.",
    got="3 words",
    hint="Leave one out.",
)
RECORD = CallRecord(
    id="0011223344556677",
    trace_id="00112233445566778899aabbccddeeff",
    key="sha256:ab",
    status="failed",
    started_at=1.5,
    elapsed_s=0.25,
    prompt=PromptInfo(
        name="p",
        version="1.0.0",
        digest="sha256:cd",
        file=None,
        inputs={"x": "ä\n\u2028"},
        trust={"x": "untrusted"},
    ),
    request=RequestInfo(
        backend="mock",
        generation={"temperature": 0},
        messages=({"role": "user", "content": "hi"},),
        output_schema={"type": "object"},
        fingerprint="sha256:ef",
    ),
    plan=(Placement(path="reply", rule="max_words", where=Enforcement.CHECK),),
    attempts=(
        Attempt(
            number=1,
            completion=Completion(
                text="a b c",
                finish_reason="stop",
                model="m",
                usage=SPENT,
                logprobs=(
                    TokenLogprob(text="a", logprob=-0.25, top=(("a", -0.25), ("\u00e4", -2.5))),
                    TokenLogprob(text=" b c", logprob=0.0),
                ),
                confidence={"reply": 0.75, "items[0].name": 1.0},
                rate_limits=RateLimits(requests=Allowance(limit=60, left=59, reset_s=1.0)),
                detours=DETOURS,
            ),
            error="ConstraintViolated: x",
            verdicts=(VERDICT,),
            cause="first",
            usage=SPENT,
            cost="0.0030",
            started_at=1.5,
            elapsed_s=0.2,
            detours=DETOURS,
        ),
        Attempt(
            number=2,
            completion=None,
            error="TimedOut: x",
            cause="re-ask: reply.max_words",
            asked=("reply",),
            messages=({"role": "user", "content": "Correct it."},),
            started_at=2.5,
            elapsed_s=0.2,
        ),
    ),
    verdicts=(VERDICT,),
    repairs=(Repair(path="a", rule="trim", before=" x", after="x", cost=1, lossy=False),),
    usage=SPENT,
    cost="0.0030",
    error=ErrorInfo(type="ConstraintViolated", message="x"),
    tags={"case": "c1"},
    environment={"promptkit": "0.1.0"},
)


def test_a_record_survives_the_way_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with JsonLines(path) as store:
        store.on_call(RECORD)
        store.on_call(RECORD)

    first, second = read_jsonl(path)
    assert (first, second) == (RECORD, RECORD)
    assert first.attempts[0].completion.rate_limits == RECORD.attempts[0].completion.rate_limits
    assert len(path.read_text(encoding="utf-8").split("\n")) == 3


def test_keys_that_a_newer_version_added_are_passed_over() -> None:
    data: dict[str, Any] = json.loads(RECORD.to_json())
    data["sparkle"] = 1
    data["usage"]["sparkle"] = 1

    assert CallRecord.from_dict(data) == RECORD


def test_a_line_from_before_the_ledger_still_reads() -> None:
    data: dict[str, Any] = json.loads(RECORD.to_json())
    for attempt in data["attempts"]:
        for name in ("cause", "asked", "messages", "usage", "cost"):
            del attempt[name]
    del data["usage"]["cost"]

    record = CallRecord.from_dict(data)

    assert [(it.cause, it.asked, it.messages, it.usage, it.cost) for it in record.attempts] == [
        ("", (), (), None, None)
    ] * 2
    assert record.usage == Usage(input_tokens=1, output_tokens=2)


def test_a_line_from_before_log_probabilities_still_reads() -> None:
    data: dict[str, Any] = json.loads(RECORD.to_json())
    assert data["attempts"][0]["completion"]["logprobs"][0]["top"] == [["a", -0.25], ["\u00e4", -2.5]]
    for name in ("logprobs", "confidence"):
        del data["attempts"][0]["completion"][name]

    completion = CallRecord.from_dict(data).attempts[0].completion

    assert completion is not None
    assert (completion.text, completion.logprobs, completion.confidence) == ("a b c", None, None)


def test_money_that_is_no_number_makes_no_record() -> None:
    data: dict[str, Any] = json.loads(RECORD.to_json())
    data["usage"]["cost"] = "dear"

    with pytest.raises(ValueError, match="lacks a part"):
        CallRecord.from_dict(data)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"v": 2}', "form 2; this promptkit reads form 1"),
        ('{"v": 1}', "lacks a part"),
        ("{", ":2: "),
    ],
)
def test_a_line_that_is_no_record_is_named_by_its_number(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(RECORD.to_json() + "\n" + line + "\n")

    with pytest.raises(ValueError, match=r"calls\.jsonl:2: ") as caught:
        list(read_jsonl(path))

    assert said in str(caught.value)


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    from dataclasses import replace

    broken = replace(RECORD, tags={"x": "\ud800"})
    with JsonLines(tmp_path / "c.jsonl") as store:
        store.on_call(broken)

    assert next(read_jsonl(tmp_path / "c.jsonl")).tags == {"x": "\ud800"}


def test_a_file_of_records_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with JsonLines(tmp_path / "c.jsonl") as store:
        store.close()

    assert (tmp_path / "c.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_key_depends_on_request_and_backend_alone() -> None:
    assert call_key("sha256:1", "mock") == call_key("sha256:1", "mock")
    assert (
        len({call_key("sha256:1", "mock"), call_key("sha256:2", "mock"), call_key("sha256:1", "llama:x")})
        == 3
    )
