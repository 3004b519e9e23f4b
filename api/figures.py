"""The published measures, as rows: what the dashboards draw, for whoever may open them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from msgspec import UNSET, UnsetType

from analytics.access import Reader
from analytics.figures import Figures, NotFolded, scan
from analytics.published import PUBLISHED, Asked, Published, Scope, definition, scope, usual
from analytics.tables import Tables
from api.dashboards import may_open
from api.parameters import Figure as Parameters
from api.problems import RETRY_SECONDS, BadParameter, FiguresNotReady, Unavailable
from api.procedures import today
from api.representations import Out
from api.state import State
from casework.access import Viewer
from casework.errors import NotAllowed, NotFound

PATIENCE = 10.0  # seconds, for those before and for one's own
EARLIEST = date(1970, 1, 1)
_IDS = ("directorate_id", "procedure_id", "slug", "procedure_en")  # told within what they name
LONGEST = timedelta(days=5 * 366)  # of a period


class Directorate(Out, frozen=True, kw_only=True):
    id: UUID
    name: str


class FigureProcedure(Out, frozen=True, kw_only=True):
    slug: str
    title: Mapping[str, str]


class FigureRow(Out, frozen=True, kw_only=True):
    """One row; of the columns, those that the measure has. Counts are dossiers. Null, and `hidden`: fewer than five
    dossiers, or the cell from which such a one could be computed."""

    week: date | UnsetType = UNSET  # its Monday
    day: date | UnsetType = UNSET
    directorate: Directorate | UnsetType | None = UNSET
    procedure: FigureProcedure | UnsetType | None = UNSET
    received: int | UnsetType | None = UNSET
    open: int | UnsetType = UNSET
    late: int | UnsetType = UNSET
    uncovered: int | UnsetType = UNSET
    decided: int | UnsetType | None = UNSET
    median: float | UnsetType | None = UNSET  # days
    p90: float | UnsetType | None = UNSET  # days
    taken_over: int | UnsetType | None = UNSET
    wait: float | UnsetType | None = UNSET  # hours
    hidden: bool | UnsetType = UNSET


class FigureTable(Out, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A measure. `scope`: the whole community's dossiers, or those that the reader directs or manages. Every fact up to
    `position` is counted, the last of them of `at`. `from` and `until` are local days, both included; null where a
    measure is of this instant."""

    measure: str
    definition: Mapping[str, str]
    scope: Scope
    from_: date | None
    until: date | None
    position: str
    at: datetime | None
    items: Sequence[FigureRow]
    next: str | None = None


async def figure(state: State, viewer: Viewer, measure: str, asked: Parameters) -> FigureTable:
    """A measure for this reader. Raises NotAllowed (who directs and manages nothing), NotFound (no such measure or
    procedure, a directorate that is not the reader's), BadParameter, FiguresNotReady, Unavailable.

    Polars works in the one thread that this process has for it, and a reader who waits too long for it is told so.
    """
    if not may_open(viewer):
        raise NotAllowed
    published = PUBLISHED.get(measure)
    if published is None:
        raise NotFound
    wanted = _asked(published, asked, today())
    reader = Reader(frozenset(map(str, viewer.directed)), frozenset(map(str, viewer.managed)))
    work = asyncio.get_running_loop().run_in_executor(
        state.figures, _table, Tables(state.settings.figures_url), measure, reader, wanted
    )
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except TimeoutError as error:
        raise Unavailable(retry_after=RETRY_SECONDS) from error
    except NotFolded as error:
        raise FiguresNotReady(retry_after=RETRY_SECONDS) from error


def _asked(published: Published, asked: Parameters, now: date) -> Asked:
    """Raises BadParameter: what this measure does not take, a period that is none or too long."""
    given = {
        "by": asked.by, "from": asked.from_, "until": asked.until, "directorate": asked.directorate,
        "procedure": asked.procedure,
    }  # fmt: skip
    strange = [name for name, value in given.items() if value is not None and name not in published.takes]
    if strange:
        raise BadParameter(faults=[{"field": name, "code": "unknown_field"} for name in strange])
    for name, day in (("from", asked.from_), ("until", asked.until)):
        if day is not None and day > now:
            raise BadParameter(faults=[{"field": name, "code": "too_late", "params": {"most": now.isoformat()}}])
        if day is not None and day < EARLIEST:
            raise BadParameter(faults=[{"field": name, "code": "too_early", "params": {"least": EARLIEST.isoformat()}}])
    last = asked.until or now
    first = asked.from_ or usual(last).first
    if last < first:
        raise BadParameter(faults=[{"field": "until", "code": "ends_before_it_begins"}])
    if last - first > LONGEST:
        least = (last - LONGEST).isoformat()
        raise BadParameter(faults=[{"field": "from", "code": "too_early", "params": {"least": least}}])
    return Asked(
        first=first,
        last=last,
        period=asked.from_ is not None or asked.until is not None,
        by=asked.by or "directorate",
        directorate=str(asked.directorate) if asked.directorate else None,
        procedure=asked.procedure,
    )


def _table(tables: Tables, measure: str, reader: Reader, asked: Asked) -> FigureTable:
    figures, published, whose = scan(tables), PUBLISHED[measure], scope(measure, asked)
    wanted = replace(asked, procedure=_procedure(figures, asked.procedure))
    if asked.directorate is not None and asked.directorate not in _directorates(figures, reader, whose):
        raise NotFound
    rows = published.rows(figures, reader, wanted).collect()
    dated = "from" in published.takes
    return FigureTable(
        measure=measure,
        definition=definition(published.measure),
        scope=whose,
        from_=asked.first if dated else None,
        until=asked.last if dated else None,
        position=str(figures.reached.position),
        at=figures.at,
        items=[_row(each) for each in rows.iter_rows(named=True)],
    )


def _procedure(figures: Figures, slug: str | None) -> str | None:
    """The id that the tables know a procedure by. Raises NotFound."""
    if slug is None:
        return None
    found = figures["procedures"].filter(pl.col("slug") == slug).collect()["procedure_id"].to_list()
    if not found:
        raise NotFound
    return str(found[0])


def _directorates(figures: Figures, reader: Reader, whose: Scope) -> frozenset[str]:
    """Those that the reader may name."""
    services = figures["services"]
    if whose == "own":
        services = services.filter(pl.col("service_id").is_in(sorted(reader.services)))
    return frozenset(services.collect()["directorate_id"]) | reader.directorates


def _row(cells: Mapping[str, Any]) -> FigureRow:
    columns = {name: value for name, value in cells.items() if name not in _IDS}
    if "directorate" in cells:
        id_ = cells["directorate_id"]
        columns["directorate"] = Directorate(id=UUID(id_), name=cells["directorate"] or "") if id_ else None
    if "procedure" in cells:
        title = {"fr": cells["procedure"], "en": cells["procedure_en"]}
        columns["procedure"] = FigureProcedure(slug=cells["slug"], title=title) if cells["slug"] else None
    return FigureRow(**columns)
