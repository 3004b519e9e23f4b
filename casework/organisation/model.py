"""Directorates, their services, and who works where."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid, text

from infra.database import metadata

# One row: one database is one community.
community = Table(
    "community",
    metadata,
    Column("only", Boolean, CheckConstraint("only", name="one_row"), primary_key=True, server_default=text("true")),
    Column("name", Text, nullable=False),
    Column("demo", Boolean, nullable=False),  # made by `relais demo`: demo mode starts on no other
)

directorates = Table(
    "directorates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # Whether another designer must read a procedure before it is published.
    Column("review", Boolean, nullable=False, server_default=text("false")),
)

services = Table(
    "services",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("directorate_id", Uuid, ForeignKey("directorates.id"), nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Index("ix_services_directorate_id", "directorate_id"),
)

ROLES = ("agent", "manager", "director", "designer", "administrator")

# A role is held in a service (agent, manager), in a directorate (director, designer) or everywhere (administrator).
roles = Table(
    "roles",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("role", Text, CheckConstraint(f"role in {ROLES}", name="role"), nullable=False),
    Column("service_id", Uuid, ForeignKey("services.id")),
    Column("directorate_id", Uuid, ForeignKey("directorates.id")),
    UniqueConstraint("account_id", "role", "service_id", "directorate_id", postgresql_nulls_not_distinct=True),
    Index("ix_roles_service_id", "service_id"),
    Index("ix_roles_directorate_id", "directorate_id"),
)
