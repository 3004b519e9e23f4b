"""The Delta tables: their columns, and how far each is. A commit holds rows and the position after them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import TableNotFoundError

from casework.journal.fact import Position
from casework.journal.read import START, parse_position

_TIME = pl.Datetime("us", "UTC")

# One row a fact of a dossier. No person and no text: the dossier itself is a keyed pseudonym.
_COLUMNS: dict[str, pl.DataType] = {
    "epoch": pl.Int32(),
    "tx": pl.Int64(),
    "id": pl.Int64(),
    "dossier": pl.String(),
    "version": pl.Int32(),
    "kind": pl.String(),
    "at": _TIME,
    "state": pl.String(),  # the columns that the fact changed, null where it did not
    "procedure_id": pl.String(),
    "service_id": pl.String(),
    "directorate_id": pl.String(),
    "channel": pl.String(),
    "commune": pl.String(),
    "submitted_at": _TIME,
    "decided_at": _TIME,
    "due_at": _TIME,
    "late": pl.Boolean(),
    "uncovered": pl.Boolean(),  # it became uncovered, or ceased to be
    "uncovered_at": _TIME,  # since when it had been, on the fact that ended it
}
FACTS = pl.Schema(_COLUMNS)
# One row a dossier: its columns now.
KEPT = (
    "state", "procedure_id", "service_id", "directorate_id", "channel", "commune", "submitted_at", "decided_at",
    "due_at", "late", "uncovered",
)  # fmt: skip
DOSSIERS = pl.Schema({name: _COLUMNS[name] for name in ("dossier", "version", *KEPT)})
# Names of what is no person: the dimensions.
SERVICES = pl.Schema(dict.fromkeys(("service_id", "service", "directorate_id", "directorate"), pl.String))
PROCEDURES = pl.Schema(dict.fromkeys(("procedure_id", "slug", "procedure", "procedure_en"), pl.String))

SCHEMAS: Mapping[str, pl.Schema] = {
    "facts": FACTS, "dossiers": DOSSIERS, "services": SERVICES, "procedures": PROCEDURES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a table is. `epoch`: the journal's, when it was written; another one means that it must be rebuilt."""

    position: Position = START
    epoch: int = 0


class Overtaken(Exception):
    """Somebody else has written the table meanwhile: read again how far it is."""


class Tables:
    """The tables under one address: `file:///…` or `s3://bucket/prefix`, as FIGURES_URL has it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._base = unquote(parts.path) if parts.scheme == "file" else url.rstrip("/")

    def address(self, name: str) -> str:
        """Where the table `name` is."""
        return f"{self._base}/{name}"

    def open(self, name: str) -> DeltaTable | None:
        """The table as it is now; None before its first commit."""
        try:
            return DeltaTable(self.address(name))
        except TableNotFoundError:
            return None

    def reached(self, name: str) -> Reached:
        """How far the table is, as its last commit says."""
        table = self.open(name)
        return Reached() if table is None else reached_by(table)

    def read(self, name: str) -> pl.DataFrame:
        """The whole table, empty before its first commit."""
        table = self.open(name)
        if table is None:
            return pl.DataFrame(schema=SCHEMAS[name])
        return frame(table, name)

    def replace(self, name: str, rows: pl.DataFrame, reached: Reached) -> None:
        """The table is these rows, from this commit on."""
        self._make()
        write_deltalake(
            self.address(name), rows, mode="overwrite", schema_mode="overwrite", commit_properties=commit(name, reached)
        )

    def append(self, name: str, rows: pl.DataFrame, reached: Reached, *, after: Position = START) -> None:
        """More rows, and how far the table is with them. Raises Overtaken when it is beyond `after` already."""
        self._make()
        table = self._after(name, after)
        write_deltalake(table or self.address(name), rows, mode="append", commit_properties=commit(name, reached))

    def upsert(self, name: str, rows: pl.DataFrame, reached: Reached, *, key: str, after: Position = START) -> None:
        """Rows that are new or take the place of those with their key. Raises Overtaken as `append` does."""
        table = self._after(name, after)
        if table is None:
            self.append(name, rows, reached)
            return
        table.merge(
            rows, f"target.{key} = source.{key}", source_alias="source", target_alias="target",
            commit_properties=commit(name, reached),
        ).when_matched_update_all().when_not_matched_insert_all().execute()  # fmt: skip

    def _after(self, name: str, position: Position) -> DeltaTable | None:
        """The table, no further than `position`: what commits to this object later fails if others did before."""
        table = self.open(name)
        if table is not None and reached_by(table).position > position:
            raise Overtaken(name)
        return table

    def tidy(self, name: str) -> None:
        """Many small files become few; versions that nobody reads any more go."""
        table = self.open(name)
        if table is None:
            return
        reached = self.reached(name)
        table.optimize.compact(commit_properties=commit(name, reached))
        table.vacuum(
            retention_hours=1, enforce_retention_duration=False, dry_run=False, commit_properties=commit(name, reached)
        )

    def _make(self) -> None:
        if not self._base.startswith("s3://"):
            Path(self._base).mkdir(parents=True, exist_ok=True)


def reached_by(table: DeltaTable) -> Reached:
    """How far this version of a table is."""
    told = table.history(1)[0]
    return Reached(parse_position(told["position"]), int(told["epoch"]))


def commit(name: str, reached: Reached) -> CommitProperties:
    """What a commit says of itself. The application transaction is the fence: two writers cannot both go on from one
    version of a table, however long the slower one slept."""
    return CommitProperties(
        custom_metadata={"position": str(reached.position), "epoch": str(reached.epoch)},
        app_transactions=[Transaction(f"relais.{name}", max(reached.position.id, 0))],
        max_commit_retries=0,
    )


def lazy(table: DeltaTable, name: str) -> pl.LazyFrame:
    """The rows of one version of a table, with the types of its schema, not read yet."""
    return pl.scan_delta(table).select(pl.col(column).cast(kind) for column, kind in SCHEMAS[name].items())


def frame(table: DeltaTable, name: str) -> pl.DataFrame:
    """The same, read."""
    return lazy(table, name).collect()


def last_at(facts: DeltaTable) -> datetime | None:
    """When the latest fact of the table happened, by its files' statistics: to the millisecond, and no row is read."""
    actions = pl.DataFrame(facts.get_add_actions(flatten=True))
    found = actions["max.at"].max() if "max.at" in actions.columns else None
    return found.astimezone(UTC) if isinstance(found, datetime) else None
