"""When an absence can be declared, begun, ended and cancelled (PURE)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from casework import terms
from casework.continuity.model import Absence
from casework.errors import Invalid, WrongState
from casework.journal.fact import Fact

LONGEST_DAYS = 3 * 366  # a long sick leave; more is a mistake of the year


@dataclass(frozen=True, slots=True)
class Span:
    """An absence by half-days of Europe/Paris, both ends included. `from_half` "now" is unplanned: from this instant."""

    from_date: date
    from_half: str  # am | pm | now
    until_date: date
    until_half: str  # am | pm

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """Its first instant and the one after its last. Raises Invalid when it is empty, over, or beyond reason."""
        starts_at = now if self.from_half == "now" else terms.begins(self.from_date, self.from_half)
        ends_at = terms.ends(self.until_date, self.until_half)
        if ends_at <= starts_at:
            raise Invalid(faults=[{"field": "until", "code": "ends_before_it_begins"}])
        if ends_at <= now:
            raise Invalid(faults=[{"field": "until", "code": "already_over"}])
        if (ends_at - starts_at).days > LONGEST_DAYS:
            raise Invalid(faults=[{"field": "until", "code": "too_long"}])
        return starts_at, ends_at


def declare(
    *, starts_at: datetime, ends_at: datetime, declared_by: UUID | None, substitutes: tuple[UUID, ...], content: str
) -> Fact:
    """Somebody will be away; the substitutes are asked in this order, then the service."""
    changes = {"starts_at": starts_at, "ends_at": ends_at, "state": "declared", "declared_by": declared_by}
    return Fact("absence.declared", changes, {"substitutes": substitutes, "content": content})


def begin(absence: Absence) -> Fact | None:
    """Its first minute has come; None if that was said already, or it was cancelled."""
    if absence.state != "declared" or absence.starts_at is None or absence.starts_at > absence.now:
        return None
    return Fact("absence.begun", {"state": "begun"})


def end(absence: Absence) -> Fact | None:
    """Its last minute is past; None if it is not, or that was said already."""
    if absence.state not in ("declared", "begun") or absence.ends_at is None or absence.ends_at > absence.now:
        return None
    return Fact("absence.ended", {"state": "ended"})


def cancel(absence: Absence) -> Fact:
    """It will not be, or it stops now. Raises WrongState when it is over."""
    if absence.state not in ("declared", "begun"):
        raise WrongState(state=absence.state, allowed=["declared", "begun"])
    ended_early = absence.state == "begun" or (absence.starts_at is not None and absence.starts_at <= absence.now)
    changes = {"state": "ended", "ends_at": absence.now} if ended_early else {"state": "cancelled"}
    return Fact("absence.cancelled", changes)
