"""`python -m services.api`: load everything, then serve."""

import asyncio
import json
import socket
import sys

import uvicorn
from pydantic import ValidationError

from services.api.app import create_app
from services.core.errors import CitewellError
from services.core.logs import configure_logs
from services.core.settings import Settings, names_of_invalid
from services.wiring import open_service

_EXAMPLE = {
    "symptoms": "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
    "duration": "两周",
    "history": "有过敏性鼻炎史，吸烟5年",
    "output_format": "json",
}


class _Server(uvicorn.Server):
    """Says where it is once it can be asked."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(_banner(self.config.host, self.config.port), flush=True)  # noqa: T201


def main() -> None:
    """Entry point of the console script. Exit code 1 if something is missing; the message says what to do."""
    try:
        settings = Settings()
        configure_logs(settings.log_level)
        asyncio.run(_serve(settings))
    except CitewellError as exc:
        _fail(f"{exc.code}: {exc}")
    except ValidationError as exc:
        _fail(f"settings are not valid: {names_of_invalid(exc)}")
    except KeyboardInterrupt:
        pass  # uvicorn has shut down and passes the signal on


async def _serve(settings: Settings) -> None:
    async with open_service(settings) as service:
        config = uvicorn.Config(
            create_app(lambda: service.assistant, settings.server),
            host=settings.server.host,
            port=settings.server.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        server = _Server(config)
        await server.serve()
    if not server.started:
        raise SystemExit(1)


def _fail(message: str) -> None:
    print(f"citewell: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(1)


def _banner(host: str, port: int) -> str:
    url = f"http://{host}:{port}"
    body = json.dumps(_EXAMPLE, ensure_ascii=False)
    return (
        f"\nCitewell is ready: {url}\nAPI documentation:  {url}/docs\nTry it:\n"
        f"curl -s {url}/diagnose -H 'content-type: application/json' -d '{body}'\n"
    )


if __name__ == "__main__":
    main()
