from __future__ import annotations

import pytest

from promptkit.backends.certificates import trust
from promptkit.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_certificates_are_read_once_for_the_process() -> None:
    assert trust(None) is trust(None)
    assert trust(None).cert_store_stats()["x509_ca"] > 50


def test_the_environment_and_the_option_name_other_authorities(authority_file, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))

    assert len(trust(None).get_ca_certs()) == len(trust(str(authority_file)).get_ca_certs()) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_told(tmp_path, content) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match=r"ca\.pem cannot be read .*PEM form"):
        trust(str(path))
