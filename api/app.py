"""The REST door, ready to be mounted: the operations, their description, and problems for what no operation serves."""

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from api import problems
from api.http import respond, route
from api.openapi import document
from api.routes import OPERATIONS

PREFIX = "/api/v1"


def rest() -> Mount:
    """`/api/v1`."""
    description = msgspec.json.encode(document(OPERATIONS, server=PREFIX))

    async def openapi(request: Request) -> Response:
        return Response(description, media_type="application/json")

    app = Starlette(
        routes=[Route("/openapi.json", openapi, name="openapi"), *(route(operation) for operation in OPERATIONS)],
        exception_handlers={HTTPException: told_by_status},
    )
    app.router.redirect_slashes = False
    return Mount(PREFIX, app=app, name="api")


async def told_by_status(request: Request, error: Exception) -> Response:
    """HTTP's own errors: no such route, no such method, a body over the limit."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = problems.BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
    response = respond(problems.plain(code, problems.locale_of(request.headers.get("accept-language"))))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
