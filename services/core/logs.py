"""JSON logs that can only carry allow-listed fields: ids, hashes, lengths, durations and versions."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

ALLOWED_FIELDS: Final = frozenset(
    {
        "request_id", "route", "method", "status", "code", "duration_ms", "language", "engine", "level", "outcome",
        "passages", "diagnoses", "edition", "documents", "chunks", "embedder", "batch", "characters", "version",
        "error_type", "prompt_tokens", "completion_tokens", "samples",
    }
)  # fmt: skip
"""Extra fields of a log record that may be written. None of them can hold what a person wrote."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line. Messages of foreign loggers and exception texts are withheld: they may quote input."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        ours = record.name.startswith(("services", "ingestion", "evals", "uvicorn.error"))
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "severity": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage() if ours else "(message of a library withheld)",
        }
        line.update({name: value for name, value in vars(record).items() if name in ALLOWED_FIELDS})
        if record.exc_info and record.exc_info[0] is not None:
            line["error_type"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logs(level: str) -> None:
    """Send all logs through the JSON formatter to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("services", "ingestion", "evals"):
        logging.getLogger(name).setLevel(level)
    for name in ("pymilvus", "milvus_lite", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
