"""How broad the generator's language is: words of the unseen split, and how far a plain classifier gets on it.

The classifier is linear over n-grams of words and characters, a cheap stand-in for the model: what it cannot learn
from the training split, the phrasings do not say. Needs scikit-learn, which nothing else here does.

python promptkit/demo/breadth.py
"""

import argparse
import random
import re
from collections.abc import Sequence

import numpy as np
from generator import Generator, Message
from phrasings import KIND_LABELS, written, written_tones
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

__all__ = ["main"]

# Seeds that neither training nor evaluate.py uses.
SEEDS = {"train": 71, "holdout": 72}
FIELDS = ("category", "topic", "sentiment", "urgency")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
SHORTEST_CONTENT_WORD = 4
EXAMPLES = 60


def words(texts: Sequence[str]) -> list[str]:
    """Return the words of phrasings or messages in lower case, slots left out."""
    return [word for text in texts for word in WORD.findall(re.sub(r"\{[^}]*\}", " ", text).lower())]


def coverage(name: str, seen: Sequence[str], unseen: Sequence[str]) -> list[str]:
    """Print which part of the words of `unseen` is not in `seen`; return those words."""
    known, met = set(words(seen)), words(unseen)
    new = sorted(set(met) - known)
    running = sum(word not in known for word in met) / len(met)
    print(
        f"{name}: {len(known)} distinct words in training, {len(set(met))} in the unseen split,"
        f" {len(new) / len(set(met)):.1%} of them not in training ({running:.1%} of running words)"
    )
    return new


def sizes() -> None:
    """Print the number of phrasings by kind and category and the number of content words."""
    counts: dict[str, dict[str, int]] = {}
    everything: list[str] = []
    for category, _, kind, lines in written():
        row = counts.setdefault(category, dict.fromkeys(KIND_LABELS, 0))
        row[kind] += len(lines)
        everything += lines
    for category, row in counts.items():
        print(f"{category}: {sum(row.values())} phrasings, {row}")
    content = {word for word in words(everything) if len(word) >= SHORTEST_CONTENT_WORD}
    print(f"all: {len(everything)} phrasings, {len(content)} distinct words of four letters or more")


def draw(split: str, count: int) -> list[Message]:
    """Return generated messages of a split."""
    generator = Generator(SEEDS[split], split)
    return [generator.message() for _ in range(count)]


def learn(seen: Sequence[Message], unseen: Sequence[Message], *, show: bool) -> None:
    """Train a linear classifier for each field on one split and print how often it is right on the other."""
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), min_df=4, sublinear_tf=True, max_features=120_000
        ),
    )
    rows = features.fit_transform([m.text for m in seen])
    judged = features.transform([m.text for m in unseen])
    for field in FIELDS:
        wanted = np.array([getattr(m, field) for m in unseen])
        model = LinearSVC(C=0.3, random_state=0).fit(rows, [getattr(m, field) for m in seen])
        guessed = model.predict(judged)
        print(f"{field}: {np.mean(guessed == wanted):.1%} of {len(unseen)} unseen messages", flush=True)
        for value in sorted(set(wanted)) if field in ("category", "topic") else ():
            mine = guessed[wanted == value]
            others, counts = np.unique(mine[mine != value], return_counts=True)
            order = np.argsort(-counts)[:3]
            print(
                f"  {value}: {np.mean(mine == value):.1%}; taken for",
                *(f"{others[i]} {counts[i]}" for i in order),
            )
        if show and field == "category":
            missed = [i for i in range(len(unseen)) if guessed[i] != wanted[i]]
            for i in random.Random(0).sample(missed, min(EXAMPLES, len(missed))):
                print(
                    f"  {wanted[i]} ({unseen[i].topic}, {unseen[i].kind}), guessed {guessed[i]}: {unseen[i].text!r}"
                )


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=40_000, help="generated messages to learn from")
    parser.add_argument("--unseen", type=int, default=3_000, help="generated messages to judge on")
    parser.add_argument("--words", action="store_true", help="print the words that training lacks")
    parser.add_argument("--show", action="store_true", help="print unseen messages whose category was missed")
    options = parser.parse_args()
    sizes()
    lines = {
        split: [line for *_, kept in written(split) for line in kept]
        + [line for kept in written_tones(split).values() for line in kept]
        for split in SEEDS
    }
    missing = coverage("phrasings as written", lines["train"], lines["holdout"])
    if options.words:
        print(" ".join(missing))
    seen, unseen = draw("train", options.train), draw("holdout", options.unseen)
    coverage("generated messages, noise included", [m.text for m in seen], [m.text for m in unseen])
    learn(seen, unseen, show=options.show)


if __name__ == "__main__":
    main()
