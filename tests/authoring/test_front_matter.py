from __future__ import annotations

import pytest

from promptkit.authoring.front_matter import split_text
from promptkit.errors import TemplateError


def test_front_matter_ends_at_the_next_line_of_dashes_and_later_ones_are_template():
    split = split_text("---\nname: a\n---\n{% user %}\n---\nx\n---\n{% enduser %}\n", file="f")

    assert split.yaml == "name: a\n"
    assert split.yaml_line == 2
    assert split.body == "{% user %}\n---\nx\n---\n{% enduser %}\n"
    assert split.body_line == 4


def test_a_file_without_front_matter_is_a_body():
    split = split_text("Hello {{ name }}\n---\nmore", file="f")

    assert split.yaml is None
    assert split.body == "Hello {{ name }}\n---\nmore"
    assert split.body_line == 1


def test_front_matter_alone_has_an_empty_body():
    split = split_text("---\nname: a\n---", file="f")

    assert (split.yaml, split.body) == ("name: a\n", "")


def test_blank_lines_before_the_front_matter_count_as_lines():
    split = split_text("\n \n---  \nname: a\n---\t\nbody", file="f")

    assert (split.yaml_line, split.body_line, split.body) == (4, 6, "body")


def test_empty_front_matter_is_front_matter():
    assert split_text("---\n---\nHi", file="f").yaml == ""


def test_dashes_inside_a_block_of_the_front_matter_do_not_end_it():
    split = split_text("---\nclarity:\n  task: |\n    a\n    ---\n    b\n---\nbody", file="f")

    assert split.body == "body"


def test_byte_order_mark_and_foreign_line_breaks_are_taken_off():
    split = split_text("\ufeff---\r\nname: a\r\n---\r\none\rtwo\r\n", file="f")

    assert split.text == "---\nname: a\n---\none\ntwo\n"
    assert split.body == "one\ntwo\n"


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_a_file_without_content_is_an_error(text):
    with pytest.raises(TemplateError, match="empty"):
        split_text(text, file="f")


@pytest.mark.parametrize("text", ["---\nname: a\n", "---", "---\nname: a\n ---\nx", "---\nname: a\n----\nx"])
def test_front_matter_that_is_never_closed_is_an_error_at_its_first_line(text):
    with pytest.raises(TemplateError, match="Add a line ---") as caught:
        split_text(text, file="f")

    assert (caught.value.line, caught.value.column) == (1, 1)


def test_a_nul_character_is_an_error_with_its_place():
    with pytest.raises(TemplateError, match="NUL") as caught:
        split_text("ab\nc\0d", file="f")

    assert (caught.value.line, caught.value.column) == (2, 2)


def test_a_yaml_document_is_yaml_as_a_whole():
    split = split_text("---\nname: a\n", file="f", yaml_document=True)

    assert (split.yaml, split.yaml_line, split.yaml_document) == ("---\nname: a\n", 1, True)
