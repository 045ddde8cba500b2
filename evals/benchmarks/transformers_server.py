"""The baseline of many articles: a transformers pipeline behind FastAPI, one request after the other."""

import threading
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field


class GenerateRequest(BaseModel):
    """Messages, and exactly how many tokens to make."""

    messages: list[dict[str, str]]
    tokens: int = Field(ge=1, le=4096)


def create_app(model: Path) -> FastAPI:
    """An app around a pipeline of this model; weights are random where the folder has none."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, pipeline

    loaded: Any
    if any(model.glob("*.safetensors")):
        loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16)
    else:
        loaded = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model), dtype=torch.bfloat16)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generate = pipeline(
        "text-generation", model=loaded.to(device), tokenizer=AutoTokenizer.from_pretrained(model), device=device
    )
    lock = threading.Lock()
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/generate")
    def run(body: GenerateRequest) -> dict[str, int]:
        with lock:
            made = generate(
                body.messages,
                max_new_tokens=body.tokens,
                min_new_tokens=body.tokens,
                do_sample=False,
                return_full_text=False,
            )
        return {"characters": len(made[0]["generated_text"])}

    return app


def main(model: Path, port: Annotated[int, typer.Option()] = 8200) -> None:
    """Serve on the loopback."""
    uvicorn.run(create_app(model), host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    typer.run(main)
