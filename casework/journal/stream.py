"""A stream: one kind of subject, its state table, and which of its columns the facts own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Table, Uuid

from infra.database import Statement


class Subject(Protocol):
    """A locked row: its identity, how far it is, the database's clock at the lock."""

    @property
    def id(self) -> Any: ...
    @property
    def version(self) -> Any: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def now(self) -> datetime: ...
    def columns(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Stream:
    """How facts of one stream are folded into its table. Made once, at import: `append` is a constant statement."""

    name: str
    table: Table
    owned: tuple[str, ...]
    append: Statement
    parsers: Mapping[str, Callable[[Any], Any]]

    def parse(self, column: str, value: Any) -> Any:
        """A JSON value of the journal, typed as the column holds it."""
        return None if value is None else self.parsers[column](value)

    def fold(self, columns: Mapping[str, Any], changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
        """The columns after a fact: `apply`, the one way in which state changes (PURE)."""
        return {**columns, **{name: self.parse(name, after) for name, (_, after) in changed.items()}}


def _parser(column_type: object) -> Callable[[Any], Any]:
    if isinstance(column_type, Uuid):
        return UUID
    if isinstance(column_type, DateTime):
        return datetime.fromisoformat
    if isinstance(column_type, LargeBinary):
        raise TypeError("no bytes in the journal")
    return lambda value: value


_OF_THE_FACT = frozenset(
    {"id", "version", "digest", "kind", "v", "at", "by", "by_on_behalf_of", "by_mandate_id", "payload"}
)


def stream(name: str, table: Table, owned: tuple[str, ...]) -> Stream:
    """The stream `name` over `table`; `owned` are the columns that its facts own, besides version and digest."""
    if taken := _OF_THE_FACT.intersection(owned):
        raise TypeError(f"{name}: {sorted(taken)} would be written from the fact, not from the subject")
    sets = ", ".join(f"{column} = :{column}" for column in owned)
    statement = f"""
        with folded as (
            update {table.name} set {sets}, version = cast(:version as integer), digest = :digest
            where id = :id and version = cast(:version as integer) - 1
            returning id
        )
        insert into journal (stream, subject_id, version, kind, v, at, actor, on_behalf_of, mandate_id, payload, digest)
        select '{name}', id, cast(:version as integer), cast(:kind as text), cast(:v as smallint), cast(:at as timestamptz),
               cast(:by as uuid), cast(:by_on_behalf_of as uuid), cast(:by_mandate_id as uuid), cast(cast(:payload as text) as jsonb),
               cast(:digest as bytea)
        from folded
        returning epoch, tx::text::bigint as tx, journal.id as id
    """
    return Stream(
        name=name,
        table=table,
        owned=owned,
        append=Statement(statement),
        parsers={column: _parser(table.c[column].type) for column in owned},
    )
