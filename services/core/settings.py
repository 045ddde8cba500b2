"""Settings: read once from `CITEWELL_*` variables, frozen, passed down as the smallest part."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def _fits_a_header(key: SecretStr) -> SecretStr:
    """Before an HTTP client sees it: its error on an illegal header quotes the key."""
    value = key.get_secret_value()
    if not (value.isascii() and value.isprintable()):
        raise ValueError("cannot be sent in a header")
    return key


_Key = Annotated[SecretStr, AfterValidator(_fits_a_header)]


def names_of_invalid(error: ValidationError) -> str:
    """The variables whose values are not valid, without the values."""
    return ", ".join("CITEWELL_" + "__".join(str(part) for part in one["loc"]).upper() for one in error.errors())


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BulkSettings(_Part):
    """The object store of a Milvus server, for bulk import."""

    endpoint: str = Field(
        "", description="host:port of the S3 or MinIO store that Milvus reads; empty: rows are inserted"
    )
    bucket: str = Field("a-bucket", description="the bucket that Milvus is set up with")
    access_key: str = Field("", description="its access key", repr=False)
    secret_key: str = Field("", description="its secret key", repr=False)
    secure: bool = Field(False, description="HTTPS to the store")
    rest_uri: str = Field("", description="Milvus's REST address; empty: the same as CITEWELL_INDEX__URI")


class IndexSettings(_Part):
    """Where the guidelines are, and how they are indexed."""

    uri: str = Field("var/citewell.db", description="Milvus Lite file (must end in .db) or a Milvus server's URI")
    token: str = Field("", description="user:password or API key of a Milvus server", repr=False)
    collection: str = Field(
        "guidelines", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$", description="alias that readers use"
    )
    analyzer: Literal["jieba", "standard"] = Field("jieba", description="Milvus tokenizer of the lexical side")
    timeout_s: float = Field(10.0, gt=0, le=120, description="bound on one call to Milvus")
    refresh_s: float = Field(1.0, gt=0, le=3600, description="how often the service looks for a new edition")
    bulk: BulkSettings = BulkSettings()


class EmbeddingSettings(_Part):
    """Which model turns text into vectors."""

    model: str = Field(
        "packaged",
        min_length=1,
        description="`packaged` (all-MiniLM-L6-v2), or a sentence-transformers model's folder or Hugging Face name",
    )
    languages: tuple[str, ...] = Field(("en",), description="languages the model knows; others use the lexical side")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the CPU is fast at it"
    )
    threads: int = Field(2, ge=1, le=64, description="torch threads")
    batch_size: int = Field(32, ge=1, le=512, description="texts per forward pass, or per request to an endpoint")
    base_url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="OpenAI-compatible embeddings API instead, as http://host:8080/v1"
    )
    name: str = Field("", description="model that the endpoint serves")
    key: _Key = Field(SecretStr(""), description="key of the endpoint")
    timeout_s: float = Field(10.0, gt=0, le=120, description="bound on one request to the endpoint, retry included")
    max_tokens: int = Field(512, ge=64, le=8192, description="tokens that the endpoint's model reads of one text")


class RetrievalSettings(_Part):
    """How passages are found and fused."""

    candidates: int = Field(100, ge=6, le=500, description="chunks taken from each side before fusion")
    conditions: int = Field(20, ge=1, le=50, description="conditions whose guidelines the evidence engine compares")
    rrf_k: int = Field(20, ge=1, le=1000, description="constant of reciprocal rank fusion")
    reranker: str = Field(
        "",
        description="cross-encoder that puts the passages found in a new order: its folder or Hugging Face name, as "
        "BAAI/bge-reranker-v2-m3; empty: none",
    )
    reranked: int = Field(20, ge=1, le=100, description="conditions whose passage it reads, best first")
    relevant_from: float = Field(
        0.0,
        ge=0,
        le=1,
        description="least relevance of a passage that is kept: the reranker's score, without one the strength of its "
        "hits against the strongest; 0 keeps all",
    )
    max_batch: int = Field(32, ge=1, le=256, description="concurrent queries gathered into one search")
    max_waiting: int = Field(256, ge=1, le=10_000, description="queries that may wait; more are refused with 503")

    @property
    def reranker_name(self) -> str | None:
        """The reranker's name without the folders that it lies in; None without one."""
        return Path(self.reranker).name or None


class ModelSettings(_Part):
    """The language model behind vLLM. Without a URL the evidence engine answers."""

    base_url: str = Field("", pattern=r"^(https?://\S+)?$", description="vLLM's API, as in http://host:8000/v1")
    name: str = Field("Qwen/Qwen2.5-7B-Instruct", min_length=1, description="served model, or one of its adapters")
    key: _Key = Field(SecretStr(""), description="key that vLLM was started with")
    temperature: float = Field(0.3, ge=0, le=1.5, description="of sampling, where a request names none")
    top_p: float = Field(0.9, gt=0, le=1, description="of sampling, where a request names none")
    max_tokens: int = Field(2048, ge=256, le=8192, description="longest answer")
    samples: int = Field(1, ge=1, le=5, description="answers drawn to see how far they agree")
    conditions: int = Field(6, ge=1, le=12, description="conditions whose passages go into the prompt")
    in_flight: int = Field(32, ge=1, le=1024, description="requests at the model at once; more wait")
    connect_s: float = Field(3.0, gt=0, le=60, description="bound on connecting")
    first_token_s: float = Field(20.0, gt=0, le=300, description="bound on the first token, waiting included")
    between_tokens_s: float = Field(10.0, gt=0, le=300, description="bound between two tokens")
    total_s: float = Field(60.0, gt=0, le=600, description="bound on a whole answer of the model")
    probe_s: float = Field(5.0, gt=0, le=60, description="bound on the one token that shows the model is ready")
    breaker_failures: int = Field(3, ge=1, le=100, description="failures in a row after which it is not asked")
    breaker_cooldown_s: float = Field(10.0, gt=0, le=600, description="how long it is not asked then")


class LibrarySettings(_Part):
    """The data that is read at start: terminology and triage rules."""

    folder: Path = Field(Path("guidelines"), description="folder with `terminology/` and `triage/`")
    calibration: Path = Field(
        Path("evals/calibration"), description="folder of calibrations, one for each engine; without, none says `high`"
    )
    resembles_from: float = Field(
        0.55,
        gt=0,
        le=1,
        description="chance from which on a text that resembles examples of emergencies counts as one; 1 is never",
    )
    region: str = Field(
        "",
        pattern=r"^([A-Z]{2})?$",
        description="where patients are if a request does not say: ISO 3166-1 alpha-2; decides the emergency number"
        " and whose guidelines are used",
    )


class VocabularySettings(_Part):
    """A vocabulary that you have a licence for: it completes codes and names of diagnoses."""

    path: Path | None = Field(
        None, description="release file, or folder of them: UMLS `MRCONSO.RRF`, SNOMED CT RF2, ICD-10-CM, WHO ICD-10"
    )
    license_acknowledged: bool = Field(False, description="you have the licence that its publisher asks for")


class ServerSettings(_Part):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    max_body_bytes: int = Field(4_194_304, ge=1024, description="larger request bodies are refused with 413")
    tenant_header: str = Field(
        "X-Tenant-ID", pattern=r"^[A-Za-z0-9-]{1,64}$", description="header in which your gateway says who asks"
    )
    deadline_s: float = Field(90.0, gt=0, le=600, description="bound on one answer")


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix="CITEWELL_", env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    index: IndexSettings = IndexSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    model: ModelSettings = ModelSettings()
    library: LibrarySettings = LibrarySettings()
    vocabulary: VocabularySettings = VocabularySettings()
    server: ServerSettings = ServerSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe level logged")
