"""Names of people, as far as a reader may know them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.representations import Person, TimelineEntry
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers.timeline import Audience, Entry

_PEOPLE = ("holder_id", "cover_id", "taken_over_from")


def audience_of(viewer: Viewer, citizen_id: UUID | None) -> Audience:
    """An agent reads the inside; whoever files, an agent too, reads what is told to citizens."""
    inside = viewer.kind == "agent" and (citizen_id is None or citizen_id != viewer.account_id)
    return "agent" if inside else "citizen"


async def named(db: AsyncConnection, entries: Iterable[Entry], *others: UUID | None) -> dict[UUID, str]:
    """The names of everybody in these entries, and of the others."""
    ids = {id_ for id_ in others if id_ is not None}
    for entry in entries:
        ids |= {id_ for id_ in (entry.actor, entry.on_behalf_of) if id_ is not None}
        ids |= set(_people_in(entry.set))
    return await accounts.names(db, sorted(ids))


def person(id_: UUID | None, names: Mapping[UUID, str]) -> Person | None:
    """Somebody whose name is known here."""
    return Person(id=id_, name=names[id_]) if id_ is not None and id_ in names else None


def entry(told: Entry, names: Mapping[UUID, str], steps: Mapping[str, str] | None = None) -> TimelineEntry:
    """A timeline's entry with its names; `steps`: what the steps of its process are called, by id."""
    step = told.set.get("step", (None, None))[1]
    called = {step: steps[step]} if steps and step in steps else {}
    return TimelineEntry(
        version=told.version,
        kind=told.kind,
        at=told.at,
        side=told.side,
        actor=person(told.actor, names),
        on_behalf_of=person(told.on_behalf_of, names),
        set=told.set,
        details=told.details,
        names={**{str(id_): names[id_] for id_ in _people_in(told.set) if id_ in names}, **called},
    )


def _people_in(changed: Mapping[str, tuple[Any, Any]]) -> list[UUID]:
    values = [value for column in _PEOPLE for value in changed.get(column, ())]
    return [UUID(value) for value in values if value is not None]
