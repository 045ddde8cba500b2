"""Which embedder the settings name."""

from services.core.errors import EmbedderError
from services.core.settings import EmbeddingSettings
from services.embedding.embedder import Embedder
from services.embedding.endpoint import EndpointEmbedder
from services.embedding.transformer import TransformerEmbedder
from services.embedding.weights import locate


def open_embedder(settings: EmbeddingSettings) -> Embedder:
    """An embedder that is ready: a model in this process, or an endpoint that was seen to answer. Close it at the end.

    Raises:
        EmbedderError: It is not usable; the message says what to do.
    """
    return EndpointEmbedder.open(settings) if _is_endpoint(settings) else TransformerEmbedder.open(settings)


def fingerprint_of(settings: EmbeddingSettings) -> str:
    """Fingerprint of the embedder that `open_embedder` would open, without loading a model. An endpoint is asked.

    Raises:
        EmbedderError: It cannot be had; the message says what to do.
    """
    if not _is_endpoint(settings):
        return locate(settings)[1]
    embedder = EndpointEmbedder.open(settings)
    embedder.close()
    return embedder.fingerprint


def _is_endpoint(settings: EmbeddingSettings) -> bool:
    if settings.base_url and settings.model != "packaged":
        raise EmbedderError("two embedders are set: unset CITEWELL_EMBEDDING__MODEL or CITEWELL_EMBEDDING__BASE_URL")
    return bool(settings.base_url)
