"""Secrets in files: found by their forms, and not where they are plainly made up."""

from __future__ import annotations

import pytest

from promptkit.checks.secrets import secrets_in

RANDOM = "q7Zt3LmX9vRb2KcW8nHd4JpS6yGf1TeA5uQo"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"sk-{RANDOM}", "an API key"),
        (f"sk-proj-{RANDOM}", "an API key"),
        (f"ghp_{RANDOM}", "a GitHub token"),
        (f"github_pat_{RANDOM}{RANDOM}", "a GitHub token"),
        ("AKIAQ7ZT3LMX9VRB2KCW", "an AWS access key"),
        (f"AIza{RANDOM[:35]}", "a Google API key"),
        (f"hf_{RANDOM}", "a Hugging Face token"),
        ("xoxb-772109-883120-kQm3LpZx", "a Slack token"),
        (f"sk_live_{RANDOM}", "a payment key"),
        (f"eyJhbGciOiJIUzI1NiJ9.eyJ{RANDOM}.{RANDOM}", "a JSON web token"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ("postgres://app:hQ7vLz29sKd@db.internal/main", "a password in a URL"),
        ("password: hQ7vLz29sKd81mPw", "a password or key"),
        ('"api_key": "hQ7vLz29sKd81mPw"', "a password or key"),
        ("Authorization: Bearer hQ7vLz29sKd81mPwXc", "a password or key"),
    ],
)
def test_what_looks_like_a_secret_is_found_where_it_stands(text: str, what: str) -> None:
    (found,) = secrets_in(f"first\n  {text} end")

    assert (found.what, found.line) == (what, 2)
    assert f"  {text} end"[found.column - 1 :][: found.width] in text


@pytest.mark.parametrize(
    "text",
    [
        "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-goes-here-please",
        "AKIAIOSFODNN7EXAMPLE",
        "password: the one that the customer chose",
        "password: {{ password }}",
        "api_key = aaaaaaaaaaaaaaaaaaaaaaaa",
        "secret_key: correct-horse-battery-staple",
        "https://example.org/path?user=ada",
        "The token limit is 1000 tokens.",
        "task-specific-instructions-for-the-model",
        "disk-utilisation-and-memory-statistics",
    ],
)
def test_what_is_plainly_none_is_passed(text: str) -> None:
    assert list(secrets_in(text)) == []


def test_a_secret_behind_a_name_is_told_once() -> None:
    assert [found.what for found in secrets_in(f"api_key: sk-{RANDOM}")] == ["an API key"]
