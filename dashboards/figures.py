"""The tables as this process last read them, shared by its pages uncut: each page cuts them by `analytics.access`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl
from deltalake import DeltaTable

from analytics.tables import SCHEMAS, Tables, frame


@dataclass(frozen=True, slots=True)
class Figures:
    """One version of every table. `version` changes with any of them."""

    version: tuple[int, ...]
    tables: Mapping[str, pl.DataFrame]

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self.tables[name].lazy()


@dataclass(slots=True)
class Shelf:
    """Reads a table again only when it has a new version: looking costs a listing of its log."""

    tables: Tables
    _open: dict[str, DeltaTable] = field(default_factory=dict)
    _rows: dict[str, tuple[int, pl.DataFrame]] = field(default_factory=dict)
    _last: Figures | None = None

    def now(self) -> Figures:
        """The newest version of every table."""
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
            self._last = Figures(version, MappingProxyType({name: rows for name, (_, rows) in self._rows.items()}))
        return self._last
