from __future__ import annotations

import httpx
import pytest
from huggingface_hub import errors

from promptkit.backends.llama.hub import as_ours, parts
from promptkit.errors import ConnectionFailed, ModelLoadError, ModelNotFound, Unauthorized

RESPONSE = httpx.Response(404, request=httpx.Request("HEAD", "https://hub.invalid/o/r"))


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (errors.RepositoryNotFoundError("404", response=RESPONSE), ModelNotFound, "no repository o/r"),
        (errors.HFValidationError("bad"), ModelNotFound, "no repository o/r"),
        (errors.GatedRepoError("403", response=RESPONSE), Unauthorized, "asks for a login"),
        (errors.RemoteEntryNotFoundError("404", response=RESPONSE), ModelNotFound, "has no file m.gguf"),
        (errors.LocalEntryNotFoundError("offline"), ConnectionFailed, "is not in the cache"),
        (errors.OfflineModeIsEnabled("offline"), ConnectionFailed, "is not in the cache"),
        (httpx.ConnectError("refused"), ConnectionFailed, "cannot be reached: refused"),
        (
            errors.HfHubHTTPError("500\nmore", response=RESPONSE),
            ConnectionFailed,
            "did not give .*: 500; try",
        ),
        (OSError(28, "No space left on device"), ModelLoadError, "could not be stored: .*No space left"),
        (OSError(), ModelLoadError, "could not be stored: OSError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_failure_of_the_hub_is_an_error_of_ours_that_names_the_file(error, kind, said):
    ours = as_ours(errors, error, "o/r", "m.gguf")

    assert type(ours) is kind
    assert ours.backend == "llama:hf:o/r/m.gguf"
    with pytest.raises(kind, match=said):
        raise ours


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("m.gguf", ["m.gguf"]),
        ("q/m-00001-of-00001.gguf", ["q/m-00001-of-00001.gguf"]),
        ("m-00002-of-00002.gguf", ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]),
    ],
)
def test_a_file_in_parts_is_all_its_parts_the_first_first(file, expected):
    assert parts(file) == expected
