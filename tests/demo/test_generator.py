"""The demo model's training data: labels follow from the parts, held-out parts stay out."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "promptkit" / "demo"
COUNT = 400


@pytest.fixture
def tools(monkeypatch):
    """The modules beside the model, which are scripts and no part of the package."""
    monkeypatch.syspath_prepend(str(DEMO))
    import generator
    import prefixes
    import tasks

    return generator, tasks, prefixes


def messages(tools, seed=1, split="train", count=COUNT):
    made = tools[0].Generator(seed, split)
    return [made.message() for _ in range(count)]


def test_a_seed_gives_the_same_messages_and_another_seed_others(tools):
    assert messages(tools) == messages(tools)
    assert not {m.text for m in messages(tools)} & {m.text for m in messages(tools, seed=2)}


def test_every_phrasing_can_be_written_out(tools):
    made = tools[0].Generator(1, "all")
    lines = [line for kinds in made.phrases.values() for many in kinds.values() for line in many]
    lines += [line for many in made.tones.values() for line in many]

    written = [made._write(line) for line in lines]
    left = [text for text in written if re.search(r"[(|]\w*\||\{(?!o[:}]|o:Order|id\}|other\})|<\w+>", text)]

    assert len(lines) > 12_000
    assert left == []


def test_an_order_number_stands_in_its_message_as_it_is_answered(tools):
    drawn = messages(tools)

    assert [m.text for m in drawn if m.order_id and m.order_id not in m.text] == []
    assert 0.3 < sum(m.order_id is not None for m in drawn) / COUNT < 0.7


def test_the_labels_are_those_of_the_kind_and_of_the_tones_around_it(tools):
    drawn = messages(tools)

    assert {m.sentiment for m in drawn if m.kind in ("sarcasm", "danger")} == {"negative"}
    assert {m.urgency for m in drawn if m.kind == "danger"} == {"high"}
    assert {m.sentiment for m in drawn if m.kind == "praise"} == {"positive"}
    assert {m.category for m in drawn} == {"billing", "shipping", "technical", "account", "question"}


def test_a_phrasing_is_in_one_split_alone_and_new_ones_move_no_old_one(tools):
    keep = phrasings().keep
    lines = [f"phrasing {number}" for number in range(1_000)]

    seen, held = keep(lines, "train"), keep(lines, "holdout")

    assert sorted(seen + held) == sorted(lines)
    assert 70 < len(held) < 130
    assert keep(lines[:500], "holdout") == [line for line in held if line in lines[:500]]
    assert keep(["a", "b", "c", "d"], "holdout") == []


def test_training_never_writes_what_a_held_out_phrasing_can_write(tools):
    module, made = phrasings(), tools[0].Generator(1, "train")
    held = module.held_texts()
    rivals = [
        line
        for kinds in made.phrases.values()
        for lines in kinds.values()
        for line in lines
        if any(module.plain(text) in held for text in itertools.islice(module.variants(line.tree), 200))
    ]

    drawn = [module.plain(made._words(line.tree)) for line in rivals for _ in range(200)]
    written = [module.plain(made._write(line)) for line in rivals for _ in range(50)]

    assert set(drawn) & held
    assert not set(written) & held


def test_a_tree_yields_all_its_texts(tools):
    tree = phrasings().parse("(a|b (c|d)) e{o}").tree

    assert sorted(phrasings().variants(tree)) == ["a e{o}", "b c e{o}", "b d e{o}"]
    assert phrasings().plain("Is {p} OK, or not{o}?") == "is {p} ok or not"


def test_no_phrasing_is_written_twice(tools):
    lines = [line for *_, kept in phrasings().written() for line in kept]
    plain = [re.sub(r"\W+", " ", line.lower()).strip() for line in lines]

    assert [line for line, count in Counter(plain).items() if count > 1] == []


def test_a_mark_says_what_a_phrasing_carries_and_is_not_written(tools):
    line = phrasings().parse("it must be (here|there) by Friday <neutral> <high>")

    assert (line.sentiment, line.urgency) == ("neutral", "high")
    assert line.tree == ["it must be ", [["here"], ["there"]], " by Friday"]
    assert phrasings().parse("love it <3").tree == ["love it <3"]


@pytest.mark.parametrize("text", ["a (b|c", "a b) c"])
def test_a_bracket_without_a_partner_is_refused(tools, text):
    with pytest.raises(ValueError, match="no partner"):
        phrasings().parse(text)


def phrasings():
    import phrasings as module

    return module


def test_only_a_question_begins_like_one(tools):
    starts = tools[0].QUESTION_START

    assert all(
        starts.match(text) for text in ("What is this", "When do you open", "How long", "Do you ship", "Is")
    )
    assert not any(
        starts.match(text)
        for text in (
            "What a shame",
            "When you have time",
            "How rude",
            "Do something today",
            "Isabel",
            "Canada",
        )
    )


def test_slips_never_reach_the_order_number_and_chat_has_no_full_stops(tools):
    noise = __import__("noise").Noise(random.Random(1), {"parcel": ["package"]})
    text = f"The parcel of order {noise_mark()} is late. It cost 12.50, I think."

    chats = {noise.apply(text, "chat") for _ in range(300)}

    assert all(chat.count(noise_mark()) == 1 for chat in chats)
    assert not any(re.search(r"[a-z]\. ", chat) for chat in chats)
    assert any("package" in chat for chat in chats)
    assert any("12.50" in chat for chat in chats)


def noise_mark():
    return __import__("noise").ID_MARK


@pytest.mark.parametrize("held", [False, True])
def test_a_drawn_task_is_answered_with_its_own_labels(tools, held):
    _, tasks, _ = tools
    made, rng = tools[0].Generator(3), random.Random(3)
    maker = tasks.TaskMaker(rng, held=held)

    for task in [maker.custom() for _ in range(150)] + [maker.standard() for _ in range(50)]:
        message = task.message(made, rng)
        answer = task.answer(message)
        values = {task.fields[0].name: answer} if task.plain else json.loads(answer)
        assert list(values) == [field.name for field in task.fields]
        for field in task.fields:
            if field.source == "order_id":
                assert values[field.name] == message.order_id
            else:
                assert values[field.name] in field.options


def test_names_that_are_held_out_are_never_drawn_for_training(tools):
    _, tasks, _ = tools
    trained = names(tasks.TaskMaker(random.Random(1)))
    unseen = names(tasks.TaskMaker(random.Random(1), held=True, made_up=0.0))

    assert "reimbursement" in unseen
    assert "refund" in trained
    assert not trained & unseen


def test_labels_of_made_up_names_differ_and_are_explained(tools):
    _, tasks, _ = tools
    unseen = names(tasks.TaskMaker(random.Random(1), held=True, made_up=0.0))
    maker = tasks.TaskMaker(random.Random(2), made_up=1.0)

    for labels in (maker.custom().fields[0].labels for _ in range(200)):
        made = {label.name.lower() for label in labels}
        assert len(made) == len(labels)
        assert not made & unseen
        assert all(label.gloss for label in labels)


def names(maker):
    codes = {letter for code in maker_codes() for letter in code}
    drawn = (label.name for _ in range(2_000) for label in maker.custom().fields[0].labels)
    return {name.lower().replace("_", " ") for name in drawn} - codes


def maker_codes():
    import tasks

    return [[code.lower() for code in codes] for codes in tasks.CODES]


def test_a_prompt_names_every_label_that_it_asks_for(tools):
    _, tasks, prefixes = tools
    made, rng = tools[0].Generator(3), random.Random(3)
    shipped = prefixes.shipped_prefix(DEMO / "prompt.json")
    maker = prefixes.PrefixMaker(rng, shipped, made, tasks.TaskMaker(rng))

    for prefix in [maker.custom() for _ in range(100)]:
        said = "\n".join(content for _, content in prefix.messages) + prefix.user_form
        assert prefix.user_form.count("{message}") == 1
        assert [name for field in prefix.task.fields for name in field.options if name not in said] == []


def test_each_topic_is_in_one_queue_of_the_house_and_its_rule_escalates(tools):
    import house

    made = tools[0].Generator(3)
    queues = [topic for topics in house.QUEUES.values() for topic in topics]
    assert sorted(queues) == sorted(made.topics)

    for message in [made.message() for _ in range(COUNT)]:
        values = json.loads(house.HOUSE.answer(message))
        unhappy = message.sentiment == "negative" and message.order_id is not None
        assert message.topic in house.QUEUES[values["queue"]]
        assert values["escalate"] == ("yes" if unhappy or message.kind == "danger" else "no")


@pytest.mark.parametrize(("name", "count"), [("held.jsonl", 315), ("messages.jsonl", 60)])
def test_the_hand_written_messages_are_whole(name, count):
    rows = [json.loads(line) for line in (DEMO / name).read_text("utf-8").splitlines()]

    assert len({row["message"] for row in rows}) == count
    for row in rows:
        answer = row["answer"]
        assert list(answer) == ["category", "sentiment", "urgency", "order_id"]
        assert answer["category"] in ("billing", "shipping", "technical", "account", "question")
        assert answer["sentiment"] in ("negative", "neutral", "positive")
        assert answer["urgency"] in ("low", "normal", "high")
        assert answer["order_id"] is None or answer["order_id"] in row["message"]
