"""Which acts a page offers (PURE): the rules' table and the rights' table, read for one viewer and one dossier.

`casework.access.may` and `casework.dossiers.rules` judge again, under the lock, when the act is done; a test compares
what is offered with what is then accepted, over every viewer and state.
"""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from casework import access
from casework.access import Viewer
from casework.dossiers import rules

# access's name of an act → the rules' name, where the agent's and the citizen's differ.
_RULE: Mapping[str, tuple[str, str]] = {"post_message": ("write", "reply")}
OFFERED = tuple(act for act in access.ACTS if act not in ("reach_page", "act", "do_task"))  # see `api.process`


class Standing(Protocol):
    """What of a dossier's row decides the acts."""

    @property
    def state(self) -> str: ...
    @property
    def service_id(self) -> UUID | None: ...
    @property
    def citizen_id(self) -> UUID | None: ...
    @property
    def holder_id(self) -> UUID | None: ...
    @property
    def taken_over_from(self) -> UUID | None: ...
    @property
    def uncovered_since(self) -> object | None: ...
    @property
    def cover_id(self) -> UUID | None: ...


def acts(viewer: Viewer, row: Standing, *, origin_away: bool = False) -> tuple[str, ...]:
    """The acts that this viewer, who sees the dossier, may do now. `origin_away`: `taken_over_from` is still absent."""
    me = viewer.account_id
    citizen = viewer.kind != "agent" or (row.citizen_id is not None and row.citizen_id == me)
    relations = {"citizen"} if citizen else _relations(viewer, row)
    manager = not citizen and row.service_id in viewer.managed
    return tuple(
        act
        for act in OFFERED
        if relations & access.ACTS[act]
        and _holds(act, row, me, citizen=citizen, manager=manager)
        and _particular(act, row, me, manager=manager, origin_away=origin_away)
    )


def may_act(viewer: Viewer, row: Standing, doers: Collection[str]) -> bool:
    """Whether this viewer is one of those who may do an action of the process."""
    me = viewer.account_id
    if viewer.kind != "agent" or (row.citizen_id is not None and row.citizen_id == me):
        return False
    related = bool(_relations(viewer, row) & access.ACTS["act"])
    is_ = {"service": True, "manager": row.service_id in viewer.managed, "holder": row.holder_id == me}
    return related and any(is_[each] for each in doers)


def _relations(viewer: Viewer, row: Standing) -> set[str]:
    me, member = viewer.account_id, row.service_id in viewer.services
    asked = row.uncovered_since is not None and row.holder_id != me
    mandate = (row.cover_id == me or (row.cover_id is None and member)) if asked else member
    holds = {
        "member": member,
        "holder": row.holder_id == me,
        "origin": row.taken_over_from == me,
        "mandate": mandate,
    }
    return {name for name, held in holds.items() if held}


def _holds(act: str, row: Standing, me: UUID | None, *, citizen: bool, manager: bool) -> bool:
    agents, citizens = _RULE.get(act, (act, act))
    rule = rules.ACTS[citizens if citizen else agents]
    if row.state not in rule.states:
        return False
    held, mine = row.holder_id is not None, row.holder_id == me and me is not None
    return {
        "nobody": not held,
        "actor": mine,
        "actor or manager": held and (mine or manager),
        "actor, manager or nobody": not held or mine or manager,
        "another": held and not mine,
        "anybody": True,
    }[rule.holder]


def _particular(act: str, row: Standing, me: UUID | None, *, manager: bool, origin_away: bool) -> bool:
    if act == "take_over":
        return row.uncovered_since is not None
    if act == "hand_back":
        return (
            row.taken_over_from is not None
            and not origin_away
            and (manager or me in (row.holder_id, row.taken_over_from))
        )
    return True
