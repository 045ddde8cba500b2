"""The FastAPI application."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from services.api import problems
from services.api.middleware import BodyLimit, RequestContext
from services.api.routes import diagnose, health, library
from services.api.schemas import Problem
from services.assistant.pipeline import SERVICE_VERSION, Assistant
from services.core.settings import ServerSettings

_DESCRIPTION = """Answers from clinical guidelines, with the verbatim sentences behind every statement.

It is decision support for people who can check it, not a doctor. Errors are RFC 9457 problems and never echo input."""


def create_app(assistant: Callable[[], Assistant], server: ServerSettings) -> FastAPI:
    """An app that asks for the assistant at each request. The API's documentation needs no network."""
    app: FastAPI = FastAPIOffline(title="Citewell", version=SERVICE_VERSION, description=_DESCRIPTION)
    app.state.assistant = assistant
    app.state.server = server
    for module in (diagnose, library, health):
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(BodyLimit, max_bytes=server.max_body_bytes)
    app.add_middleware(RequestContext)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Problems have one media type; FastAPI would list them under `application/json` as well."""
    schema = app.openapi()
    schema["components"]["schemas"].setdefault(
        "Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    )
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:  # noqa: PLR2004
                    response.get("content", {}).pop("application/json", None)
    app.openapi_schema = schema
