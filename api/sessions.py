"""Signing in and out, and who is signed in."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from api import tracking
from api.door import reading, transaction
from api.inputs import SignIn
from api.representations import Me, Service
from api.state import State
from casework import access
from casework.accounts import actions, passwords, queries
from casework.accounts.queries import Session
from casework.dossiers import particulars
from casework.errors import BadCredentials, Invalid
from casework.ids import DossierId
from casework.organisation.queries import services

# argon2id takes 64 MiB and tens of milliseconds of a core: two at a time, the others wait their turn.
_HASHING = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: its token, shown this once, and whose it is."""

    token: str
    session: Session


async def open_session(state: State, asked: SignIn, *, address: str) -> Opened:
    """Sign in by password, or by the tracking code of one dossier. `address`: the caller's, whose failures are counted.

    Raises BadCredentials (one answer for unknown and wrong), TooMany, Invalid.
    """
    if (asked.password is None) == (asked.tracking_code is None):
        raise Invalid(faults=[{"field": "password", "code": "password_or_tracking_code"}])
    await state.limits.admit(address, asked.email)
    try:
        token = await (_by_password(state, asked) if asked.password is not None else _by_code(state, asked))
    except BadCredentials:
        await state.limits.failed(address, asked.email)
        raise
    return await _opened(state, token)


async def follow(state: State, dossier_id: DossierId) -> Opened:
    """A session for the one dossier that a person without an account has just begun or filed: the pages' next step."""
    async with transaction(state) as db:
        token, _ = await actions.open_session(db, None, dossier_id=dossier_id)
    return await _opened(state, token)


async def end_session(state: State, session: Session) -> None:
    """Nobody gets anything more by it: here at once, elsewhere and on sockets by the bell or within a second."""
    async with transaction(state) as db:
        await actions.end_session(db, session.id, by=access.applicant(session.viewer))
    state.sessions.forget(session.id)
    await state.bell.ring(f"s:{session.id}")


async def me(state: State, session: Session) -> Me:
    """Who is signed in, with what roles."""
    async with reading(state) as db:
        return await _me(db, session)


async def _by_password(state: State, asked: SignIn) -> str:
    async with reading(state) as db:
        account = await queries.by_email(db, asked.email)
    stored = account.password_hash if account is not None else None
    async with _HASHING:
        agrees = await asyncio.to_thread(passwords.agrees, stored, asked.password or "")
    if account is None or not agrees:
        raise BadCredentials
    async with transaction(state) as db:
        token, _ = await actions.open_session(db, account)
    return token


async def _by_code(state: State, asked: SignIn) -> str:
    async with transaction(state) as db:
        found = await particulars.by_tracking_hash(db, tracking.hash_of(asked.tracking_code or ""))
        if found is None:
            raise BadCredentials
        dossier_id, email = found
        if email is not None and email.strip().lower() != asked.email.strip().lower():
            raise BadCredentials
        token, _ = await actions.open_session(db, None, dossier_id=dossier_id)
    return token


async def _opened(state: State, token: str) -> Opened:
    session = await state.sessions.find(token)
    if session is None:
        raise BadCredentials
    return Opened(token, session)


async def _me(db: AsyncConnection, session: Session) -> Me:
    viewer = session.viewer
    held = {
        "agent": viewer.services - viewer.managed,
        "manager": viewer.managed,
        "director": viewer.directed,
        "designer": viewer.designed,
        "administrator": viewer.administrator,
    }
    return Me(
        id=viewer.account_id,
        kind=viewer.kind,  # type: ignore[arg-type] # a check constraint of the table
        name=session.name,
        locale=session.locale,
        roles=[role for role, where in held.items() if where],
        services=[Service(id=each.id, name=each.name) for each in await services(db, sorted(viewer.services))],
        managed=sorted(viewer.managed),
        dossier_id=viewer.only,
        expires_at=session.expires_at,
    )
