"""FastAPI with SQLAlchemy's asynchronous ORM, as its documentation teaches: a session a request, models, pydantic."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime

from bench.peers.claim import KIND, STREAM, digest_of, payload_of

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=20, max_overflow=0
)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB}  # noqa: RUF012


class Dossier(Base):
    __tablename__ = "dossiers"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str]
    version: Mapped[int]
    digest: Mapped[bytes]
    state: Mapped[str]
    service_id: Mapped[UUID | None]
    holder_id: Mapped[UUID | None]
    last_at: Mapped[datetime | None]


class JournalRow(Base):
    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[str]
    subject_id: Mapped[UUID]
    version: Mapped[int]
    kind: Mapped[str]
    v: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]]
    digest: Mapped[bytes]


class Claim(BaseModel):
    agent: UUID


class Claimed(BaseModel):
    id: UUID
    reference: str
    version: int
    state: str
    holder_id: UUID


async def session() -> AsyncIterator[AsyncSession]:
    async with Session() as opened:
        yield opened


app = FastAPI()


@app.post("/dossiers/{dossier_id}/claim")
async def claim(
    dossier_id: UUID, asked: Claim, if_match: Annotated[str, Header()], db: Annotated[AsyncSession, Depends(session)]
) -> Claimed:
    async with db.begin():
        dossier = await db.scalar(select(Dossier).where(Dossier.id == dossier_id).with_for_update(key_share=True))
        if dossier is None:
            raise HTTPException(404)
        if dossier.version != int(if_match.strip('"')):
            raise HTTPException(412)
        if dossier.holder_id is not None:
            raise HTTPException(409)
        now = datetime.now(UTC)
        payload = payload_of(asked.agent, dossier.last_at, now)
        dossier.version += 1
        dossier.digest = digest_of(dossier.digest, dossier.id, dossier.version, now, asked.agent, payload)
        dossier.holder_id = asked.agent
        dossier.last_at = now
        db.add(
            JournalRow(
                stream=STREAM,
                subject_id=dossier.id,
                version=dossier.version,
                kind=KIND,
                v=1,
                at=now,
                actor=asked.agent,
                payload=payload,
                digest=dossier.digest,
            )
        )
    return Claimed(
        id=dossier.id,
        reference=dossier.reference,
        version=dossier.version,
        state=dossier.state,
        holder_id=asked.agent,
    )
