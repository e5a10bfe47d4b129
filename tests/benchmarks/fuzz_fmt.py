"""Random documents: formatted twice they stay as they are, and what they render does not change by a byte.

    python tests/benchmarks/fuzz_fmt.py [--count 2000] [--seed 0] [--inputs 3] [--only N]

Each document is a file of `random_templates.py` with more sections, written as people write: levels of two, three or
four blanks, comments, blank lines, quotes, blocks and flow mappings, keys in any order, delimiters with and without
blanks, line ends of Windows; as `.prompt.j2` or as `.prompt.yaml`. Document number N of seed S is the same each time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import promptkit as pk
from promptkit.authoring.formatting import formatted
from promptkit.errors import PromptKitError
from promptkit.schemas.generation.generate import Generated, Generator

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing import run
from random_templates import random_file

TEXTS = (
    "Sort it.",
    "Read the text: twice, then once more.",
    "It's 5 o'clock # no comment",
    '"quoted" and {{ 1 }}',
    "  blanks around  ",
    "line one\nline two\n\n  indented line\nlast",
    "ends with a break\n",
    "{% if 1 %}yes{% endif %} {#- no -#}",
    "naïve – 東京 ~~~",
    "- looks like a list",
    "tab\there",
)


def random_document(random: Random, *, yaml_document: bool) -> str:
    """One document, as a person may have written it."""
    _, front, body = random_file(random).split("---\n", 2)
    sections = [front.rstrip("\n").split("\n"), *_sections(random)]
    random.shuffle(sections)
    body = _noisy_body(random, body.replace("Go on.\n", "Go on.\n{{ clarity }}{{ context.more }}\n"))
    if yaml_document:
        style = random.choice(["|", "|", "|-", "|+"])
        sections.insert(
            random.randint(0, len(sections)),
            [f"template: {style}", *(f"  {line}".rstrip() for line in body.split("\n"))],
        )
    step = random.choice([2, 2, 3, 4])
    lines = [line for section in sections for line in _noisy_section(random, section, step)]
    text = "\n".join(lines) + random.choice(["\n", "\n\n"])
    text = text if yaml_document else f"---\n{text}---\n{body}"
    return text.replace("\n", "\r\n") if random.random() < 0.1 else text


def _sections(random: Random) -> list[list[str]]:
    clarity = ["clarity:", *_entry(random, "task", 2)]
    if random.random() < 0.5:
        clarity += ["  steps:", *(f"    - {_flat(random)}" for _ in range(random.randint(1, 3)))]
    if random.random() < 0.5:
        clarity += _entry(random, "role", 2)
    made = [
        clarity,
        ["context:", "  - id: more", *_entry(random, "text", 4)],
        _entry(random, "description", 0),
    ]
    if random.random() < 0.5:
        made.append(
            random.choice(
                [["generation: {temperature: 0, stop: [a, 'b c']}"], ["generation:", "  temperature: 0.5"]]
            )
        )
    if random.random() < 0.3:
        made.append(["check:", "  unused-input: off", "  length-unnamed: off"])
    return made


def _entry(random: Random, key: str, indent: int) -> list[str]:
    """A key and its text in one of the ways that YAML has."""
    blanks, text = " " * indent, random.choice(TEXTS)
    if "\n" in text or random.random() < 0.2:
        sign = random.choice(["|", "|-", "|+"])
        return [
            f"{blanks}{key}: {sign}",
            *(f"{blanks}  {line}".rstrip() for line in text.strip().split("\n")),
        ]
    return [f"{blanks}{key}: {_quoted(random, text)}"]


def _flat(random: Random) -> str:
    return _quoted(random, random.choice([text for text in TEXTS if "\n" not in text]))


def _quoted(random: Random, text: str) -> str:
    if re.fullmatch(r"[A-Z][\w .]*", text) and random.random() < 0.5:
        return text
    if random.random() < 0.5:
        return "'" + text.replace("'", "''") + "'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def _noisy_section(random: Random, lines: list[str], step: int) -> list[str]:
    made: list[str] = []
    block: int | None = None
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if block is not None and (depth > block or not line):
            # The text of a block: as it stands, only further in as a whole.
            made.append(f"{' ' * (_widened(block, step) + step)}{line[block + 2 :]}".rstrip())
            continue
        block = depth if re.search(r": [|>][+-]?$", line) else None
        if random.random() < 0.15:
            made.append(f"{' ' * random.choice([0, _widened(depth, step)])}# a remark: {{{{ x }}}}")
        if random.random() < 0.1:
            made.append("")
        tail = random.choice(["", "", "", "  ", "  # why"]) if block is None else ""
        # What stands below an item begins where the item's first key does.
        said = re.sub(r"^- ", f"-{' ' * (step - 1)}", line.lstrip())
        made.append(f"{' ' * _widened(depth, step)}{said}{tail}")
    return made


def _widened(depth: int, step: int) -> int:
    return depth // 2 * step


def _noisy_body(random: Random, body: str) -> str:
    ways: list[Callable[[str], str]] = [
        lambda found: found,
        lambda found: re.sub(r"\s*(%\}|\}\})$", r"\1", re.sub(r"^(\{[{%])\s*", r"\1", found)),
        lambda found: re.sub(r"^(\{[{%]) ", r"\1   ", found),
        lambda found: re.sub(r"^(\{[{%]) ", r"\1- ", found),
        lambda found: re.sub(r" (%\}|\}\})$", r" -\1", found),
    ]
    made = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", lambda match: random.choice(ways)(match.group()), body)
    lines: list[str] = []
    for line in made.split("\n"):
        if random.random() < 0.08:
            lines.append(random.choice(["", "   ", "{# a note #}", "  {#- note -#}"]))
        lines.append(line + random.choice(["", "", "", " ", "\t"]))
    return random.choice(["", "\n", "\n \n"]) + "\n".join(lines) + random.choice(["", "\n", "\n\n"])


def fault_of(path: Path, count: int) -> tuple[str, str]:
    """What became of one document: a word for it, and the details."""
    text = path.read_bytes().decode()
    whole = path.suffix == ".yaml"
    before = _renders(path, count)
    try:
        once = formatted(text.replace("\r\n", "\n"), file=path.name, yaml_document=whole)
    except PromptKitError as error:
        return ("unread" if isinstance(before, str) else "FAULT"), f"not formatted: {error}"
    if formatted(once, file=path.name, yaml_document=whole) != once:
        return "FAULT", f"formatted again it is another one\n{once}"
    path.write_text(once)
    after = _renders(path, count)
    if isinstance(before, str):
        return ("faulty before and after" if isinstance(after, str) else "FAULT"), before
    return ("same", "") if before == after else ("FAULT", f"renders otherwise: {before!r}\n{after!r}\n{once}")


def _renders(path: Path, count: int) -> list[Any] | str:
    """The messages for so many inputs, with the faults among them; a text when it does not load."""
    try:
        prompt = pk.load(path)
        generator = Generator.of(prompt.contract.inputs.json_schema)
    except PromptKitError as error:
        return str(error)
    assert isinstance(generator, Generator), generator
    found: list[Any] = []
    for seed in range(count):
        made = generator.made(seed or None)
        try:
            found.append(prompt.render(**made.value).to_openai() if isinstance(made, Generated) else None)
        except PromptKitError as error:
            found.append(type(error))
    return found


def written(random: Random, folder: Path) -> Path:
    """One random document, of either form."""
    whole = random.random() < 0.5
    path = folder / ("x.prompt.yaml" if whole else "x.prompt.j2")
    path.write_bytes(random_document(random, yaml_document=whole).encode())
    return path


if __name__ == "__main__":
    run(__doc__, noun="document", fault="FAULT", count=2000, inputs=3, write=written, judge=fault_of)
