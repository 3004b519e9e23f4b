"""What agents (and, for messages, citizens) do to one dossier. The rules judge; the answer says what was written."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from api import once
from api.door import transaction
from api.inputs import Asked, Assignment, Decision, NewMessage, Rerouting
from api.once import Before, Once
from api.people import audience_of
from api.representations import Acted
from api.state import State
from casework import access
from casework.access import Viewer
from casework.authority import Authority
from casework.dossiers import actions, particulars
from casework.dossiers.timeline import entry_of
from casework.errors import Invalid, NotFound
from casework.ids import AccountId, DossierId, Version
from casework.journal import read
from casework.journal.fact import Recorded

Do = Callable[[AsyncConnection, Authority], Awaitable[Recorded]]


async def claim(
    state: State, viewer: Viewer, dossier_id: DossierId, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Take a dossier that nobody holds."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.claim(db, dossier_id, seen=seen, by=by)

    return await do_act(state, viewer, "claim", dossier_id, attempt, do)


async def release(
    state: State, viewer: Viewer, dossier_id: DossierId, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Put it back for the service."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.release(db, dossier_id, seen=seen, by=by)

    return await do_act(state, viewer, "release", dossier_id, attempt, do)


async def assign(
    state: State,
    viewer: Viewer,
    dossier_id: DossierId,
    asked: Assignment,
    *,
    seen: Version,
    attempt: Once | None = None,
) -> Acted:
    """Give it to an agent of its service."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.assign(db, dossier_id, to=AccountId(asked.agent), seen=seen, by=by)

    return await do_act(state, viewer, "assign", dossier_id, attempt, do)


async def reroute(
    state: State,
    viewer: Viewer,
    dossier_id: DossierId,
    asked: Rerouting,
    *,
    seen: Version,
    attempt: Once | None = None,
) -> Acted:
    """Give it to the service that must answer: whoever did it may see it no more."""
    reason = _said("reason", asked.reason)

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.reroute(db, dossier_id, to=asked.service, reason=reason, seen=seen, by=by)

    return await do_act(state, viewer, "reroute", dossier_id, attempt, do)


async def start_review(
    state: State, viewer: Viewer, dossier_id: DossierId, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Begin to examine it."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.start_review(db, dossier_id, seen=seen, by=by)

    return await do_act(state, viewer, "start_review", dossier_id, attempt, do)


async def ask_completion(
    state: State, viewer: Viewer, dossier_id: DossierId, asked: Asked, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Ask the citizen for what is missing."""
    reason = _said("reason", asked.reason)

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.ask_completion(db, dossier_id, reason=reason, seen=seen, by=by)

    return await do_act(state, viewer, "ask_completion", dossier_id, attempt, do)


async def decide(
    state: State, viewer: Viewer, dossier_id: DossierId, asked: Decision, *, seen: Version, attempt: Once | None = None
) -> Acted:
    """Answer the request; a refusal says why."""
    reason = asked.reason.strip() if asked.outcome == "accepted" else _said("reason", asked.reason)

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.decide(db, dossier_id, outcome=asked.outcome, reason=reason, seen=seen, by=by)

    return await do_act(state, viewer, "decide", dossier_id, attempt, do)


async def take_over(
    state: State, viewer: Viewer, dossier_id: DossierId, *, seen: Version | None, attempt: Once | None = None
) -> Acted:
    """Go on with the dossier of somebody who is away."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.take_over(db, dossier_id, seen=seen, by=by)

    return await do_act(state, viewer, "take_over", dossier_id, attempt, do)


async def hand_back(
    state: State, viewer: Viewer, dossier_id: DossierId, *, seen: Version | None, attempt: Once | None = None
) -> Acted:
    """Give it back to the one in whose place it is held."""

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.hand_back(db, dossier_id, seen=seen, by=by)

    return await do_act(state, viewer, "hand_back", dossier_id, attempt, do)


async def write(
    state: State,
    viewer: Viewer,
    dossier_id: DossierId,
    asked: NewMessage,
    *,
    seen: Version | None = None,
    attempt: Once | None = None,
) -> Acted:
    """Write to the citizen, or to the administration."""
    message = _said("message", asked.message)

    async def do(db: AsyncConnection, by: Authority) -> Recorded:
        return await actions.post_message(db, dossier_id, message=message, seen=seen, by=by)

    return await do_act(state, viewer, "post_message", dossier_id, attempt, do)


async def do_act(state: State, viewer: Viewer, act: str, dossier_id: DossierId, attempt: Once | None, do: Do) -> Acted:
    """Do it in one transaction, under the right that `access.may` finds, once for each attempt."""
    async with transaction(state) as db:
        if before := await once.begin(db, attempt, dossier_id):
            return await already(db, viewer, before)
        done = await do(db, await access.may(db, viewer, act, dossier_id))
        await once.done(db, attempt, done.version)
    return acted(viewer, done)


async def already(db: AsyncConnection, viewer: Viewer, before: Before) -> Acted:
    """The answer of an act that this key did before. Raises NotFound for who may see the dossier no more, unless the act
    itself took it from their sight: then they are told that it was done."""
    dossier_id = DossierId(before.subject)
    facts = await read.of_subject(db, "dossier", dossier_id, after=before.version - 1)
    gave_away = bool(facts) and facts[0].kind == "dossier.rerouted" and facts[0].actor == viewer.account_id
    if not gave_away:
        await particulars.one(db, dossier_id, viewer)
    if not facts:
        raise NotFound
    return acted(viewer, facts[0])


def acted(viewer: Viewer, done: Recorded) -> Acted:
    """What was written, as this viewer may know it."""
    audience = audience_of(viewer, viewer.account_id if viewer.kind != "agent" else None)
    told = entry_of(done, audience, citizen_id=None)
    changed = told.set if told is not None else {}
    return Acted(
        id=done.subject_id,
        version=done.version,
        kind=done.kind,
        at=done.at,
        changes={column: after for column, (_, after) in changed.items()},
    )


def _said(field: str, words: str) -> str:
    """Words that say something. Raises Invalid for blanks."""
    said = words.strip()
    if not said:
        raise Invalid(faults=[{"field": field, "code": "required"}])
    return said
