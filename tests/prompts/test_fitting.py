"""Prompts that are longer than they may be: which block gives way, what is kept, and when nothing is sent."""

from __future__ import annotations

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import ContextOverflow, InputError, TemplateError

BODY = """
{% system %}
{{ clarity }}
{% endsystem %}
{% user %}
{% if kb %}
Passages:
{{ context.kb }}
{% endif %}
{{ context.ticket }}
{% enduser %}
"""
TICKET = "The router is broken. " * 30
PASSAGES = [f"Passage {number} says how a router is restarted." for number in range(20)]


def prompt(*, kb=None, ticket=None, history="", template=BODY, **input_keys):
    front = [
        "---",
        "input:",
        "  schema:",
        "    kb?(array): string",
        "    ticket: string",
        *([f"    {history}"] if history else []),
        *(f"  {key}: {value}" for key, value in input_keys.items()),
        "clarity: {task: Answer the ticket.}",
        "context:",
        f"  - {{from: kb{kb or ''}}}",
        f"  - {{from: ticket{ticket or ''}}}",
        "---",
    ]
    return "\n".join(front) + template


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "fit.prompt.j2"
        path.write_text(text, encoding="utf-8")
        return pk.load(path)

    return load


def test_a_prompt_without_limits_is_never_counted(load) -> None:
    assert load(prompt()).render(kb=PASSAGES, ticket=TICKET).fit is None


def test_a_block_that_is_empty_does_not_give_way(load) -> None:
    made = load(prompt(kb=", shrink: drop_last", ticket=", shrink: drop_last, priority: 1")).using(
        max_input_tokens=60
    )

    fit = made.render(kb=[], ticket=TICKET).fit

    assert [(block.id, block.cut) for block in fit.blocks] == [("kb", None), ("ticket", "room")]


def test_a_block_is_held_to_its_own_limit_by_whole_items(load) -> None:
    rendered = load(prompt(kb=", max_tokens: 60, shrink: drop_last")).render(kb=PASSAGES, ticket=TICKET)

    block = rendered.fit.blocks[0]
    assert (block.id, block.kept, block.of, block.unit, block.cut) == ("kb", 5, 20, "items", "max_tokens")
    assert block.tokens <= 60 < block.whole
    assert "Passage 4 says" in rendered.messages[-1].text
    assert "Passage 5 says" not in rendered.messages[-1].text
    assert rendered.inputs["kb"] == PASSAGES


def test_of_two_blocks_the_one_of_lower_priority_gives_way_first(load) -> None:
    text = prompt(kb=", shrink: drop_last, priority: 5", ticket=", shrink: sentences, priority: 1")

    rendered = load(text).using(max_input_tokens=280).render(kb=PASSAGES, ticket=TICKET)

    kb, ticket = rendered.fit.blocks
    assert (kb.cut, ticket.cut) == (None, "room")
    assert 0 < ticket.kept < ticket.of == 30
    assert rendered.fit.tokens <= 280 == rendered.fit.room
    assert "[…]" in rendered.messages[-1].text


def test_a_block_that_is_gone_takes_its_heading_along(load) -> None:
    rendered = (
        load(prompt(kb=", shrink: drop_last")).using(max_input_tokens=210).render(kb=PASSAGES, ticket=TICKET)
    )

    assert rendered.fit.blocks[0].kept == 0
    assert "Passages:" not in rendered.messages[-1].text
    assert TICKET.strip() in rendered.messages[-1].text


def test_what_cannot_shrink_enough_is_an_error_before_anything_is_sent(load) -> None:
    backend = MockBackend(["never"])
    text = prompt(kb=", shrink: drop_last", max_tokens=90)

    with pytest.raises(
        ContextOverflow, match=r"about \d+ tokens after kb gave way, and room for 90; nothing was sent"
    ):
        load(text).using(backend).run(kb=PASSAGES, ticket=TICKET)

    assert backend.requests == []


def test_an_error_names_nothing_that_gave_way_where_nothing_could(load) -> None:
    with pytest.raises(ContextOverflow, match=r"has about \d+ tokens, and room for 20; nothing was sent"):
        load(prompt(kb=", shrink: drop_last", max_tokens=20)).render(ticket=TICKET)


def test_an_input_longer_than_its_block_is_an_error_where_the_block_never_shrinks(load) -> None:
    with pytest.raises(
        InputError, match=r"ticket: it has \d+ tokens, and context.ticket may show 20"
    ) as caught:
        load(prompt(ticket=", max_tokens: 20")).render(ticket=TICKET)

    assert [problem.path for problem in caught.value.problems] == ["ticket"]


def test_the_last_turns_of_the_history_stay_and_begin_with_the_user(load) -> None:
    body = BODY.replace("{% user %}", "{% history %}\n{% user %}")
    turns = [
        pk.Message(role=role, content=f"turn {number} " * 10)
        for number, role in enumerate(["user", "assistant", "user", "assistant", "user", "assistant"])
    ]
    text = prompt(history="history?: messages", template=body)
    kept = load(text.replace("  schema:", "  history: {keep_last: 3}\n  schema:", 1))
    short = load(text.replace("  schema:", "  history: {max_tokens: 60}\n  schema:", 1))

    by_number = kept.render(ticket="Hi", history=turns)
    by_tokens = short.render(ticket="Hi", history=turns)

    assert [m.text[:6] for m in by_number.messages[1:-1]] == ["turn 4", "turn 5"]
    assert (by_number.fit.blocks[-1].kept, by_number.fit.blocks[-1].cut) == (2, "keep_last")
    assert [m.text[:6] for m in by_tokens.messages[1:-1]] == ["turn 4", "turn 5"]
    assert by_tokens.fit.blocks[-1].cut == "max_tokens"
    assert str(by_tokens.fit).endswith("2 of 6 messages kept, cut by max_tokens")


def test_limits_of_a_history_that_is_not_there_are_an_error(load) -> None:
    with pytest.raises(TemplateError, match=r"declare `history\?: messages`"):
        load(prompt().replace("  schema:", "  history: {keep_last: 3}\n  schema:", 1)).render(ticket="Hi")


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("{from: n, shrink: drop_last}", "n is of type integer, and only a text or a list"),
        ("{from: docs, shrink: sentences}", "write drop_first, drop_last or middle"),
        ("{from: 'docs[].text', shrink: drop_last, id: texts}", "show the whole list"),
    ],
)
def test_only_texts_and_lists_shrink(load, block, problem) -> None:
    text = f"---\ninput:\n  schema:\n    n: integer\n    docs(array):\n      text: string\ncontext:\n  - {block}\n---\n"

    with pytest.raises(TemplateError, match="context") as caught:
        load(text).check()

    assert problem in str(caught.value)


def test_a_path_within_an_input_shrinks_and_its_neighbours_stay(load) -> None:
    text = (
        "---\ninput:\n  schema:\n    mail(object):\n      subject: string\n      body: string\n"
        "context:\n  - {from: mail.body, shrink: drop_last}\n---\n"
        "{% user %}{{ mail.subject }}\n{{ context.body }}{% enduser %}"
    )

    rendered = load(text).using(max_input_tokens=40).render(mail={"subject": "Router", "body": "line\n" * 60})

    assert rendered.messages[0].text.startswith("Router\n")
    assert 0 < rendered.fit.blocks[0].kept < 60


def test_the_local_model_counts_exactly_and_knows_its_context(load) -> None:
    rendered = load(prompt(kb=", shrink: drop_last")).using("llama:demo").render(kb=PASSAGES, ticket="Hi")

    assert rendered.fit.exact
    assert rendered.fit.room == 2048


def test_options_that_do_not_exist_or_have_no_sense_are_named(load) -> None:
    p = load(prompt())

    with pytest.raises(TypeError, match="did you mean max_input_tokens"):
        p.using(max_input_token=3)
    with pytest.raises(InputError, match="max_input_tokens is 0; it must be a whole number from 1"):
        p.using(max_input_tokens=0)
