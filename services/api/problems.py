"""Errors as RFC 9457 problems that never echo what the caller sent."""

import logging
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.api.schemas import FieldProblem, Problem
from services.core.errors import CitewellError

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_MAX_FIELD_PROBLEMS: Final = 20
_EXPLAINED: Final = {
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field is missing, unknown or out of bounds",
    HTTPStatus.BAD_REQUEST: "The body is no JSON object in UTF-8",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large, or the question too long for the model",
    HTTPStatus.SERVICE_UNAVAILABLE: "The guidelines cannot be searched now; Retry-After says when to try again",
    HTTPStatus.NOT_FOUND: "There is no such thing in the published edition",
}


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What the API description says of these statuses."""
    return {
        status.value: {
            "model": Problem,
            "description": _EXPLAINED[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem(
    request_id: str, status: int, code: str, title: str, *, errors: list[FieldProblem] | None = None
) -> JSONResponse:
    """A problem as a response."""
    return _response(
        Problem(
            type=f"urn:citewell:problem:{code}",
            title=title,
            status=status,
            code=code,
            request_id=request_id,
            errors=errors,
        )
    )


def _response(body: Problem) -> JSONResponse:
    headers = {} if body.retry_after_s is None else {"Retry-After": str(body.retry_after_s)}
    return JSONResponse(body.model_dump(exclude_none=True), body.status, headers, media_type=MEDIA_TYPE)


def problem_body(request_id: str, exc: CitewellError) -> Problem:
    """One of our errors as the body of a problem."""
    # Messages of our own errors carry ids, counts and remedies only.
    return Problem(
        type=f"urn:citewell:problem:{exc.code}",
        title=exc.title,
        status=exc.status,
        code=exc.code,
        request_id=request_id,
        detail=str(exc) if exc.status < HTTPStatus.INTERNAL_SERVER_ERROR else None,
        retry_after_s=exc.retry_after_s,
    )


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(CitewellError)
    async def on_citewell_error(request: Request, exc: CitewellError) -> JSONResponse:
        logger.warning("request_failed", extra={"code": exc.code, "request_id": request_id(request)})
        return _response(problem_body(request_id(request), exc))

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, exc: RequestValidationError) -> JSONResponse:
        errors = exc.errors()
        if any(error["type"] == "json_invalid" for error in errors):
            return problem(request_id(request), HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not JSON")
        fields = [FieldProblem(field=_field(error), code=error["type"]) for error in errors[:_MAX_FIELD_PROBLEMS]]
        return problem(
            request_id(request), HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", "Invalid input", errors=fields
        )

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, exc: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(exc.status_code).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        response = problem(request_id(request), exc.status_code, code, phrase)
        response.headers.update(exc.headers or {})
        return response

    @app.exception_handler(Exception)
    async def on_unexpected(request: Request, exc: Exception) -> JSONResponse:
        logger.error("unexpected_error", exc_info=exc, extra={"request_id": request_id(request)})
        return problem(request_id(request), HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Internal error")


def request_id(request: Request) -> str:
    """The id that the request was given, or came with."""
    return str(request.scope.get("citewell.request_id", "-"))


def _field(error: dict[str, Any]) -> str:
    """The path of a field; the name of an unknown one is the caller's own words and left out."""
    path = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in path)
