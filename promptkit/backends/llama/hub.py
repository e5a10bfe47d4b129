"""Model files from the Hugging Face hub, kept in its own cache."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import httpx

from promptkit.errors import BackendError, ConnectionFailed, ModelLoadError, ModelNotFound, Unauthorized

__all__ = ["as_ours", "download", "parts"]

# Big models come in parts, of which llama.cpp is given the first and finds the rest beside it.
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def download(repository: str, file: str) -> Path:
    """The path of ``file`` in the hub's cache, fetched with a progress bar when it is not there yet.

    Raises:
        ModelNotFound: When there is no such repository or file.
        Unauthorized: When the repository asks for a login.
        ConnectionFailed: When the hub cannot be reached and the file is not in the cache.
        ModelLoadError: When huggingface-hub is not installed or the disk refuses the file.
    """
    try:
        hub: Any = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise ModelLoadError(
            "llama:hf: references need the module huggingface_hub, which is not installed; "
            "install the extra with: pip install 'promptkit-3c[llama]'"
        ) from error
    first, *others = parts(file)
    path = _fetch(hub, repository, first)
    for part in others:
        _fetch(hub, repository, part)
    return path


def parts(file: str) -> list[str]:
    """The files that ``file`` is one of; itself alone for a model in one file."""
    part = _PART.fullmatch(file)
    if part is None:
        return [file]
    count = int(part["count"])
    return [f"{part['stem']}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]


def _fetch(hub: Any, repository: str, file: str) -> Path:
    try:
        return Path(hub.hf_hub_download(repo_id=repository, filename=file))
    except (hub.errors.HfHubHTTPError, hub.errors.HFValidationError, httpx.HTTPError, OSError) as error:
        raise as_ours(hub.errors, error, repository, file) from error


def as_ours(kinds: Any, error: Exception, repository: str, file: str) -> BackendError:
    """The error of our tree for one of huggingface_hub, whose module of errors is ``kinds``."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    name = f"llama:hf:{repository}/{file}"
    if isinstance(error, kinds.LocalEntryNotFoundError | kinds.OfflineModeIsEnabled | httpx.HTTPError):
        return ConnectionFailed(
            f"{name} is not in the cache and the hub cannot be reached: {reason}; "
            "check the network, or give the path of a file that you have",
            backend=name,
        )
    if isinstance(error, kinds.GatedRepoError):
        return Unauthorized(
            f"{repository} asks for a login at the hub; accept its terms there and set HF_TOKEN", backend=name
        )
    if isinstance(error, kinds.RepositoryNotFoundError | kinds.HFValidationError):
        return ModelNotFound(
            f"the hub has no repository {repository} that you may read; check the name in {name}, "
            "and set HF_TOKEN if it is private",
            backend=name,
        )
    if isinstance(error, kinds.EntryNotFoundError):
        return ModelNotFound(
            f"the repository {repository} has no file {file}; see its list of files on the hub", backend=name
        )
    if isinstance(error, kinds.HfHubHTTPError):
        return ConnectionFailed(f"the hub did not give {name}: {reason}; try again later", backend=name)
    return ModelLoadError(f"{name} could not be stored: {reason}; check the disk's space", backend=name)
