import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from services.core.settings import Settings, names_of_invalid

README = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file()) / "README.md"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    import os

    for name in list(os.environ):
        if name.upper().startswith("CITEWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def variables(model: type[BaseModel], prefix: str) -> list[str]:
    names = []
    for name, described in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        part = described.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            names += variables(part, f"{variable}__")
        else:
            names.append(variable)
    return names


def test_every_setting_stands_in_the_readme_table():
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("|")]
    listed = set(re.findall(r"`(CITEWELL_[A-Z0-9_]+)`", "\n".join(rows)))
    assert sorted(set(variables(Settings, "CITEWELL_")) - listed) == []


def test_the_readme_table_lists_no_setting_that_is_not_there():
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("|")]
    listed = set(re.findall(r"^\|\s*`(CITEWELL_[A-Z0-9_]+)`", "\n".join(row.lstrip() for row in rows), re.MULTILINE))
    assert sorted(listed - set(variables(Settings, "CITEWELL_"))) == []


def test_variables_of_nested_parts_are_found():
    assert {"CITEWELL_INDEX__URI", "CITEWELL_SERVER__PORT", "CITEWELL_LOG_LEVEL"} <= set(
        variables(Settings, "CITEWELL_")
    )


def test_every_setting_is_described_and_has_a_default():
    def check(model: type[BaseModel]) -> None:
        for name, described in model.model_fields.items():
            assert not described.is_required(), name
            part = described.annotation
            if isinstance(part, type) and issubclass(part, BaseModel):
                check(part)
            else:
                assert described.description, name

    check(Settings)


def test_a_variable_sets_a_nested_setting(monkeypatch):
    monkeypatch.setenv("CITEWELL_RETRIEVAL__RRF_K", "60")
    monkeypatch.setenv("CITEWELL_LOG_LEVEL", "WARNING")
    made = Settings()
    assert (made.retrieval.rrf_k, made.retrieval.candidates, made.log_level) == (60, 100, "WARNING")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CITEWELL_SERVER__PORT", "0"),
        ("CITEWELL_SERVER__PORT", "65536"),
        ("CITEWELL_INDEX__TIMEOUT_S", "0"),
        ("CITEWELL_INDEX__COLLECTION", "guide-lines"),
        ("CITEWELL_INDEX__ANALYZER", "english"),
        ("CITEWELL_RETRIEVAL__MAX_BATCH", "0"),
        ("CITEWELL_RETRIEVAL__RERANKED", "0"),
        ("CITEWELL_RETRIEVAL__RELEVANT_FROM", "1.1"),
        ("CITEWELL_EMBEDDING__DTYPE", "int8"),
        ("CITEWELL_EMBEDDING__BASE_URL", "embedder:8080"),
        ("CITEWELL_EMBEDDING__MODEL", ""),
        ("CITEWELL_LOG_LEVEL", "TRACE"),
        ("CITEWELL_INDEX__URL", "typing error"),
    ],
)
def test_a_value_out_of_bounds_or_an_unknown_name_is_refused(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError):
        Settings()


def test_settings_cannot_be_changed():
    made = Settings()
    with pytest.raises(ValidationError):
        made.index.uri = "elsewhere.db"
    with pytest.raises(ValidationError):
        made.log_level = "DEBUG"


def test_the_token_does_not_show_itself(monkeypatch):
    monkeypatch.setenv("CITEWELL_INDEX__TOKEN", "root:secret")
    made = Settings()
    assert made.index.token == "root:secret"  # noqa: S105
    assert "secret" not in repr(made)
    assert "secret" not in str(made)


def test_an_error_does_not_quote_the_value(monkeypatch):
    monkeypatch.setenv("CITEWELL_SERVER__PORT", "secret")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("part", ["MODEL", "EMBEDDING"])
@pytest.mark.parametrize("key", ["sk-secret\n", "schlüssel", "密钥"])
def test_a_key_that_no_header_takes_is_refused_without_being_quoted(part, key, monkeypatch):
    monkeypatch.setenv(f"CITEWELL_{part}__KEY", key)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert names_of_invalid(caught.value) == f"CITEWELL_{part}__KEY"
    assert key not in str(caught.value)


def test_a_key_of_signs_is_taken_as_it_is(monkeypatch):
    monkeypatch.setenv("CITEWELL_MODEL__KEY", "sk-~!a b")
    assert Settings().model.key.get_secret_value() == "sk-~!a b"
