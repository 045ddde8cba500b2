"""Milvus's bulk import: rows go as Parquet into the object store that the server reads, and from there in by one job.

For large libraries on a Milvus server. Needs `citewell[bulk]`.
"""

import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from typing import Any, Final

from pymilvus import CollectionSchema, MilvusException
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from services.core.errors import IndexUnavailableError
from services.core.settings import IndexSettings
from services.index.connection import is_lite

_JOB_S: Final = 3600.0
_PART_BYTES: Final = 256 * 1024 * 1024
"""Of a Parquet file, and so of what is held in memory."""


def _writer() -> Any:
    """The class that writes and sends files; it keeps what went wrong in its thread, where it would be lost."""
    from pymilvus.bulk_writer import RemoteBulkWriter

    for name in ("pymilvus.bulk_writer", "bulk_writer"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    class Writer(RemoteBulkWriter):  # type: ignore[misc]  # pymilvus has no types
        failure: Exception | None = None

        def _flush(self, call_back: Callable[[list[str]], object] | None = None) -> None:
            try:
                super()._flush(call_back)
            except Exception as exc:  # noqa: BLE001 - whatever it is, `finish` tells it
                self.failure = exc

    return Writer


class BulkImport:
    """Rows of one collection on their way."""

    def __init__(self, settings: IndexSettings, collection: str, schema: CollectionSchema) -> None:
        """Nothing is sent yet.

        Raises:
            IndexUnavailableError: The libraries are not installed, Milvus is no server, or the settings do not name an
                object store.
        """
        if is_lite(settings.uri):
            raise IndexUnavailableError(
                "bulk import needs a Milvus server: unset CITEWELL_INDEX__BULK__ENDPOINT, or set CITEWELL_INDEX__URI"
            )
        try:
            writer = _writer()
        except ImportError as exc:
            raise IndexUnavailableError("bulk import is not installed: pip install 'citewell[bulk]'") from exc
        self._settings = settings
        self._collection = collection
        folder = tempfile.mkdtemp()
        self._cleanup = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        bulk = settings.bulk
        self._rest = (bulk.rest_uri or settings.uri).rstrip("/")
        store = writer.S3ConnectParam(
            endpoint=bulk.endpoint,
            bucket_name=bulk.bucket,
            access_key=bulk.access_key,
            secret_key=bulk.secret_key,
            secure=bulk.secure,
        )
        try:
            self._writer = writer(schema, collection, store, _PART_BYTES, local_path=folder)
        except Exception as exc:
            raise IndexUnavailableError("the object store cannot be used: check CITEWELL_INDEX__BULK__*") from exc

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Rows for the next file.

        Raises:
            IndexUnavailableError: A row does not fit the collection.
        """
        for row in rows:
            try:
                self._writer.append_row(row)
            except MilvusException as exc:
                raise IndexUnavailableError("Milvus refused a row") from exc

    def finish(self) -> None:
        """Send what is left, start the job and wait for it.

        Raises:
            IndexUnavailableError: A file was not sent, or the job failed.
        """
        from pymilvus.bulk_writer import bulk_import

        try:
            self._writer.commit()
            if self._writer.failure is not None:
                raise IndexUnavailableError(
                    "the object store did not take a file: check CITEWELL_INDEX__BULK__*"
                ) from self._writer.failure
            started = bulk_import(
                url=self._rest,
                collection_name=self._collection,
                files=self._writer.batch_files,
                api_key=self._settings.token,
            )
            self._wait(str(started.json()["data"]["jobId"]))
        except (MilvusException, KeyError, ValueError) as exc:
            raise IndexUnavailableError("Milvus did not start or answer about the import job") from exc
        finally:
            self._cleanup()

    def _wait(self, job: str) -> None:
        retrying = Retrying(
            retry=retry_if_result(lambda state: state not in {"Completed", "Failed"}),
            wait=wait_exponential(0.5, max=5),
            stop=stop_after_delay(_JOB_S),
        )
        try:
            state = retrying(self._state, job)
        except RetryError as exc:
            raise IndexUnavailableError(f"Milvus's import job took more than {_JOB_S:g} s") from exc
        if state == "Failed":
            raise IndexUnavailableError("Milvus's import job failed: see the server's log")

    def _state(self, job: str) -> str:
        from pymilvus.bulk_writer import get_import_progress

        answer = get_import_progress(url=self._rest, job_id=job, api_key=self._settings.token)
        return str(answer.json()["data"]["state"])
