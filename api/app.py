"""The REST door: the operations by their addresses, their description, problems for the rest."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import problems
from api.http import Operation, respond, serve
from api.openapi import document

PREFIX = "/api/v1"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Rest:
    """Finds the operation of a request in a dictionary: forty patterns tried in turn cost more than some operations."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations: dict[tuple[str, ...], dict[str, Operation]] = {}
        for operation in operations:
            self.operations.setdefault(tuple(operation.path.split("/")), {})[operation.method] = operation
        # First word → what the second one is: every address with a parameter has it there.
        self._named = {path[1]: path[2] for path in self.operations if len(path) > 2 and path[2].startswith("{")}
        self._description = msgspec.json.encode(document(operations, server=PREFIX))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._respond(request)
        except HTTPException as error:
            response = await told_by_status(request, error)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(PREFIX)
        method = "GET" if request.method == "HEAD" else request.method
        if path == "/openapi.json":
            if method != "GET":
                raise HTTPException(405, headers={"Allow": "GET, HEAD"})
            return Response(self._description, media_type="application/json")
        by_method, parameters = self._find(path)
        if method not in by_method:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(by_method))})
        request.scope["path_params"] = parameters
        return await serve(by_method[method], request)

    def _find(self, path: str) -> tuple[Mapping[str, Operation], dict[str, Any]]:
        parts = tuple(path.split("/"))
        found = self.operations.get(parts)
        if found is not None:
            return found, {}
        name = self._named.get(parts[1]) if len(parts) > 2 else None
        found = self.operations.get((*parts[:2], name, *parts[3:])) if name is not None else None
        if found is None or name is None or not parts[2]:
            raise HTTPException(404)
        return found, {name.strip("{}"): _id(parts[2]) if name == "{id}" else parts[2]}


def _id(text: str) -> UUID:
    """Ids are UUIDs in their one written form: anything else is not found."""
    if not _UUID.fullmatch(text):
        raise HTTPException(404)
    return UUID(text)


async def told_by_status(request: Request, error: Exception) -> Response:
    """HTTP's own errors: no such route, no such method, a body over the limit."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = problems.BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
    response = respond(problems.plain(code, problems.locale_of(request.headers.get("accept-language"))))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
