from __future__ import annotations

import os
import subprocess
import sys

import pytest

from promptkit.authoring import SUFFIXES, Header, read_file, read_header
from promptkit.errors import TemplateError


def written(folder, text: str | bytes, name: str = "a.prompt.j2"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_under_its_own_stem(tmp_path):
    path = written(tmp_path, "---\nversion: 1.0.0\n---\nHi {{ x }}")

    read = read_file(path)

    assert (read.name, read.version, read.file) == ("a", "1.0.0", str(path))


def test_the_suffix_says_whether_the_whole_file_is_yaml(tmp_path):
    path = written(tmp_path, "name: b\ntemplate: |\n  Hi\n", "b.prompt.yaml")

    assert read_file(path).body == "Hi\n"
    assert SUFFIXES == (".prompt.j2", ".prompt.yaml")


def test_both_forms_of_a_prompt_declare_the_same(tmp_path):
    head = "name: b\nclarity:\n  task: Sum up.\noutput: text\n"
    yaml = read_file(
        written(tmp_path, head + "template: |\n  {% user %}\n  x\n  {% enduser %}\n", "b.prompt.yaml")
    )
    jinja = read_file(written(tmp_path, f"---\n{head}---\n{{% user %}}\nx\n{{% enduser %}}\n", "b.prompt.j2"))

    assert (yaml.body, yaml.clarity, yaml.name) == (jinja.body, jinja.clarity, jinja.name)


def test_byte_order_mark_and_windows_line_breaks_change_nothing(tmp_path):
    text = "---\nname: b\nclarity:\n  task: |\n    one\n    two\n---\nHi\nthere\n"
    plain = read_file(written(tmp_path, text, "b.prompt.j2"))
    windows = read_file(
        written(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "b.prompt.j2")
    )

    assert windows == plain
    assert windows.digest == plain.digest


@pytest.mark.parametrize(
    ("data", "line", "column", "part"),
    [
        (b"---\nname: caf\xe9\n---\nx", 2, 10, "Byte 13 of the file, 0xE9, is not UTF-8"),
        ("\u00e9\u00e9".encode() + b"\xff", 1, 3, "0xFF"),
        ("---\nname: a\n---\n".encode("utf-16"), 1, 1, "looks like UTF-16"),
        (b"ab\n\0", 2, 1, "NUL"),
        (b"", 1, None, "empty"),
        (b"---\nname: a\n", 1, 1, "never closed"),
    ],
)
@pytest.mark.parametrize("reader", [read_file, read_header])
def test_bytes_that_are_no_prompt_file_are_an_error_with_their_place(
    tmp_path, reader, data, line, column, part
):
    path = written(tmp_path, data)

    with pytest.raises(TemplateError) as caught:
        reader(path)

    assert part in caught.value.problem
    assert (caught.value.file, caught.value.line, caught.value.column) == (str(path), line, column)


@pytest.mark.parametrize("reader", [read_file, read_header])
def test_what_is_no_readable_file_is_an_error(tmp_path, reader):
    big = written(tmp_path, b"x" * 1_000_001, "big.prompt.j2")
    pipe = tmp_path / "pipe.prompt.j2"
    os.mkfifo(pipe)

    with pytest.raises(TemplateError, match="no such file"):
        reader(tmp_path / "missing.prompt.j2")
    with pytest.raises(TemplateError, match="is a folder"):
        reader(tmp_path)
    with pytest.raises(TemplateError, match="1,000,001 bytes"):
        reader(big)
    with pytest.raises(TemplateError, match="no file"):
        reader(pipe)
    with pytest.raises(TemplateError, match="cannot be read"):
        reader(tmp_path / ("n" * 300))
    with pytest.raises(TemplateError, match="cannot be read"):
        reader(tmp_path / "nul\0.prompt.j2")


def test_a_file_of_exactly_one_million_bytes_is_read(tmp_path):
    assert len(read_file(written(tmp_path, b"x" * 1_000_000)).body) == 1_000_000


HEADERS = [
    (
        "---\nname: s/t\nversion: 1.10.0\ndescription: Sort mail.\n---\nx",
        Header(name="s/t", version="1.10.0", description="Sort mail."),
    ),
    ("Hi {{ x }}", Header(name="a")),
    ("---\ninput:\n  schema:\n    name: string\n---\nname: body", Header(name="a")),
    ("---\nname: 'q'\ndescription: \"a: b\"\n---\nx", Header(name="q", description="a: b")),
    ("---\ndescription: >\n  two\n  lines\n---\nx", Header(name="a", description="two lines\n")),
    ("---\ndescription: two\n  lines\n---\nx", Header(name="a", description="two lines")),
    ("---\nname: b # note\nversion: 1.0.0   \n---\nx", Header(name="b", version="1.0.0")),
    ("---\n{name: b, version: 1.0.0}\n---\nx", Header(name="b", version="1.0.0")),
    ('---\n"name" : b\n---\nx', Header(name="b")),
    ("---\n# nothing\n---\nx", Header(name="a")),
    ("---\ndescription: \u00dcbersicht\n---\nx", Header(name="a", description="\u00dcbersicht")),
]


@pytest.mark.parametrize(("text", "header"), HEADERS)
def test_a_header_says_what_the_whole_file_says(tmp_path, text, header):
    path = written(tmp_path, text)

    whole = read_file(path)

    assert read_header(path) == header
    assert Header(name=whole.name, version=whole.version, description=whole.description) == header


def test_a_header_of_a_yaml_document_is_read_alike(tmp_path):
    path = written(tmp_path, "name: b\ntemplate: |\n  name: c\n", "b.prompt.yaml")

    assert read_header(path, name="other") == Header(name="b")


def test_a_header_takes_the_callers_name_when_the_file_has_none(tmp_path):
    assert read_header(written(tmp_path, "Hi"), name="folder/a").name == "folder/a"


def test_a_header_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(TemplateError, match="given twice"):
        read_header(written(tmp_path, "---\nname: a\nname: b\n---\nx"))


def test_plain_headers_are_read_without_a_yaml_parser(tmp_path):
    path = written(tmp_path, "---\nname: b\nversion: 1.0.0\n---\nx")
    code = (
        "import sys, pathlib; from promptkit.authoring import read_header; "
        f"print(read_header(pathlib.Path({str(path)!r})).name, 'yaml' in sys.modules)"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.split() == ["b", "False"]
