"""When a procedure is open, how many may have it, and what becomes of drafts at its closing (PURE)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from casework.forms.model import Wording
from casework.forms.rule_language import is_date
from casework.forms.strict import Reader
from casework.terms import PARIS

CLOSING_MAX = 1_000
QUOTA_MAX = 100_000
DRAFTS_MAX = 60  # days


@dataclass(frozen=True, slots=True)
class Opening:
    """`closing` is what the page says when it is closed; `drafts_days`: how long after closing a draft begun before may
    still be filed; `quota`: how many requests have a place; `waiting_list`: whether later ones may wait for one."""

    opens_at: datetime | None = None
    closes_at: datetime | None = None
    closing: Wording | None = None
    drafts_days: int = 0
    quota: int | None = None
    waiting_list: bool = False

    @property
    def drafts_until(self) -> datetime | None:
        """Until when drafts may be filed."""
        return self.closes_at + timedelta(days=self.drafts_days) if self.closes_at else None

    @property
    def columns(self) -> dict[str, Any]:
        """What the fact of publishing sets."""
        return {
            "opens_at": self.opens_at,
            "closes_at": self.closes_at,
            "drafts_until": self.drafts_until,
            "quota": self.quota,
            "waiting_list": self.waiting_list,
        }


ALWAYS = Opening()


class Opened(Protocol):
    """What of a package says when it is open."""

    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def closing(self) -> Wording | None: ...
    @property
    def drafts_days(self) -> int: ...
    @property
    def quota(self) -> int | None: ...
    @property
    def waiting_list(self) -> bool: ...


def opening_of(package: Opened) -> Opening:
    """The opening that a package declares."""
    return Opening(
        package.opens_at,
        package.closes_at,
        package.closing,
        package.drafts_days,
        package.quota,
        package.waiting_list,
    )


def read_opening(source: Reader) -> Mapping[str, Any]:
    """The package's keys `opens_at`, `closes_at`, `closing`, `drafts_days`, `quota`, `waiting_list`. Faults are noted."""
    opens, closes = _moment(source, "opens_at", last=False), _moment(source, "closes_at", last=True)
    if opens and closes and closes <= opens:
        source.fault("closes_at", "empty_range")
    drafts = source.integer("drafts_days", least=1, most=DRAFTS_MAX, optional=True) or 0
    if drafts and closes is None:
        source.fault("drafts_days", "without_closing")
    quota = source.integer("quota", least=1, most=QUOTA_MAX, optional=True)
    waiting = source.boolean("waiting_list", default=False)
    if waiting and quota is None:
        source.fault("waiting_list", "without_quota")
    closing = source.wording("closing", most=CLOSING_MAX, optional=True)
    return {
        "opens_at": opens, "closes_at": closes, "closing": closing, "drafts_days": drafts, "quota": quota,
        "waiting_list": waiting,
    }  # fmt: skip


def _moment(source: Reader, key: str, *, last: bool) -> datetime | None:
    """A local date (its first instant, or the end of it for the `last`), or a date and an hour: 2027-01-04 08:00."""
    value = source.get(key, optional=True)
    if value is None:
        return None
    day, _, hour = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if is_date(day) and not hour:
        return _utc(date.fromisoformat(day) + timedelta(days=last), time())
    try:
        if not is_date(day) or len(hour) != 5:
            raise ValueError
        return _utc(date.fromisoformat(day), time.fromisoformat(hour))
    except ValueError:
        source.fault(key, "bad_moment")
        return None


def _utc(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, PARIS).astimezone(UTC)
