"""The only writer of the journal. Actions call it, and nobody else does (import contract)."""

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.journal.fact import Fact, Position, Recorded, canonical, digest_of, payload_of
from casework.journal.stream import Stream, Subject
from infra.database import note_written


async def append(db: AsyncConnection, stream: Stream, subject: Subject, fact: Fact, *, by: Authority) -> Recorded:
    """Fold `fact` into the subject's row and write it down, in one statement, at the instant of the lock.

    The version under the row lock is the fence: no row at `version - 1` means that the row was not locked.
    """
    before = subject.columns()
    after = {**before, **fact.changes}
    version = subject.version + 1
    payload = payload_of(fact, before)
    digest = digest_of(subject.digest, stream.name, subject.id, version, fact, subject.now, by, payload)
    written = await stream.append.first(
        db,
        {
            **after,
            "id": subject.id,
            "version": version,
            "digest": digest,
            "kind": fact.kind,
            "v": fact.v,
            "at": subject.now,
            "by": by.actor,
            "by_on_behalf_of": by.on_behalf_of,
            "by_mandate_id": by.mandate_id,
            "payload": canonical(payload).decode(),
        },
    )
    if written is None:
        raise RuntimeError(f"{stream.name} {subject.id} is not at version {subject.version}: was its row locked?")
    position = Position(written["epoch"], written["tx"], written["id"])
    note_written(db, str(position))
    return Recorded(
        position,
        stream.name,
        subject.id,
        version,
        fact.kind,
        fact.v,
        subject.now,
        by.actor,
        by.on_behalf_of,
        by.mandate_id,
        payload,
    )
