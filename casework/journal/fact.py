"""A fact before it is written, and after; and how facts change columns (PURE)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from casework.authority import Authority


@dataclass(frozen=True, slots=True)
class Fact:
    """What an act decided: the columns that it changes and what else is worth remembering. No personal data.

    `changes` maps a fact-owned column to its new value; `details` are the kind's own (see each stream's facts.py).
    """

    kind: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    v: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: the columns that it may change, what its details may hold, whether the citizen is told of it, and
    the present version of its payload."""

    changes: frozenset[str]
    details: frozenset[str] = frozenset()
    told_to_citizen: bool = False
    v: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a reader of the journal stands. Outside the server it is an opaque string (`str(position)`)."""

    epoch: int
    tx: int
    id: int

    def __str__(self) -> str:
        return f"{self.epoch:x}-{self.tx:x}-{self.id:x}"


class Recorded(msgspec.Struct, frozen=True):
    """One row of the journal, its payload as its kind's present version has it. `set` maps each changed column to
    (before, after), as JSON values."""

    position: Position
    stream: str
    subject_id: UUID
    version: int
    kind: str
    v: int
    at: datetime
    actor: UUID | None
    on_behalf_of: UUID | None
    mandate_id: UUID | None
    payload: Mapping[str, Any]

    @property
    def set(self) -> Mapping[str, tuple[Any, Any]]:
        changed: Mapping[str, tuple[Any, Any]] = self.payload.get("set", {})
        return changed

    @property
    def details(self) -> Mapping[str, Any]:
        return {name: value for name, value in self.payload.items() if name != "set"}


def payload_of(fact: Fact, before: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of `fact` over the columns as they were: only what really changes is written down."""
    changed = {
        column: (plain(before[column]), plain(after))
        for column, after in fact.changes.items()
        if before[column] != after
    }
    return {**({"set": changed} if changed else {}), **{name: plain(value) for name, value in fact.details.items()}}


def plain(value: Any) -> Any:
    """The value as JSON holds it: UUIDs and times become text."""
    return msgspec.to_builtins(value)


def canonical(value: Any) -> bytes:
    """One byte string for one JSON value, whatever the order in which PostgreSQL gives its keys back."""
    return msgspec.json.encode(value, order="sorted")


def digest(
    previous: bytes,
    stream: str,
    subject_id: UUID,
    version: int,
    kind: str,
    v: int,
    at: datetime,
    actor: UUID | None,
    on_behalf_of: UUID | None,
    mandate_id: UUID | None,
    payload: Mapping[str, Any],
) -> bytes:
    """SHA-256 over the subject's previous digest and this fact: changing any fact breaks every later one."""
    body = canonical([stream, subject_id, version, kind, v, at, actor, on_behalf_of, mandate_id, payload])
    return hashlib.sha256(previous + body).digest()


def digest_of(previous: bytes, stream: str, subject_id: UUID, version: int, fact: Fact, at: datetime, by: Authority,
              payload: Mapping[str, Any]) -> bytes:  # fmt: skip
    """`digest` for a fact about to be written."""
    return digest(
        previous, stream, subject_id, version, fact.kind, fact.v, at, by.actor, by.on_behalf_of, by.mandate_id, payload
    )
