"""An object store as S3 has it, and the import jobs of a Milvus server, over HTTP; jobs write into a real Milvus.

Neither a store nor a Milvus server can be had where tests run. What is sent is kept, and read back as Parquet.
"""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyarrow.parquet
from pymilvus import MilvusClient

BUCKET = "library"
_LOCATION = b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>'


class ObjectStore:
    def __init__(self, milvus: str) -> None:
        self.milvus = milvus
        self.objects: dict[str, bytes] = {}
        self.job = "Completed"
        self.takes_files = True
        store = self

        class Handler(_Handler):
            kept = store

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ObjectStore":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rows(self, name: str) -> list[dict[str, Any]]:
        return pyarrow.parquet.read_table(io.BytesIO(self.objects[name])).to_pylist()

    def insert(self, collection: str, files: list[list[str]]) -> None:
        """What an import job does: JSON fields come as text."""
        client = MilvusClient(f"http://{self.milvus}")
        for row in (row for (name,) in files for row in self.rows(name)):
            parsed = {key: json.loads(row[key]) for key in ("sentences", "document")}
            client.insert(collection, {**row, **parsed})
        client.close()


class _Handler(BaseHTTPRequestHandler):
    kept: ObjectStore

    def do_GET(self) -> None:
        self._answer(200, _LOCATION)

    def do_HEAD(self) -> None:
        name = self._name()
        self._answer(200 if not name or name in self.kept.objects else 404)

    def do_PUT(self) -> None:
        body = self._body()
        if self.kept.takes_files:
            self.kept.objects[self._name()] = body
        self._answer(200 if self.kept.takes_files else 403)

    def do_POST(self) -> None:
        asked = json.loads(self._body())
        if self.path.endswith("/create"):
            self.kept.insert(asked["collectionName"], asked["files"])
            data = {"jobId": "1"}
        else:
            data = {"jobId": asked["jobId"], "state": self.kept.job}
        self._answer(200, json.dumps({"code": 0, "data": data}).encode())

    def _name(self) -> str:
        return self.path.partition("?")[0].removeprefix(f"/{BUCKET}").strip("/")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
