"""Frozen versions: written once, found by ranges, kept with what they include."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.errors import PromptError, TemplateError, VersionError
from promptkit.libraries.freezing import freeze, freeze_fragment
from promptkit.libraries.trees import ResourceTree
from promptkit.libraries.writing import alone

GREET = """\
---
version: {version}
input:
  schema:
    who: string
---
{{% user %}}
{word} {{{{ who }}}}. {{% include "fragments/tone" %}}
{{% enduser %}}
"""


def write(folder: Path, version: str, word: str) -> Path:
    path = folder / "support" / "greet.prompt.j2"
    path.parent.mkdir(exist_ok=True)
    path.write_text(GREET.format(version=version, word=word))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "tone.md").write_text("Stay calm.\n")
    write(tmp_path, "1.0.0", "Hello")
    return tmp_path


def said(library: pk.Library, reference: str) -> str:
    return library[reference].render(who="Ann").messages[0].text


def test_a_frozen_version_keeps_its_text_and_its_fragments(folder: Path) -> None:
    library = pk.library(folder)

    made = freeze(library, "support/greet")
    write(folder, "2.0.0", "Hey")
    (folder / "fragments" / "tone.md").write_text("Be quick.\n")

    assert made.path == folder / "support" / "versions" / "greet@1.0.0.prompt.j2"
    assert made.fragments == ("fragments/tone.md",)
    assert said(library, "support/greet@^1") == "Hello Ann. Stay calm."
    assert said(library, "support/greet@^2") == said(library, "support/greet") == "Hey Ann. Be quick."
    assert library.names() == ["support/greet"]
    assert library.versions("support/greet") == ["1.0.0"]
    assert library.get("support/greet@1").version == "1.0.0"


def test_a_range_takes_the_newest_and_prefers_what_is_frozen(folder: Path) -> None:
    library = pk.library(folder)
    for version in ("1.9.0", "1.10.0"):
        write(folder, version, version)
        freeze(library, "support/greet")
    write(folder, "1.10.0", "edited")

    assert said(library, "support/greet@^1").startswith("1.10.0 Ann")
    assert said(library, "support/greet@~1.9").startswith("1.9.0 Ann")
    with pytest.raises(
        VersionError, match=r"has 1\.10\.0 and 1\.9\.0, 1\.10\.0 are frozen; change the range"
    ):
        library.get("support/greet@^3")


def test_a_version_freezes_once_and_again_only_when_nothing_changed(folder: Path) -> None:
    library = pk.library(folder)
    first = freeze(library, "support/greet")
    before = first.path.read_bytes()

    assert (first.made, freeze(library, "support/greet").made) == (True, False)

    write(folder, "1.0.0", "Changed")
    with pytest.raises(VersionError, match=r"greet@1\.0\.0 is frozen .* promptkit release support/greet"):
        freeze(library, "support/greet")
    write(folder, "1.0.0", "Hello")
    (folder / "fragments" / "tone.md").write_text("Be quick.\n")
    with pytest.raises(VersionError, match="with another content"):
        freeze(library, "support/greet")
    assert first.path.read_bytes() == before


def test_what_cannot_be_frozen_leaves_nothing_behind(folder: Path) -> None:
    library = pk.library(folder)
    path = folder / "support" / "greet.prompt.j2"

    path.write_text("---\ndescription: none\n---\n{% user %}x{% enduser %}")
    with pytest.raises(TemplateError, match=r"names no version, .* `version: 1\.0\.0`"):
        freeze(library, "support/greet")
    path.write_text("---\nversion: 1.0.0\n---\n{% user %}{{ x | nope }}{% enduser %}")
    with pytest.raises(TemplateError, match="nope"):
        freeze(library, "support/greet")
    with pytest.raises(PromptError, match="write support/greet, and version: 2"):
        freeze(library, "support/greet@2")
    assert not (folder / "support" / "versions").exists()


def test_of_many_runs_at_once_one_freezes_and_the_others_find_it_frozen(folder: Path) -> None:
    (folder / "support" / "versions").mkdir()
    (folder / "support" / "versions" / ".promptkit-left").mkdir()
    (folder / "support" / "versions" / ".promptkit-left.tmp").write_text("half")

    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda _: freeze(pk.library(folder), "support/greet"), range(6)))

    assert sorted(one.made for one in made) == [False] * 5 + [True]
    assert said(pk.library(folder), "support/greet@^1") == said(pk.library(folder), "support/greet")
    assert not list((folder / "support" / "versions").glob(".promptkit-*"))


def test_a_fragment_waits_for_another_run_that_freezes_beside_it(folder: Path) -> None:
    versions = folder / "fragments" / "versions"
    versions.mkdir()

    with ThreadPoolExecutor(1) as threads:
        with alone(versions):
            waiting = threads.submit(freeze_fragment, pk.library(folder), "fragments/tone", "1.0.0")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)

        assert waiting.result(timeout=60).made


def test_a_bundle_that_a_broken_run_left_is_replaced(folder: Path) -> None:
    left = folder / "support" / "versions" / "greet@1.0.0" / "fragments"
    left.mkdir(parents=True)
    (left / "stale.md").write_text("stale")

    freeze(pk.library(folder), "support/greet")

    assert [path.name for path in left.iterdir()] == ["tone.md"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(folder: Path) -> None:
    versions = folder / "support" / "versions"
    versions.mkdir()
    versions.chmod(0o500)

    with pytest.raises(PromptError, match="cannot be written: .*; nothing was changed"):
        freeze(pk.library(folder), "support/greet")


def test_a_versions_folder_that_leads_out_is_refused(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder / "support" / "versions").symlink_to(outside)

    with pytest.raises(PromptError, match="leads out of the library"):
        freeze(pk.library(folder), "support/greet")
    assert list(outside.iterdir()) == []


def test_a_frozen_file_that_says_another_version_is_an_error_at_its_line(folder: Path) -> None:
    made = freeze(pk.library(folder), "support/greet")
    made.path.write_text(made.path.read_text().replace("1.0.0", "1.0.1"))

    with pytest.raises(
        TemplateError, match=r"greet@1\.0\.0\.prompt\.j2:2: the file says version 1\.0\.1, but it is"
    ):
        pk.library(folder).get("support/greet@^1")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["greet@latest.prompt.j2"], "names no version: 'latest' is not three numbers"),
        (["greet@1.0.0.prompt.j2", "greet@1.0.0.prompt.yaml"], "both hold support/greet@1.0.0"),
    ],
)
def test_misnamed_frozen_files_are_errors(folder: Path, names: list[str], message: str) -> None:
    (folder / "support" / "versions").mkdir()
    for name in names:
        (folder / "support" / "versions" / name).touch()

    with pytest.raises(PromptError, match=message):
        pk.library(folder).get("support/greet@^1")


def test_a_prompt_with_frozen_versions_alone_is_found_by_a_range(folder: Path) -> None:
    freeze(pk.library(folder), "support/greet")
    (folder / "support" / "greet.prompt.j2").unlink()

    assert said(pk.library(folder), "support/greet@1.0.0") == "Hello Ann. Stay calm."
    with pytest.raises(
        PromptError, match=r"has no working copy, only the frozen 1\.0\.0; write support/greet@1\.0\.0"
    ):
        pk.library(folder).get("support/greet")


def test_two_files_of_one_name_are_refused_when_the_name_is_asked_for(folder: Path) -> None:
    (folder / "support" / "greet.prompt.yaml").write_text("template: |\n  {% user %}x{% enduser %}\n")

    with pytest.raises(PromptError, match=r"are both named support/greet; rename or remove"):
        pk.library(folder).get("support/greet")


def test_a_library_that_lies_nowhere_on_disk_cannot_be_written_to() -> None:
    library = pk.Library(ResourceTree("promptkit", "promptkit"))

    with pytest.raises(PromptError, match="is no folder on disk"):
        freeze(library, "x")


def includes(folder: Path, what: str) -> pk.Library:
    (folder / "uses.prompt.j2").write_text(
        f"---\nversion: 1.0.0\ncontext:\n  - {{id: tone, include: '{what}'}}\n---\n{{% user %}}{{{{ context.tone }}}}{{% enduser %}}"
    )
    return pk.library(folder)


def test_a_fragment_has_versions_and_ranges_take_the_newest(folder: Path) -> None:
    library = includes(folder, "fragments/tone@^1")
    for version, text in (("1.0.0", "Stay calm."), ("1.2.0", "Be calm."), ("2.0.0", "Be quick.")):
        (folder / "fragments" / "tone.md").write_text(text)
        made = freeze_fragment(library, "fragments/tone", version)

    assert made.path == folder / "fragments" / "versions" / "tone@2.0.0.md"
    assert library["uses"].render().messages[0].text == "Be calm."
    assert includes(folder, "fragments/tone@1.0.0")["uses"].render().messages[0].text == "Stay calm."
    frozen = freeze(includes(folder, "fragments/tone@^2"), "uses")
    assert frozen.fragments == ("fragments/versions/tone@2.0.0.md",)
    (folder / "fragments" / "tone.md").write_text("Run.")
    freeze_fragment(library, "fragments/tone", "2.1.0")
    assert library["uses"].render().messages[0].text == "Run."
    assert library["uses@1"].render().messages[0].text == "Be quick."


def test_a_fragment_freezes_once_and_again_only_when_nothing_changed(folder: Path) -> None:
    library = pk.library(folder)

    assert freeze_fragment(library, "fragments/tone.md", "1.0.0").made
    assert not freeze_fragment(library, "fragments/tone", "1.0.0").made
    (folder / "fragments" / "tone.md").write_text("Run.")
    with pytest.raises(VersionError, match="with another content.*choose a higher version"):
        freeze_fragment(library, "fragments/tone", "1.0.0")
    with pytest.raises(VersionError, match="is no semantic version"):
        freeze_fragment(library, "fragments/tone", "1.0")
    with pytest.raises(TemplateError, match="did you mean fragments/tone"):
        freeze_fragment(library, "fragments/tine", "1.0.0")


def test_prompts_and_fragments_are_frozen_each_in_their_own_way(folder: Path) -> None:
    library = pk.library(folder)
    name = library.names()[0]

    with pytest.raises(VersionError, match="a fragment, .*: promptkit freeze fragments/tone --version 1.0.0"):
        freeze(library, "fragments/tone")
    with pytest.raises(VersionError, match=f"promptkit release {name} --version 2.0.0 --freeze"):
        freeze_fragment(library, name, "2.0.0")


def test_a_fragment_that_includes_something_without_version_is_not_frozen(folder: Path) -> None:
    library = pk.library(folder)
    (folder / "fragments" / "both.md").write_text(
        "{% include 'fragments/tone@^1' %}\n{%- include 'fragments/tone' %}"
    )

    with pytest.raises(TemplateError, match=r"both\.md:2: This includes fragments/tone, which may change"):
        freeze_fragment(library, "fragments/both", "1.0.0")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("fragments/tone@^3", r"fragments/tone@\^3 is wanted .* and 1\.0\.0 is frozen; change the range"),
        ("fragments/other@^1", "none is frozen; .* promptkit freeze fragments/other --version 1.0.0"),
        ("fragments/tone@newest", "no version range"),
        ("fragments/tone@", "A version or a range stands behind @"),
        ("../tone@^1", "is no name of a fragment"),
    ],
)
def test_a_version_of_a_fragment_that_is_not_there_is_an_error(folder: Path, what: str, message: str) -> None:
    library = includes(folder, what)
    freeze_fragment(library, "fragments/tone", "1.0.0")

    with pytest.raises(TemplateError, match=message):
        library["uses"].render()


def test_a_prompt_and_a_fragment_of_one_name_do_not_mix(folder: Path) -> None:
    library = includes(folder, "fragments/tone@^1")
    freeze_fragment(library, "fragments/tone", "1.0.0")
    (folder / "fragments" / "versions" / "tone@1.5.0.prompt.j2").write_text(
        "---\nversion: 1.5.0\n---\n{% user %}x{% enduser %}"
    )

    assert library["uses"].render().messages[0].text == "Stay calm."
