"""Terms and half-days on local dates (PURE). Times are UTC everywhere else; a term is a matter of Europe/Paris."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

PARIS = ZoneInfo("Europe/Paris")
NOON = time(12, 30)


@cache
def _holidays(year: int) -> frozenset[date]:
    """The legal holidays of metropolitan France (Code du travail, article L3133-1)."""
    return frozenset(holidays.country_holidays("FR", years=year))


def is_working_day(day: date) -> bool:
    """Monday to Friday, legal holidays left out."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def add_working_days(day: date, days: int) -> date:
    """The date `days` working days after `day`, or before it where negative; 0 gives `day` itself."""
    step = 1 if days > 0 else -1
    while days:
        day += timedelta(days=step)
        if is_working_day(day):
            days -= step
    return day


def working_days_between(first: date, last: date) -> int:
    """How many working days come after `first`, up to `last` included; below zero where `last` is the earlier one."""
    if last < first:
        return -working_days_between(last, first)
    weeks, rest = divmod((last - first).days, 7)
    whole = first + timedelta(days=7 * weeks)
    days = 5 * weeks + sum((whole + timedelta(days=n)).weekday() < 5 for n in range(1, rest + 1))
    return days - sum(
        first < day <= last and day.weekday() < 5
        for year in range(first.year, last.year + 1)
        for day in _holidays(year)
    )


def due_at(submitted_at: datetime, working_days: int) -> datetime:
    """The end, at Paris's midnight, of the last day on which a request filed at `submitted_at` is in time."""
    last = add_working_days(submitted_at.astimezone(PARIS).date(), working_days)
    return datetime.combine(last + timedelta(days=1), time(), PARIS)


def begins(day: date, half: str) -> datetime:
    """When an absence from this half-day begins: midnight, or 12:30."""
    return datetime.combine(day, time() if half == "am" else NOON, PARIS)


def ends(day: date, half: str) -> datetime:
    """When an absence until this half-day, included, ends: 12:30, or midnight."""
    return (
        datetime.combine(day, NOON, PARIS) if half == "am" else datetime.combine(day + timedelta(days=1), time(), PARIS)
    )
