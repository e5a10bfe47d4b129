"""What a project's file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptkit.configuration import find_configuration, read_configuration
from promptkit.errors import ConfigurationError


def test_the_nearest_file_counts_and_promptkit_toml_comes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.promptkit]\nbackend = "llama:far"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_configuration(inner).backends == {"default": "llama:far"}

    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_configuration(inner).backends == {"default": "llama:far"}

    (tmp_path / "a" / "promptkit.toml").write_text(
        'library = "prompts"\nmodels = ["app.schemas"]\nallow = ["llama:*"]\n'
        '[backends]\ndefault = "llama:near"\nfast = { backend = "mock" }\n[prompts]\n"legal/*" = "fast"\n'
    )
    found = find_configuration(inner)

    assert found.backends == {"default": "llama:near", "fast": {"backend": "mock"}}
    assert found.prompts == {"legal/*": "fast"}
    assert (found.allow, found.models) == (("llama:*",), ("app.schemas",))
    assert found.library == tmp_path / "a" / "prompts"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("backend = ", "cannot be read as TOML"),
        ('bakend = "mock"', "unknown key bakend (did you mean backend?)"),
        ('backend = "mock"\n[backends]\ndefault = "mock"', "either backend or backends.default"),
        ("[backends]\nfast = 3", "backends.fast must be a name"),
        ('allow = "openai:*"', "allow must be a list of strings"),
        ("library = 3", "library must be the path"),
        ('prompts = ["a"]', "prompts must be a table"),
        ("[prompts]\na = 1", "prompts.a must name"),
    ],
)
def test_a_faulty_file_is_refused_with_its_path_and_the_mend(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "promptkit.toml"
    path.write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path)

    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_without_any_file_nothing_is_configured(tmp_path: Path) -> None:
    found = find_configuration(tmp_path)

    assert (found.backends, found.allow, found.library, found.file) == ({}, None, None, None)
