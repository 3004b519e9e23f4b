"""The transaction of a door: it begins and ends here, in sight, and the bell rings after its commit."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import HTTPConnection

import infra.database
from api.problems import NotSignedIn, SessionExpired
from api.state import State, state_of
from casework.access import Viewer
from casework.accounts.queries import Session
from infra.cookies import token_of

ANONYMOUS = Viewer(None, "citizen")


def transaction(state: State) -> AbstractAsyncContextManager[AsyncConnection]:
    """What an act writes: committed when the block ends well, then told to everybody."""
    return infra.database.transaction(state.engine, ring=state.ring)


def reading(state: State) -> AbstractAsyncContextManager[AsyncConnection]:
    """One snapshot: rows, counts and position agree."""
    return infra.database.reading(state.engine)


async def session_of(connection: HTTPConnection) -> Session | None:
    """The session that a request bears; None where it bears none. Raises SessionExpired for one that has ended."""
    state = state_of(connection)
    token = token_of(connection.headers, secure=state.settings.secure)
    if token is None:
        return None
    session = await state.sessions.find(token)
    if session is None:
        raise SessionExpired
    return session


async def principal(connection: HTTPConnection) -> Session:
    """Who asks. Raises NotSignedIn and SessionExpired."""
    session = await session_of(connection)
    if session is None:
        raise NotSignedIn
    return session
