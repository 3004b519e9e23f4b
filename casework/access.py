"""The one place of rights: who sees a dossier, who may do what to it, and in whose name.

`VISIBLE` (SQL) and `sees` (pure) say the same thing; a law compares them over generated people and dossiers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.authority import Authority
from casework.dossiers.model import LOCKED, Dossier
from casework.dossiers.queues import Keys
from casework.errors import NotAllowed, NotFound
from casework.ids import AccountId, DossierId, MandateId
from infra.database import Statement


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an account with its roles, or the bearer of a tracking code (`only`: the one dossier it opens)."""

    account_id: AccountId | None
    kind: str  # citizen | agent | follower
    services: frozenset[UUID] = frozenset()  # as agent or manager
    managed: frozenset[UUID] = frozenset()  # services
    directed: frozenset[UUID] = frozenset()  # directorates
    designed: frozenset[UUID] = frozenset()  # directorates
    administrator: bool = False
    only: DossierId | None = None

    @property
    def binds(self) -> dict[str, UUID | None]:
        """What the fragment `VISIBLE` needs."""
        return {"viewer": self.account_id, "only": self.only}


# Over `dossiers d`; binds: viewer, only. A draft is its author's alone. Administrators see no dossier: they run the
# platform, they do not read requests.
VISIBLE = """(
    d.id = cast(:only as uuid)
    or d.citizen_id = cast(:viewer as uuid)
    or (d.state not in ('draft', 'expired') and (
        d.holder_id = cast(:viewer as uuid)
        or d.taken_over_from = cast(:viewer as uuid)
        or d.cover_id = cast(:viewer as uuid)
        or exists (select from roles r where r.account_id = cast(:viewer as uuid)
                   and ((r.role in ('agent', 'manager') and r.service_id = d.service_id)
                        or (r.role = 'director' and r.directorate_id = d.directorate_id)))))
)"""


def sees(viewer: Viewer, keys: Keys, *, dossier_id: UUID, taken_over_from: UUID | None = None) -> bool:
    """Whether the viewer may see a dossier with these keys (PURE): the same as VISIBLE."""
    if viewer.only is not None and viewer.only == dossier_id:
        return True
    me = viewer.account_id
    if me is None:
        return False
    if keys.citizen_id == me:
        return True
    if keys.state in ("draft", "expired"):
        return False
    return (
        me in (keys.holder_id, taken_over_from, keys.cover_id)
        or keys.service_id in viewer.services
        or keys.directorate_id in viewer.directed
    )


# Which relation to the dossier an act asks for. The holder is the rules' business (casework/dossiers/rules.py).
ACTS: Mapping[str, frozenset[str]] = {
    "reach_page": frozenset({"citizen"}),
    "submit": frozenset({"citizen"}),
    "complete": frozenset({"citizen"}),
    "post_message": frozenset({"citizen", "member", "holder"}),
    "claim": frozenset({"member"}),
    "release": frozenset({"member", "holder"}),
    "assign": frozenset({"member", "holder"}),
    "start_review": frozenset({"member", "holder"}),
    "act": frozenset({"member", "holder"}),
    "do_task": frozenset({"member", "holder"}),
    "ask_completion": frozenset({"member", "holder"}),
    "decide": frozenset({"member", "holder"}),
    "reroute": frozenset({"member", "holder"}),
    "take_over": frozenset({"mandate"}),
    "hand_back": frozenset({"member", "holder", "origin"}),
}

# The lock and the relation, in one statement: what was true when a right was judged is still so when it is used.
_HELD = Statement(
    f"""
    select {LOCKED}, coalesce(r.member, false) as member, coalesce(r.manager, false) as manager
    from dossiers d
    left join lateral (
        select true as member, bool_or(r.role = 'manager') as manager from roles r
        where r.account_id = cast(:viewer as uuid) and r.service_id = d.service_id and r.role in ('agent', 'manager')
        having count(*) > 0
    ) r on true
    where d.id = cast(:dossier as uuid) and {VISIBLE}
    for no key update of d
    """
)
# The mandate is read again, and kept from changing, in the transaction that uses it: rights are judged by the clock.
_MANDATE_HELD = text(
    """
    select id, agent_id from mandates
    where id = :mandate and starts_at <= clock_timestamp() and clock_timestamp() < ends_at for share
    """
)
_MANDATE_OVER = text(
    """
    select id, agent_id from mandates
    where agent_id = :absent and starts_at <= clock_timestamp() and clock_timestamp() < ends_at
      and (substitute_id = :viewer or (substitute_id is null and :member)) order by rank limit 1 for share
    """
)


async def may(db: AsyncConnection, viewer: Viewer, act: str, dossier_id: DossierId) -> Authority:
    """The authority by which `viewer` may do `act` to the dossier, which is locked from here on.

    Raises NotFound for a dossier that the viewer does not see (never "forbidden": it would say that it exists), and
    NotAllowed where the viewer sees it without the relation that the act asks for.
    """
    row = await _HELD.first(db, {**viewer.binds, "dossier": dossier_id})
    if row is None:
        raise NotFound
    *columns, member, manager = row
    dossier, me, asked = Dossier(*columns), viewer.account_id, ACTS[act]
    if viewer.kind != "agent" or (dossier.citizen_id is not None and dossier.citizen_id == me):
        if "citizen" not in asked:
            raise NotAllowed
        return Authority(me, "citizen", over=dossier)
    if dossier.uncovered_since is not None and "mandate" in asked and dossier.holder_id != me:
        if dossier.cover_id not in (None, me):
            raise NotAllowed
        over = {"absent": dossier.holder_id, "viewer": me, "member": member}
        mandate = (await db.execute(_MANDATE_OVER, over)).one_or_none()
        if mandate is None:
            raise NotAllowed
        return Authority(me, "substitute", AccountId(mandate.agent_id), MandateId(mandate.id), over=dossier)
    relations = {
        name
        for name, holds in (
            ("member", member),
            ("holder", dossier.holder_id == me),
            ("origin", dossier.taken_over_from == me),
            ("mandate", member),  # nothing to take over: the rules say so, and who holds it
        )
        if holds
    }
    if not relations & asked:
        raise NotAllowed
    if dossier.holder_id == me and dossier.mandate_id is not None:
        mandate = (await db.execute(_MANDATE_HELD, {"mandate": dossier.mandate_id})).one_or_none()
        if mandate is not None:
            return Authority(me, "substitute", AccountId(mandate.agent_id), MandateId(mandate.id), over=dossier)
    return Authority(me, "manager" if manager else "agent", over=dossier)


# A role is read again, and kept from changing, in the transaction that uses it.
_DESIGNS = text(
    "select 1 from roles where account_id = :viewer and role = 'designer' and directorate_id = :directorate for share"
)


async def may_design(db: AsyncConnection, viewer: Viewer, directorate_id: UUID) -> Authority:
    """The authority by which `viewer` writes and publishes the procedures of a directorate.

    Raises NotAllowed for who is no designer, and NotFound for a designer of others (never "forbidden": it would say
    that the draft exists).
    """
    if not viewer.designed:
        raise NotAllowed
    binds = {"viewer": viewer.account_id, "directorate": directorate_id}
    if (await db.execute(_DESIGNS, binds)).one_or_none() is None:
        raise NotFound
    return Authority(viewer.account_id, "agent")


def applicant(viewer: Viewer) -> Authority:
    """The authority by which somebody files a request of their own: an account, or nobody known."""
    return Authority(viewer.account_id, "citizen")
