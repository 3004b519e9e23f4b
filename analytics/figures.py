"""The tables as readers find them: one version of each, uncut. `analytics.published` cuts them for a reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import polars as pl
from deltalake import DeltaTable

from analytics.tables import SCHEMAS, Reached, Tables, frame, last_at, lazy, reached_by


class NotFolded(Exception):
    """There are no tables yet: no worker has read the journal."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One version of every table. `version` changes with any of them. Every fact up to `reached` is in them; `at`: when
    the last of these happened (None: nothing has happened yet)."""

    version: tuple[int, ...]
    reached: Reached
    at: datetime | None
    tables: Mapping[str, pl.LazyFrame]

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self.tables[name]


def scan(tables: Tables) -> Figures:
    """The newest version of every table; nothing of it is read before a measure asks. Raises NotFolded, DeltaError."""
    found = {name: tables.open(name) for name in SCHEMAS}
    opened = {name: table for name, table in found.items() if table is not None}
    if "procedures" not in opened:  # written by the first fold, whatever the journal holds
        raise NotFolded
    nothing = {name: pl.LazyFrame(schema=schema) for name, schema in SCHEMAS.items() if name not in opened}
    return _figures(opened, nothing | {name: lazy(table, name) for name, table in opened.items()})


@dataclass(slots=True)
class Shelf:
    """The tables in memory, for who looks often: a table is read again only when it has a new version, and looking costs
    a listing of its log."""

    tables: Tables
    _open: dict[str, DeltaTable] = field(default_factory=dict)
    _rows: dict[str, tuple[int, pl.DataFrame]] = field(default_factory=dict)
    _last: Figures | None = None

    def now(self) -> Figures:
        """The newest version of every table, empty where there is none yet."""
        for name, schema in SCHEMAS.items():
            table = self._open.get(name) or self.tables.open(name)
            if table is None:
                self._rows[name] = (-1, pl.DataFrame(schema=schema))
                continue
            if name in self._open:
                table.update_incremental()
            self._open[name] = table
            known = self._rows.get(name)
            if known is None or known[0] != table.version():
                self._rows[name] = (table.version(), frame(table, name))
        version = tuple(self._rows[name][0] for name in SCHEMAS)
        if self._last is None or self._last.version != version:
            self._last = _figures(self._open, {name: rows.lazy() for name, (_, rows) in self._rows.items()})
        return self._last


def _figures(opened: Mapping[str, DeltaTable], frames: Mapping[str, pl.LazyFrame]) -> Figures:
    folded = [opened[name] for name in ("facts", "dossiers") if name in opened]
    reached = min((reached_by(table) for table in folded), key=lambda each: each.position, default=Reached())
    version = tuple(opened[name].version() if name in opened else -1 for name in SCHEMAS)
    at = last_at(opened["facts"]) if "facts" in opened else None
    return Figures(version, reached, at, MappingProxyType(dict(frames)))
