"""An OpenAI-compatible embeddings endpoint on the loopback, as vLLM and text-embeddings-inference offer one."""

import asyncio
import threading
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

from services.embedding.embedder import Embedder

NAME = "served-model"
KEY = "sk-embeddings"


class _Request(BaseModel):
    model: str
    input: list[str]
    encoding_format: str = "float"


class EmbeddingsServer:
    """Serves `embedder`, which may be exchanged while it runs, in a thread with a loop of its own."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.url = ""
        self.batches: list[int] = []
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        if self._server:
            self._server.should_exit = True
        self._thread.join(20)

    async def _serve(self) -> None:
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=0, log_config=None)
        self._server = uvicorn.Server(config)
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await serving

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/embeddings")
        def embed(request: _Request, authorization: Annotated[str, Header()] = "") -> dict[str, object]:
            if authorization != f"Bearer {KEY}":
                raise HTTPException(401)
            if request.model != NAME:
                raise HTTPException(404)
            self.batches.append(len(request.input))
            vectors = self.embedder.encode_documents(request.input).tolist()
            items = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
            return {"object": "list", "model": NAME, "data": items, "usage": {"prompt_tokens": 1, "total_tokens": 1}}

        return app
