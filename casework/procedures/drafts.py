"""Procedures being written: one draft for each, changed by edits that several designers send, each undone by itself.

Typing is not an action: nothing here is a fact, publishing is. `revision` counts a draft's changes and is its ETag.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import EditConflict, Invalid, NotFound, NothingToUndo, Stale
from casework.ids import AccountId
from casework.procedures import editing
from casework.procedures.editing import EditRefused
from casework.procedures.edits import Edit

CHANGES_KEPT = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A procedure as its designers have it now. `base`: the published revision that it came from; `clean`: its own
    revision when it was the same as that one.
    """

    slug: str
    directorate_id: UUID
    definition: Mapping[str, Any]
    revision: int
    base: int | None
    clean: int
    approved_revision: int | None
    approved_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None

    @property
    def changed(self) -> bool:
        """Whether somebody edited it since it was last the same as what is published."""
        return self.revision > self.clean


@dataclass(frozen=True, slots=True)
class Change:
    """One edit, as the list of who changed what shows it."""

    revision: int
    at: datetime
    actor: UUID | None
    code: str  # of editing, or `undo`
    element: str
    label: str
    keys: tuple[str, ...]
    undone: bool


_COLUMNS = """slug, directorate_id, definition, revision, base, clean, approved_revision, approved_by,
              updated_at, updated_by"""
_FIND = text(f"select {_COLUMNS} from procedure_drafts where slug = :slug")
_LOCK = text(f"select {_COLUMNS} from procedure_drafts where slug = :slug for no key update")
_OF = text(f"select {_COLUMNS} from procedure_drafts where directorate_id = any(:directorates) order by slug")
_INSERT = text(
    f"""
    insert into procedure_drafts (slug, directorate_id, definition, revision, base, clean, updated_at, updated_by)
    values (:slug, :directorate, cast(:definition as jsonb), 1, cast(:base as integer), :clean, now(), :by)
    on conflict (slug) do nothing returning {_COLUMNS}
    """
)
_WRITE = text(
    f"""
    update procedure_drafts set definition = cast(:definition as jsonb), revision = revision + 1,
                                updated_at = clock_timestamp(), updated_by = :by
    where slug = :slug returning {_COLUMNS}
    """
)
_NOTE = text(
    """
    insert into procedure_draft_changes (slug, revision, at, actor, said, touched, undo)
    values (:slug, :revision, clock_timestamp(), :by, cast(:said as jsonb), :touched, cast(:undo as jsonb))
    """
)
_FORGET = text("delete from procedure_draft_changes where slug = :slug and revision <= :revision")
_SINCE = text(
    """
    select revision, at, actor, said, touched, undone from procedure_draft_changes
    where slug = :slug and revision > :seen and actor is distinct from cast(:by as uuid) order by revision
    """
)
_LATEST = text(
    """
    select revision, at, actor, said, touched, undone from procedure_draft_changes
    where slug = :slug order by revision desc limit :most
    """
)
_MINE = text(
    """
    select revision, undo, touched, said from procedure_draft_changes
    where slug = :slug and actor = :by and undo is not null and not undone and revision > :clean
    order by revision desc limit 1
    """
)
_UNDONE = text("update procedure_draft_changes set undone = true where slug = :slug and revision = :revision")
_SETTLE = text(
    f"""
    update procedure_drafts set base = :base, clean = revision, approved_revision = null, approved_by = null
    where slug = :slug returning {_COLUMNS}
    """
)
# Further on than what is remembered: whoever has seen less is stale, and nobody's edit falls on another definition.
_REPLACE = text(
    f"""
    update procedure_drafts set definition = cast(:definition as jsonb), revision = revision + {CHANGES_KEPT} + 1,
                                base = :base, directorate_id = :directorate, approved_revision = null,
                                approved_by = null, updated_at = clock_timestamp(), updated_by = :by
    where slug = :slug returning {_COLUMNS}
    """
)
_DISCARD = text("delete from procedure_drafts where slug = :slug")
_APPROVE = text(
    f"""
    update procedure_drafts set approved_revision = revision, approved_by = :by where slug = :slug returning {_COLUMNS}
    """
)
_TAKEN = text(
    "select slug from procedures where slug like :like union select slug from procedure_drafts where slug like :like"
)


async def find(db: AsyncConnection, slug: str) -> Draft | None:
    """The draft of this procedure, if there is one."""
    row = (await db.execute(_FIND, {"slug": slug})).one_or_none()
    return None if row is None else _draft(row)


async def lock(db: AsyncConnection, slug: str) -> Draft:
    """The draft, kept from other changes until the transaction ends. Raises NotFound."""
    row = (await db.execute(_LOCK, {"slug": slug})).one_or_none()
    if row is None:
        raise NotFound
    return _draft(row)


async def of_directorates(db: AsyncConnection, directorates: Collection[UUID]) -> tuple[Draft, ...]:
    """The drafts of these directorates, by slug."""
    return tuple(_draft(row) for row in await db.execute(_OF, {"directorates": list(directorates)}))


async def free_slug(db: AsyncConnection, title: str) -> str:
    """A slug made of this title that no procedure and no draft has."""
    wanted = editing.id_of(title, (), joiner="-")
    taken = (await db.execute(_TAKEN, {"like": f"{wanted}%"})).scalars().all()
    return editing.id_of(title, taken, joiner="-")


async def begin(
    db: AsyncConnection,
    slug: str,
    directorate: UUID,
    definition: Mapping[str, Any],
    *,
    base: int | None,
    by: AccountId | None,
) -> Draft:
    """A new draft, of the published revision `base` or of nothing; the one that is there where somebody was faster."""
    binds = {"slug": slug, "directorate": directorate, "definition": _json(definition), "base": base, "by": by}
    row = (await db.execute(_INSERT, {**binds, "clean": 0 if base is None else 1})).one_or_none()
    return await lock(db, slug) if row is None else _draft(row)


def refuse_stale(draft: Draft, seen: int) -> None:
    """Raises Stale where the draft is not the one that was seen: what is read is what is agreed to (PURE)."""
    if seen != draft.revision:
        raise Stale(version=draft.revision)


async def change(db: AsyncConnection, draft: Draft, edit: Edit, *, seen: int, by: AccountId) -> Draft:
    """Apply the edit on top of what was done since `seen`, to a draft under its lock. One's own later edit wins over
    one's earlier one (two windows, a slow line); other people's are never written over unseen.

    Raises EditConflict where one of them touched the same thing, Stale where `seen` is older than what is remembered
    (or never was), Invalid where the edit cannot be applied.
    """
    if not draft.revision - CHANGES_KEPT <= seen <= draft.revision:
        raise Stale(version=draft.revision)
    touched = editing.touches(draft.definition, edit)
    since = [] if seen == draft.revision else [*await db.execute(_SINCE, {"slug": draft.slug, "seen": seen, "by": by})]
    _refuse_collision(draft, touched, since)
    edited = _applied(draft, edit)
    said = msgspec.to_builtins(editing.said(draft.definition, edit))
    return await _write(db, draft, edited.definition, said, touched, edited.undo, by)


async def undo(db: AsyncConnection, draft: Draft, *, by: AccountId) -> Draft:
    """Take back one's own last change, under what others did meanwhile, to a draft under its lock.

    Raises NothingToUndo, and EditConflict where somebody touched the same thing after it.
    """
    last = (await db.execute(_MINE, {"slug": draft.slug, "by": by, "clean": draft.clean})).one_or_none()
    if last is None:
        raise NothingToUndo
    since = await db.execute(_SINCE, {"slug": draft.slug, "seen": last.revision, "by": by})
    _refuse_collision(draft, last.touched, [row for row in since if not row.undone and row.said["code"] != "undo"])
    edited = _applied(draft, msgspec.convert(last.undo, Edit))
    await db.execute(_UNDONE, {"slug": draft.slug, "revision": last.revision})
    return await _write(db, draft, edited.definition, {**last.said, "code": "undo"}, last.touched, None, by)


async def changes(db: AsyncConnection, slug: str, *, most: int = CHANGES_KEPT) -> tuple[Change, ...]:
    """Who changed what, the last first."""
    return tuple(_change(row) for row in await db.execute(_LATEST, {"slug": slug, "most": most}))


async def settle(db: AsyncConnection, slug: str, *, base: int) -> Draft:
    """The draft is the published revision `base` now."""
    return _draft((await db.execute(_SETTLE, {"slug": slug, "base": base})).one())


async def approve(db: AsyncConnection, slug: str, *, by: AccountId) -> Draft:
    """This designer has read the draft as it is, and agrees that it is published."""
    return _draft((await db.execute(_APPROVE, {"slug": slug, "by": by})).one())


async def replace(
    db: AsyncConnection,
    draft: Draft,
    directorate: UUID,
    definition: Mapping[str, Any],
    *,
    base: int | None,
    by: AccountId,
) -> Draft:
    """The draft, under its lock, with another definition in place of all that was written: no edit is undone over it."""
    binds = {"slug": draft.slug, "directorate": directorate, "definition": _json(definition), "base": base, "by": by}
    replaced = _draft((await db.execute(_REPLACE, binds)).one())
    await db.execute(_FORGET, {"slug": draft.slug, "revision": replaced.revision})
    return replaced


async def discard(db: AsyncConnection, slug: str) -> None:
    """The draft and its list of changes are gone; what is published stays."""
    await db.execute(_DISCARD, {"slug": slug})


def _refuse_collision(draft: Draft, touched: Collection[str], since: Sequence[Row[Any]]) -> None:
    collisions = [(row, editing.collide(touched, row.touched)) for row in since]
    if found := [(row, both) for row, both in collisions if both]:
        last, both = found[-1]
        raise EditConflict(version=draft.revision, elements=sorted(both), change=_change(last))


def _applied(draft: Draft, edit: Edit) -> editing.Edited:
    try:
        return editing.apply(draft.definition, edit)
    except EditRefused as refused:
        raise Invalid(faults=[{"field": refused.element, "code": refused.code}]) from refused


async def _write(
    db: AsyncConnection,
    draft: Draft,
    definition: Mapping[str, Any],
    said: Mapping[str, Any],
    touched: Collection[str],
    undo_: Edit | None,
    by: AccountId,
) -> Draft:
    row = (await db.execute(_WRITE, {"slug": draft.slug, "definition": _json(definition), "by": by})).one()
    written = _draft(row)
    note = {
        "slug": draft.slug,
        "revision": written.revision,
        "by": by,
        "said": _json(said),
        "touched": sorted(touched),
        "undo": None if undo_ is None else _json(undo_),
    }
    await db.execute(_NOTE, note)
    await db.execute(_FORGET, {"slug": draft.slug, "revision": written.revision - CHANGES_KEPT})
    return written


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _draft(row: Row[Any]) -> Draft:
    values: list[Any] = list(row)
    return Draft(*values)


def _change(row: Row[Any]) -> Change:
    said = row.said
    return Change(
        row.revision, row.at, row.actor, said["code"], said["element"], said["label"], tuple(said["keys"]), row.undone
    )
