"""What is published: each measure, cut for its reader. The dashboards draw these rows and the API gives them.

The whole community is shown in one cut, by directorate, small cells hidden. Whoever narrows it (to a procedure, to a
period that a total depends on) is shown what they direct or manage, alone: take one narrow cut of the others from
another, and what is left is somebody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import polars as pl

from analytics import access, measures
from analytics.access import Reader
from analytics.figures import Figures
from casework.terms import PARIS

WEEKS = 52  # of what is shown where no period is chosen
By = Literal["directorate", "procedure"]
Scope = Literal["community", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a measure is asked for, over the local days `first` to `last`, both included; ids as the tables have them.
    `period`: whether the reader chose these days."""

    first: date
    last: date
    period: bool = False
    by: By = "directorate"
    directorate: str | None = None
    procedure: str | None = None


def usual(today: date, by: By = "directorate") -> Asked:
    """What is shown to who chooses nothing: the last 52 weeks."""
    return Asked(first=monday(today) - timedelta(weeks=WEEKS), last=today, by=by)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def scope(measure: str, asked: Asked) -> Scope:
    """Whose dossiers the rows of a measure count. Weeks stay whole, so that a period only chooses among them."""
    narrowed = asked.by == "procedure" or asked.procedure is not None or (asked.period and measure != "volumes")
    return "own" if narrowed or measure in ("backlog", "now") else "community"


def volumes(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    """By week, each that has a day of the period, and directorate or procedure."""
    weeks = pl.col("week").is_between(monday(asked.first), asked.last)
    if scope("volumes", asked) == "own":
        cells = measures.volumes(_own(figures, reader, asked), f"{asked.by}_id").filter(weeks)
    else:
        cells = measures.volumes(figures["dossiers"].filter(access.filed()), "directorate_id").filter(weeks)
        cells = access.hide_small(cells, reader, count="received", hides=(), within=("week",))
    return _named(figures, cells, asked, "week")


def backlog(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    """By day."""
    return measures.backlog(_own(figures, reader, asked), asked.first, asked.last)


def time_to_decision(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    """Decided in the period, by directorate or procedure."""
    decided = _within("decided_at", asked)
    if scope("time_to_decision", asked) == "own":
        cells = measures.time_to_decision(_own(figures, reader, asked).filter(decided), f"{asked.by}_id")
    else:
        cells = measures.time_to_decision(figures["dossiers"].filter(decided), "directorate_id")
        cells = access.hide_small(cells, reader, count="decided", hides=("median", "p90"))
    return _named(figures, cells, asked)


def continuity(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    """Taken over in the period, by directorate or procedure."""
    facts = figures["facts"].filter(_within("at", asked))
    if scope("continuity", asked) == "own":
        cells = measures.continuity(facts, _own(figures, reader, asked), f"{asked.by}_id")
    else:
        cells = measures.continuity(facts, figures["dossiers"], "directorate_id")
        cells = access.hide_small(cells, reader, count="taken_over", hides=("wait",))
    return _named(figures, cells, asked)


def now(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    """One row."""
    return measures.now(_own(figures, reader, asked))


@dataclass(frozen=True, slots=True)
class Published:
    """A measure, its rows for a reader, and which of by, directorate, procedure, from and until may be chosen."""

    measure: Callable[..., pl.LazyFrame]
    rows: Callable[[Figures, Reader, Asked], pl.LazyFrame]
    takes: frozenset[str]


_WHERE = frozenset({"directorate", "procedure"})
_WHEN = frozenset({"from", "until"})
_BY = frozenset({"by"})
PUBLISHED: Mapping[str, Published] = {
    "volumes": Published(measures.volumes, volumes, _WHERE | _WHEN | _BY),
    "backlog": Published(measures.backlog, backlog, _WHERE | _WHEN),
    "time_to_decision": Published(measures.time_to_decision, time_to_decision, _WHERE | _WHEN | _BY),
    "continuity": Published(measures.continuity, continuity, _WHERE | _WHEN | _BY),
    "now": Published(measures.now, now, _WHERE),
}


def definition(measure: Callable[..., Any]) -> dict[str, str]:
    """The published definition of a measure in each language: the first two paragraphs of its docstring."""
    french, english, *_ = [" ".join(paragraph.split()) for paragraph in (measure.__doc__ or "").split("\n\n")]
    return {"fr": french, "en": english}


def alphabetical(name: str) -> pl.Expr:
    """What a column of names is sorted by: Éducation comes before Finances."""
    return pl.col(name).str.normalize("NFD").str.replace_all(r"\p{Mn}", "").str.to_lowercase()


def _own(figures: Figures, reader: Reader, asked: Asked) -> pl.LazyFrame:
    own = access.detail(figures["dossiers"], reader)
    if asked.directorate is not None:
        own = own.filter(pl.col("directorate_id") == asked.directorate)
    return own if asked.procedure is None else own.filter(pl.col("procedure_id") == asked.procedure)


def _within(column: str, asked: Asked) -> pl.Expr:
    """From the first local midnight to the one that ends the last day."""
    first, after = (
        pl.lit(datetime.combine(day, time(), PARIS).astimezone(UTC)).cast(pl.Datetime("us", "UTC"))
        for day in (asked.first, asked.last + timedelta(days=1))
    )
    return pl.col(column).is_between(first, after, closed="left")


def _named(figures: Figures, cells: pl.LazyFrame, asked: Asked, *first: str) -> pl.LazyFrame:
    """The cells in order, with the names of what they count. A directorate is chosen once small cells are hidden."""
    if asked.by == "procedure":
        named = cells.join(figures["procedures"], on="procedure_id", how="left")
        return named.sort(*first, alphabetical("procedure"), "procedure_id")
    if asked.directorate is not None:
        cells = cells.filter(pl.col("directorate_id") == asked.directorate)
    directorates = figures["services"].select("directorate_id", "directorate").unique()
    return cells.join(directorates, on="directorate_id", how="left").sort(
        *first, alphabetical("directorate"), "directorate_id"
    )
