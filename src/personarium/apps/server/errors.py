"""What went wrong, as the client hears it: OpenAI's error object, the right status, and nothing about this machine."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from personarium.apps.server.json_reply import JsonReply
from personarium.core.errors import (
    BudgetExceeded,
    InvalidInput,
    NotFound,
    PersonariumError,
    RemoteError,
    StorageError,
    UsageError,
    shorten,
)

log = logging.getLogger("personarium.server")
_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?[/\\](?:[^/\\\s:'\"]+[/\\])*([^/\\\s:'\"]*)")
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
# What the model's failures are for a client of ours: a wrong key of the server is not the client's doing.
_REMOTE = {"timeout": 504, "rate_limit": 429, "bad_request": 400}
_REMOTE_WORDS = {
    "timeout": "the model behind this persona did not answer in time",
    "connection": "the model behind this persona cannot be reached",
    "auth": "the model behind this persona does not accept the server's key",
    "rate_limit": "the model behind this persona is limiting the server",
    "bad_request": "the model behind this persona refused the request",
}
_BROKEN = "the model behind this persona failed or broke off its reply"


class ApiError(PersonariumError):
    """A refusal with its HTTP status.

    Args:
        status: HTTP status.
        message: One sentence for the client.
        code: For programs, in OpenAI's words where it has one (``invalid_api_key``, ``model_not_found``).
        param: The request's field at fault.
        headers: Further response headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.headers = status, code, param, dict(headers or {})

    def body(self) -> dict[str, Any]:
        """OpenAI's error object."""
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}

    def json(self) -> bytes:
        """The error object as bytes."""
        return json.dumps(self.body(), ensure_ascii=False).encode("utf-8", "replace")


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    """OpenAI's error object."""

    error: ErrorDetail


_WORDS = {
    400: "The request is not what it should be",
    401: "No key, or a wrong one",
    403: "The key does not allow this",
    404: "There is no such thing",
    408: "The request came too slowly",
    409: "Something else has changed it meanwhile",
    413: "The request is too long",
    415: "The body is not of a type that is read here",
    429: "Too many requests; Retry-After says when to come again",
    500: "The server failed",
    502: "The model failed",
    503: "The server is busy; Retry-After says when to come again",
    504: "The model did not answer in time",
}
COMMON = (400, 401, 403, 408, 413, 429, 500, 503)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with these errors."""
    return {status: {"model": ErrorBody, "description": _WORDS[status]} for status in statuses}


def as_api_error(error: PersonariumError) -> ApiError:
    """Any of our errors as a refusal; what must not leave this machine is taken out of it."""
    from personarium.remember.store import Conflict

    if isinstance(error, ApiError):
        return error
    if isinstance(error, RemoteError):
        return remote_error(error)
    if isinstance(error, Conflict):
        return ApiError(409, "something else has changed this meanwhile; read it again", code="conflict")
    if isinstance(error, StorageError):
        return ApiError(500, "the server cannot read or write its store", code="storage_error")
    if isinstance(error, BudgetExceeded):
        return ApiError(429, "the server's budget for this model is used up", code="insufficient_quota")
    said = without_paths(str(error))
    if isinstance(error, NotFound):
        return ApiError(404, said, code="not_found")
    if isinstance(error, InvalidInput):
        return ApiError(400, said, code="invalid_value", param=error.field)
    if isinstance(error, UsageError):
        return ApiError(400, said, code="invalid_value")
    return ApiError(500, "the server failed", code="internal_error")


def remote_error(error: RemoteError) -> ApiError:
    """A model's failure; the model's own words only where they say what is wrong with the request."""
    message = _REMOTE_WORDS.get(error.kind, _BROKEN)
    if error.kind == "bad_request" and (said := str(error).partition("): ")[2]):
        message = f"{message}: {shorten(without_paths(said), 200)}"
    headers = {} if error.retry_after_s is None else {"Retry-After": str(max(1, round(error.retry_after_s)))}
    return ApiError(_REMOTE.get(error.kind, 502), message, code=f"upstream_{error.kind}", headers=headers)


def without_paths(text: str) -> str:
    """The text with every absolute path cut down to its last part."""
    return _PATH.sub(lambda found: found.group(1), text)


def install_errors(app: FastAPI) -> None:
    """Answer every error of an application in OpenAI's form."""

    async def ours(request: Request, error: Exception) -> JsonReply:
        assert isinstance(error, PersonariumError)
        found = as_api_error(error)
        if found.status >= 500:
            log.error(json.dumps({"error": type(error).__name__, "message": str(error), "status": found.status}))
        return _answer(found)

    async def invalid(request: Request, error: Exception) -> JsonReply:
        assert isinstance(error, RequestValidationError)
        return _answer(_invalid(error))

    async def http(request: Request, error: Exception) -> JsonReply:
        assert isinstance(error, HTTPException)
        found = ApiError(error.status_code, str(error.detail), headers=error.headers)
        return _answer(found)

    app.add_exception_handler(PersonariumError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _answer(error: ApiError) -> JsonReply:
    return JsonReply(error.body(), error.status, error.headers)


def _invalid(error: RequestValidationError) -> ApiError:
    """What is wrong with a request; what stood there is not repeated."""
    first = max(error.errors(), key=lambda one: len(one["loc"]))  # of several readings the one that went furthest
    if first["type"] == "json_invalid":
        return ApiError(400, "the body is no JSON", code="invalid_json")
    if first["loc"] == ("body",):
        return ApiError(400, "expected a JSON object and Content-Type: application/json", code="invalid_json")
    place = ".".join(str(part) for part in first["loc"][1:])
    where = f"{place}: " if place else ""
    return ApiError(400, f"{where}{first['msg']}", code=first["type"], param=place or None)
