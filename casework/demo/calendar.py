"""When people file and when agents work: weekdays, holidays, school holidays, seasons (PURE).

School holidays follow the shape of French years, not the gazette: the demo needs seasons at any date.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from random import Random

from casework.terms import PARIS, is_working_day

# Monday to Sunday: a request is filed at any hour, and most often at the start of the week.
_BY_WEEKDAY = (1.30, 1.18, 1.10, 1.08, 0.94, 0.52, 0.46)
# When in the day, hour by hour (local): the morning, after lunch, and the evening from home.
_BY_HOUR = (1, 0.5, 0.3, 0.2, 0.2, 0.5, 1.2, 3, 6, 9, 10, 9, 6, 6.5, 9, 8.5, 8, 7, 6, 5.5, 6, 5.5, 3.5, 2)
_HOURS = tuple(accumulate(_BY_HOUR))
# The desk is open from 8:30 to 12:15 and from 13:30 to 17:15, in minutes of the day.
_MORNING, _AFTERNOON = (510, 735), (810, 1035)
_DESK = (_MORNING[1] - _MORNING[0]) + (_AFTERNOON[1] - _AFTERNOON[0])

# January to December, by family of requests; 1 is an ordinary month. A procedure not named here has no season.
SEASONS: Mapping[str, tuple[float, ...]] = {
    "school": (0.3, 0.3, 0.5, 0.9, 1.6, 3.0, 2.2, 1.6, 1.2, 0.4, 0.3, 0.2),
    "leisure": (0.5, 0.9, 0.9, 1.2, 1.4, 2.3, 1.4, 0.6, 1.6, 1.0, 0.5, 0.5),
    "sport": (0.3, 0.2, 0.2, 0.2, 0.3, 0.9, 1.0, 1.2, 4.0, 2.6, 0.8, 0.3),
    "garden": (0.4, 0.6, 1.6, 2.2, 1.9, 1.3, 0.9, 0.7, 1.0, 0.8, 0.4, 0.2),
    "winter": (1.8, 1.5, 1.1, 0.8, 0.5, 0.4, 0.4, 0.5, 0.9, 1.3, 1.7, 1.9),
    "summer": (0.2, 0.3, 0.5, 0.8, 1.2, 2.2, 3.0, 1.8, 0.7, 0.5, 0.4, 0.4),
    "events": (0.6, 0.9, 1.4, 1.8, 1.8, 1.4, 0.7, 0.4, 1.0, 0.8, 0.7, 0.5),
    "planting": (0.9, 0.8, 0.6, 0.3, 0.2, 0.2, 0.2, 0.3, 1.0, 2.4, 3.0, 1.8),
    "start_of_year": (2.4, 1.6, 1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 1.2, 1.0, 0.8, 0.5),
}
_SEASON_OF = (
    ("transport-scolaire", "school"),
    ("cantine", "school"),
    ("restauration-scolaire", "school"),
    ("scolaire", "school"),
    ("loisirs", "leisure"),
    ("vacances-pour", "summer"),
    ("passsport", "sport"),
    ("pass-sport", "sport"),
    ("compost", "garden"),
    ("tranquillite", "summer"),
    ("eclairage", "winter"),
    ("evenement", "events"),
    ("manifestation", "events"),
    ("terrasse", "events"),
    ("salle", "events"),
    ("mariage", "events"),
    ("arbre", "planting"),
    ("plantation", "planting"),
    ("subvention", "start_of_year"),
    ("electoral", "start_of_year"),
    ("velo", "garden"),
    ("encombrants", "garden"),
)


def season_of(slug: str) -> tuple[float, ...]:
    """The twelve weights of a procedure."""
    return next((SEASONS[season] for part, season in _SEASON_OF if part in slug), (1.0,) * 12)


@cache
def is_school_holiday(day: date) -> bool:
    """Two weeks around All Saints, Christmas, in February and in April, and the summer."""
    if day.month in (7, 8):
        return day >= _saturday(date(day.year, 7, 1))
    for month, first in ((10, 17), (12, 18), (2, 7), (4, 5)):
        begins = _saturday(date(day.year, month, first))
        if begins <= day < begins + timedelta(days=16):
            return True
    return day.month == 1 and day < _saturday(date(day.year - 1, 12, 18)) + timedelta(days=16)


def _saturday(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def weight(day: date, season: Sequence[float]) -> float:
    """How many requests this day brings beside an ordinary one."""
    weight = _BY_WEEKDAY[day.weekday()] * season[day.month - 1]
    if day.weekday() < 5 and not is_working_day(day):
        weight *= 0.35
    if is_school_holiday(day):
        weight *= 0.8
    return weight


def filed_at(chance: Random, day: date) -> datetime:
    """An instant of this local day at which somebody may file (UTC)."""
    hour = bisect_left(_HOURS, chance.random() * _HOURS[-1])
    return _instant(day, hour * 60 + chance.randrange(60), chance)


def _instant(day: date, minute: int, chance: Random) -> datetime:
    at = time(minute // 60, minute % 60, chance.randrange(60), chance.randrange(1000) * 1000)
    return datetime.combine(day, at, PARIS).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """The working days of a span, and the instants at which an agent sits at the desk."""

    days: tuple[date, ...]

    @classmethod
    def over(cls, first: date, last: date) -> "Desk":
        """Every working day from `first` to `last`, both included."""
        span = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return cls(tuple(day for day in span if is_working_day(day)))

    def after(self, at: datetime, working_days: float, chance: Random) -> datetime:
        """An instant at the desk about `working_days` after `at`, and always after it."""
        local = at.astimezone(PARIS)
        today, whole = local.date(), int(working_days)
        start = bisect_left(self.days, today)
        at_work = start < len(self.days) and self.days[start] == today
        minute = local.hour * 60 + local.minute + 1
        if whole == 0 and at_work and minute < _AFTERNOON[1] - 5:
            # Later today: what is left of the desk's day, by the fraction that was asked.
            earliest = _desk_minute(minute)
            return _instant(today, _minute_of(earliest + int((_DESK - earliest) * (working_days % 1))), chance)
        place = bisect_right(self.days, today) + max(0, whole - 1)
        day = self.days[min(place, len(self.days) - 1)]
        return _instant(day, _minute_of(chance.randrange(_DESK)), chance)


def _desk_minute(minute: int) -> int:
    """Minutes of desk time before this minute of the day."""
    morning = min(max(minute - _MORNING[0], 0), _MORNING[1] - _MORNING[0])
    afternoon = min(max(minute - _AFTERNOON[0], 0), _AFTERNOON[1] - _AFTERNOON[0])
    return morning + afternoon


def _minute_of(desk: int) -> int:
    """The minute of the day after `desk` minutes of desk time."""
    desk = min(max(desk, 0), _DESK - 1)
    morning = _MORNING[1] - _MORNING[0]
    return _MORNING[0] + desk if desk < morning else _AFTERNOON[0] + desk - morning
