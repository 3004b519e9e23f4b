"""HTTP over the functions of `api`: what a route declares, and how a request becomes a call of it and its answer."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, cast
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api import metrics, problems
from api.door import ANONYMOUS, session_of
from api.once import ANONYMOUS_KEY, KEY, Once, body_hash, principal_of
from api.problems import (
    BadHeader,
    BadJson,
    BadParameter,
    IfMatchMissing,
    NotSignedIn,
    SessionExpired,
    TooLarge,
    TooSlow,
    WrongMediaType,
    WrongShape,
)
from api.representations import Problem
from api.state import State, state_of
from casework.access import Viewer
from casework.accounts.queries import Session
from casework.errors import Refused
from casework.ids import DossierId, Version
from infra.logs import logger

JSON_MAX = 1_000_000  # bytes
BODY_SECONDS = 30.0
_IF_MATCH = re.compile(r'"([0-9]{1,9})"', re.ASCII)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)

log = logger(__name__)


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route without parameters."""


@dataclass(slots=True)
class Call:
    """A request, understood."""

    state: State
    request: Request
    session: Session | None
    locale: str
    path: Mapping[str, Any]
    query: Any
    body: Any
    seen: Version | None
    attempt: Once | None

    @property
    def viewer(self) -> Viewer:
        """Who asks. Raises NotSignedIn."""
        return self.signed_in.viewer

    @property
    def signed_in(self) -> Session:
        if self.session is None:
            raise NotSignedIn
        return self.session

    @property
    def anybody(self) -> Viewer:
        """Who asks, be it nobody known."""
        return self.session.viewer if self.session is not None else ANONYMOUS

    @property
    def id(self) -> UUID:
        return cast("UUID", self.path["id"])

    @property
    def dossier(self) -> DossierId:
        return DossierId(self.id)

    @property
    def version(self) -> Version:
        """The version that the caller saw, where the route needs it."""
        if self.seen is None:
            raise IfMatchMissing
        return self.seen


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers. `etag`: the version that the next act names in If-Match."""

    body: Any = None
    etag: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route: everything that the door enforces and openapi.json says of it."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    name: str
    does: str
    call: Handler
    gives: Any = None
    takes: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    status: int = 200
    needs: Literal["anybody", "session"] = "session"
    forgives: bool = False  # a session that has ended is as none: where nothing is done in somebody's name
    if_match: Literal["no", "may", "must"] = "no"
    once: bool = False
    etag: bool = False
    upload: bool = False
    answers: str | None = None  # the media type, where it is not JSON
    refuses: tuple[str, ...] = ()


async def serve(operation: Operation, request: Request) -> Response:
    """Answer the request by its operation. Raises HTTPException for what HTTP itself refuses."""
    began = time.perf_counter()
    response = await _serve(operation, request)
    metrics.observe(operation.name, response.status_code, began)
    return response


async def _serve(operation: Operation, request: Request) -> Response:
    locale = problems.locale_of(request.headers.get("accept-language"))
    session: Session | None = None
    try:
        state = state_of(request)
        session = await _session(operation, request)
        if operation.needs == "session" and session is None:
            raise NotSignedIn
        call = await _call(operation, request, state, session, locale)
        return _answer(operation, await operation.call(call))
    except ClientDisconnect:
        return Response(status_code=408)  # nobody reads it
    except HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - the last place where a fault can become an answer
        return await refused(request, error, session, locale)


async def _session(operation: Operation, request: Request) -> Session | None:
    try:
        return await session_of(request)
    except SessionExpired:
        if operation.forgives:
            return None
        raise


async def refused(request: Request, error: Exception, session: Session | None, locale: str) -> Response:
    """The problem that an exception is told as. A fault of ours is logged, with its traceback, and told in one word."""
    refusal = problems.refusal_of(error)
    if refusal is None:
        log.error("fault", path=request.url.path, exc_info=error)
        return respond(problems.plain("internal", locale))
    viewer = session.viewer if session is not None else None
    if refusal is not error and not isinstance(error, Refused):
        log.warning("unavailable", path=request.url.path, error=f"{type(error).__name__}: {error}"[:300])
    return respond(await problems.problem(state_of(request), viewer, refusal, locale))


def respond(problem: Problem) -> Response:
    """A problem as its response."""
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(problem), problem.status, headers, media_type="application/problem+json")


def _answer(operation: Operation, given: Any) -> Response:
    if isinstance(given, Response):
        return given
    reply = given if isinstance(given, Reply) else Reply(given)
    headers = {"Cache-Control": "no-store", **reply.headers}
    if reply.etag is not None:
        headers["ETag"] = f'"{reply.etag}"'
    if operation.gives is None:
        return Response(status_code=operation.status, headers=headers)
    return Response(
        msgspec.json.encode(reply.body), operation.status, headers, media_type="application/json; charset=utf-8"
    )


async def _call(operation: Operation, request: Request, state: State, session: Session | None, locale: str) -> Call:
    query = read_query(operation.query or NoQuery, request)
    seen = _seen(request) if operation.if_match != "no" else None
    if operation.if_match == "must" and seen is None:
        raise IfMatchMissing
    raw = b""
    if operation.method in ("POST", "PUT", "PATCH") and not operation.upload and _has_body(request):
        try:
            async with asyncio.timeout(BODY_SECONDS):
                raw = await _bytes(request)
        except TimeoutError as error:
            raise TooSlow from error
    body = read_body(operation.takes, raw, request.headers.get("content-type", "")) if operation.takes else None
    attempt = attempt_of(request, session, raw) if operation.once and not operation.upload else None
    return Call(state, request, session, locale, request.path_params, query, body, seen, attempt)


def _has_body(request: Request) -> bool:
    """Whether one is announced (RFC 9112, 6.3)."""
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _bytes(request: Request) -> bytes:
    """The body, of a megabyte at most. Raises TooLarge without having read the rest."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > JSON_MAX:
            raise TooLarge(detail=f"{JSON_MAX} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def attempt_of(request: Request, session: Session | None, raw: bytes) -> Once | None:
    """What the request's Idempotency-Key says; None where there is none. Raises BadHeader."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (KEY if session is not None else ANONYMOUS_KEY).fullmatch(key):
        raise BadHeader(detail="Idempotency-Key")
    return Once(principal_of(session), key, f"{request.method} {request.url.path}", body_hash(raw))


def _seen(request: Request) -> Version | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    match = _IF_MATCH.fullmatch(given.strip())
    if match is None or int(match[1]) > 2**31 - 1:
        raise BadHeader(detail="If-Match")
    return Version(int(match[1]))


@cache
def _lists(type_: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that may be given several times."""
    return frozenset(each.encode_name for each in msgspec.structs.fields(type_) if "list" in str(each.type).lower())


def read_query(type_: type[msgspec.Struct], request: Request) -> Any:
    """The address's parameters, typed. Raises BadParameter."""
    if not request.scope["query_string"]:
        return type_()
    lists = _lists(type_)
    values: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if "\x00" in value or "\x00" in name:
            raise BadParameter(faults=[{"field": name[:100].replace("\x00", ""), "code": "forbidden_character"}])
        if name in lists:
            values.setdefault(name, []).extend(part for part in value.split(",") if part)
        else:
            values[name] = value
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise BadParameter(faults=[fault_of(error)]) from error


def read_body(type_: type[msgspec.Struct], raw: bytes, content_type: str) -> Any:
    """The JSON body, typed. No body is an empty object. Raises WrongMediaType, BadJson, WrongShape."""
    if raw and content_type.partition(";")[0].strip().lower() != "application/json":
        raise WrongMediaType(detail="application/json")
    try:
        if not raw:
            return msgspec.convert({}, type_)
        if b"\\u0000" in raw:
            _refuse_nul(msgspec.json.decode(raw))
        try:
            return msgspec.json.decode(raw, type=type_)
        except msgspec.ValidationError:
            # JSON Schema calls 8.0 an integer, and so do we.
            return msgspec.convert(_whole(msgspec.json.decode(raw)), type_)
    except msgspec.ValidationError as error:
        raise WrongShape(faults=[fault_of(error)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadJson from error


def fault_of(error: msgspec.ValidationError) -> dict[str, Any]:
    """Where and why, from the words of the decoder."""
    match = _AT.match(str(error))
    what, where = (match["what"], match["where"] or "") if match else (str(error), "")
    name = re.search(r"field `([^`]*)`", what)
    if name is not None and ("missing" in what or "unknown" in what):
        path = f"{where}.{name[1][:100]}" if where else name[1][:100]
        return {"field": path, "code": "required" if "missing" in what else "unknown_field"}
    code = "too_long" if "length <=" in what else "too_short" if "length >=" in what else "wrong_type"
    return {"field": where, "code": code, "params": {"expected": what[:200]}}


def _refuse_nul(value: Any) -> None:
    # PostgreSQL holds every character but this one.
    if isinstance(value, str) and "\x00" in value:
        raise WrongShape(faults=[{"field": "", "code": "forbidden_character"}])
    if isinstance(value, dict):
        for name, each in value.items():
            _refuse_nul(name)
            _refuse_nul(each)
    if isinstance(value, list):
        for each in value:
            _refuse_nul(each)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value
