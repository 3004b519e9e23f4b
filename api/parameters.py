"""What addresses may carry after their question mark."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every set of parameters."""


class Catalogue(Query, frozen=True, kw_only=True):
    q: Annotated[str, Meta(max_length=200)] = ""
    theme: Annotated[str, Meta(max_length=100)] | None = None


class Prefilled(Query, frozen=True, kw_only=True):
    """The signed part of a link, where the person came by one."""

    link: Annotated[str, Meta(max_length=4_000, pattern="^[A-Za-z0-9_.-]*$")] = ""


class Queue(Query, frozen=True, kw_only=True):
    service: UUID | None = None
    q: Annotated[str, Meta(max_length=200)] = ""
    page: Annotated[str, Meta(max_length=100)] | None = None
    ids: Annotated[list[UUID], Meta(max_length=100)] | None = None


class OfService(Query, frozen=True, kw_only=True):
    service: UUID | None = None


class Figure(Query, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Local days, both included; `procedure` by its slug. What a measure does not take is refused."""

    by: Literal["directorate", "procedure"] | None = None
    from_: date | None = None
    until: date | None = None
    directorate: UUID | None = None
    procedure: Annotated[str, Meta(max_length=100)] | None = None
