"""Settings: read once from `CITEWELL_*` variables, frozen, passed down as the smallest part."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class IndexSettings(_Part):
    """Where the guidelines are, and how they are indexed."""

    uri: str = Field("var/citewell.db", description="Milvus Lite file (must end in .db) or a Milvus server's URI")
    token: str = Field("", description="user:password or API key of a Milvus server", repr=False)
    collection: str = Field(
        "guidelines", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$", description="alias that readers use"
    )
    analyzer: Literal["jieba", "standard"] = Field("jieba", description="Milvus tokenizer of the lexical side")
    timeout_s: float = Field(10.0, gt=0, le=120, description="bound on one call to Milvus")


class EmbeddingSettings(_Part):
    """Which model turns text into vectors."""

    model: str = Field("packaged", description="`packaged` (all-MiniLM-L6-v2), or a sentence-transformers model's path")
    languages: tuple[str, ...] = Field(("en",), description="languages the model knows; others use the lexical side")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the CPU is fast at it"
    )
    threads: int = Field(2, ge=1, le=64, description="torch threads")
    batch_size: int = Field(32, ge=1, le=512, description="texts per forward pass")


class RetrievalSettings(_Part):
    """How passages are found and fused."""

    candidates: int = Field(100, ge=6, le=500, description="chunks taken from each side before fusion")
    conditions: int = Field(20, ge=1, le=50, description="conditions whose guidelines the evidence engine compares")
    rrf_k: int = Field(20, ge=1, le=1000, description="constant of reciprocal rank fusion")
    max_batch: int = Field(32, ge=1, le=256, description="concurrent queries gathered into one search")
    max_waiting: int = Field(256, ge=1, le=10_000, description="queries that may wait; more are refused with 503")


class LibrarySettings(_Part):
    """The data that is read at start: terminology and triage rules."""

    folder: Path = Field(Path("guidelines"), description="folder with `terminology/` and `triage/`")


class ServerSettings(_Part):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    max_body_bytes: int = Field(4_194_304, ge=1024, description="larger request bodies are refused with 413")
    deadline_s: float = Field(30.0, gt=0, le=600, description="bound on one answer")


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="CITEWELL_", env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    index: IndexSettings = IndexSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    library: LibrarySettings = LibrarySettings()
    server: ServerSettings = ServerSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe level logged")
