"""Performing one effect: say so, do it, say that it is done. Every error becomes a state in PostgreSQL, none leaves."""

import asyncio
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.journal import read
from casework.journal.fact import Recorded
from infra.database import reading, transaction
from infra.logs import logger
from infra.mail import Mail, Mailer, Undeliverable, message_id
from workers import effects
from workers.effects import Held
from workers.gate import Gate
from workers.jobs.mails import BUILDERS, Nothing

log = logger(__name__)
TELLING_PAUSES = (0.2, 1.0, 2.0)  # seconds; the mail is out, so the database is asked again before giving up


@dataclass(frozen=True)
class Tools:
    """What effects are performed with; one for each worker process."""

    engine: AsyncEngine
    mailer: Mailer
    public_url: str
    gate: Gate = field(default_factory=Gate)


async def perform(tools: Tools, journal_id: int, name: str) -> None:
    """Perform the effect once, or leave it to whoever holds it. Raises nothing but cancellation.

    An effect under which workers died is performed alone: if it is poison, it takes no neighbour along.
    """
    try:
        async with reading(tools.engine) as db:
            fact = await read.by_id(db, journal_id)
            suspect = await effects.is_suspect(db, journal_id, name)
        if fact is None:
            log.warning("effect.without_fact", effect=name, journal_id=journal_id)
            return
        async with tools.gate.alone() if suspect else tools.gate.shared():
            await _perform(tools, fact, name)
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a Rust panic is a BaseException, and kills an arq worker
        # PostgreSQL could not be asked or told: the effect is still due there, or its lease runs out.
        log.warning("effect.untold", effect=name, journal_id=journal_id, error=_named(error))


async def _perform(tools: Tools, fact: Recorded, name: str) -> None:
    identity = message_id(f"{fact.position.epoch}.{fact.position.id}.{name}", tools.mailer.sender)
    async with transaction(tools.engine) as db:
        held = await effects.begin(db, fact.position.id, name, message_id=identity)
    if held is None:
        return
    try:
        note = await _mail(tools, fact, name, identity)
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        async with transaction(tools.engine) as db:
            dead = await effects.failed(db, held, _told(error), final=isinstance(error, Undeliverable))
        log.warning("effect.failed", effect=name, journal_id=held.journal_id, error=_named(error), dead=dead)
        return
    await _tell_done(tools, held, note)


async def _mail(tools: Tools, fact: Recorded, name: str, identity: str) -> str | None:
    async with reading(tools.engine) as db:
        built = await BUILDERS[name](db, fact, tools.public_url)
    if isinstance(built, Nothing):
        return built.why
    await tools.mailer.send(Mail(identity, built.to, fact.at, built.language, built.letter))
    return None


async def _tell_done(tools: Tools, held: Held, note: str | None) -> None:
    for pause in (*TELLING_PAUSES, None):
        try:
            async with transaction(tools.engine) as db:
                await effects.done(db, held, note=note)
            log.info("effect.done", effect=held.name, journal_id=held.journal_id, attempts=held.attempts, note=note)
            return
        except Exception as error:
            if pause is None:
                raise
            log.warning("effect.telling", effect=held.name, journal_id=held.journal_id, error=_named(error))
            await asyncio.sleep(pause)


def _named(error: BaseException) -> str:
    return type(error).__name__


def _told(error: BaseException) -> str:
    """The kind of error, and its words where they hold no address: a table of effects is no place for identities."""
    return f"{_named(error)}: {error}" if isinstance(error, (Undeliverable, OSError, TimeoutError)) else _named(error)
