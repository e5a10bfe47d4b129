from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.sources import find_model
from promptkit.errors import ModelLoadError
from promptkit.messages import Message

HELLO = [Message(role="user", content="hello")]


def test_a_path_is_resolved_to_the_file_it_names(tiny, monkeypatch):
    monkeypatch.chdir(tiny.parent)

    assert find_model(tiny.name) == tiny.resolve()


def test_demo_is_the_file_that_the_package_ships():
    from promptkit import demo

    assert find_model("demo") == demo.model_path().resolve()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no model file"),
        (b"", "is empty"),
        (b"<html>not found</html>", "is no GGUF file: it begins with b'<htm'"),
        (b"GGUF", "llama.cpp cannot load"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, "llama.cpp cannot load"),
    ],
)
def test_a_broken_file_is_an_error_that_names_it(tmp_path, content, said):
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelLoadError, match=said) as caught:
        LlamaBackend(str(path)).count_tokens(HELLO)

    assert str(path) in str(caught.value)
    assert caught.value.backend == f"llama:{path}"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.999])
def test_a_truncated_file_is_an_error_with_the_reason_of_llama_cpp(tmp_path, tiny, share, capfd):
    whole = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ModelLoadError, match=r"cannot load .*cut\.gguf \([\d,]+ bytes\): (?!it gave)"):
        LlamaBackend(str(path)).count_tokens(HELLO)

    assert capfd.readouterr() == ("", "")


def test_a_directory_is_an_error_that_lists_its_models(tiny):
    with pytest.raises(
        ModelLoadError, match=r"is a directory, not a model file; name one of its files: tiny-"
    ):
        find_model(str(tiny.parent))


def test_an_empty_directory_is_an_error_that_shows_the_forms(tmp_path):
    with pytest.raises(ModelLoadError, match=r"is a directory.*llama:hf:OWNER/REPO"):
        find_model(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path):
    path = tmp_path / "secret.gguf"
    path.write_bytes(b"GGUF")
    path.chmod(0)

    with pytest.raises(ModelLoadError, match="cannot be read: Permission denied"):
        find_model(str(path))


def test_a_file_below_a_file_cannot_be_read(tiny):
    with pytest.raises(ModelLoadError, match="cannot be read: Not a directory"):
        find_model(f"{tiny}/inner.gguf")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("", "names no model"),
        ("hf:owner/repo", "does not say which file"),
        ("hf:", "does not say which file"),
        ("hf:a/b/../../c.gguf", "names no file of a repository"),
        ("hf:../b/c.gguf", "names no file of a repository"),
        ("hf:a/b/./c.gguf", "names no file of a repository"),
        ("hf:a/b//c.gguf", "names no file of a repository"),
        ("hf:a/b/..\\c.gguf", "names no file of a repository"),
        ("hf:a/b/c\0.gguf", "NUL character"),
        ("model\0.gguf", "NUL character"),
    ],
)
def test_a_reference_without_a_file_is_an_error_that_shows_the_form(reference, said):
    with pytest.raises(ModelLoadError, match=said):
        find_model(reference)


def test_an_encoder_is_refused(write_model):
    path = write_model(architecture="t5")

    with pytest.raises(ModelLoadError, match=str(path)):
        LlamaBackend(str(path)).count_tokens(HELLO)


def test_a_context_longer_than_the_models_own_is_an_error_with_the_two_numbers(tiny):
    with pytest.raises(ModelLoadError, match=r"n_ctx is 2049, but .* reads 2048 tokens at most"):
        LlamaBackend(str(tiny), n_ctx=2049).count_tokens(HELLO)


@pytest.mark.parametrize("option", ["n_ctx", "threads"])
def test_an_option_below_one_is_refused(option):
    with pytest.raises(ValueError, match=f"{option} is 0; it must be at least 1"):
        LlamaBackend("demo", **{option: 0})


class _Hub(BaseHTTPRequestHandler):
    """A hub that knows one gated repository and one repository without files."""

    def do_HEAD(self) -> None:
        code = "GatedRepo" if "/gated/" in self.path else "EntryNotFound"
        code = "RepoNotFound" if "/nobody/" in self.path else code
        status = {"GatedRepo": 403, "EntryNotFound": 404, "RepoNotFound": 404}[code]
        if "/broken/" in self.path:
            code, status = "", 418
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the name that http.server looks for

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


_PROBE = """
import json, sys
from promptkit.backends.llama.sources import find_model
found = []
for reference in sys.argv[1:]:
    try:
        found.append(str(find_model(reference)))
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
print(json.dumps(found))
"""


def _probe(folder: Path, *references: str, **environment: str) -> list[str]:
    """What becomes of references in a process with this environment: huggingface_hub reads it at import."""
    command = [sys.executable, "-c", _PROBE, *references]
    settings = {"HF_HOME": str(folder), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": root, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_what_the_hub_refuses_is_a_typed_error(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    owners = ("nobody", "gated", "some", "broken")
    missing, gated, no_file, broken = _probe(
        tmp_path,
        *(f"hf:{owner}/repo/m.gguf" for owner in owners),
        HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
        NO_PROXY="127.0.0.1",
    )

    server.shutdown()
    thread.join()
    server.server_close()
    assert missing.startswith("ModelNotFound: the hub has no repository nobody/repo")
    assert gated.startswith("Unauthorized: gated/repo asks for a login")
    assert no_file.startswith("ModelNotFound: the repository some/repo has no file m.gguf")
    assert broken.startswith("ConnectionFailed: ")


def test_without_network_a_hub_file_is_found_in_the_cache_or_a_typed_error(tmp_path, tiny):
    snapshot = tmp_path / "hub/models--o--r/snapshots/abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "hub/models--o--r/refs").mkdir()
    (tmp_path / "hub/models--o--r/refs/main").write_text("abc")
    for part in ("m.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "half-00001-of-00002.gguf"):
        (snapshot / part).write_bytes(tiny.read_bytes())

    whole, parts, half, absent, misspelt = _probe(
        tmp_path,
        "hf:o/r/m.gguf",
        "hf:o/r/big-00001-of-00002.gguf",
        "hf:o/r/half-00001-of-00002.gguf",
        "hf:o/r/absent.gguf",
        "hf:o/r--/absent.gguf",
        HF_HUB_OFFLINE="1",
    )

    assert Path(whole) == snapshot.resolve() / "m.gguf"
    assert Path(parts) == snapshot.resolve() / "big-00001-of-00002.gguf"
    assert half.startswith("ConnectionFailed: llama:hf:o/r/half-00002-of-00002.gguf is not in the cache")
    assert absent.startswith("ConnectionFailed: llama:hf:o/r/absent.gguf is not in the cache")
    assert misspelt.startswith("ModelNotFound: the hub has no repository o/r--")


@pytest.mark.parametrize(
    ("blocked", "reference"),
    [("llama_cpp", "PATH"), ("llguidance", "PATH"), ("numpy", "PATH"), ("huggingface_hub", "hf:o/r/m.gguf")],
)
def test_a_missing_extra_is_an_error_that_says_how_to_install_it(tiny, blocked, reference):
    probe = (
        "import sys\n"
        "sys.modules[sys.argv[1]] = None\n"
        "from promptkit.backends.llama import LlamaBackend\n"
        "from promptkit.requests import *\n"
        "from promptkit.schemas import OutputSchema\n"
        "from promptkit.messages import Message\n"
        "request = Request(messages=(Message(role='user', content='x'),), generation=GenerationConfig(),\n"
        "    output=OutputSpec(schema=OutputSchema.from_type(int)), prompt=PromptRef(name='t'))\n"
        "try:\n"
        "    LlamaBackend(sys.argv[2]).complete(request)\n"
        "except Exception as error:\n"
        "    print(f'{type(error).__name__}: {error}')\n"
    )
    command = [sys.executable, "-c", probe, blocked, reference.replace("PATH", str(tiny))]

    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("ModelLoadError: ")
    assert f"module {blocked}" in done.stdout
    assert "pip install 'promptkit-3c[llama]'" in done.stdout
