"""The worker process: one arq worker for each class of work, each supervised. `relais worker` runs `serve`.

arq is a trigger and no more: nothing is kept in Valkey that PostgreSQL does not know, and a Valkey that dies costs a
restart of the loop below, not of the process.
"""

import asyncio
import contextlib
import signal
from collections.abc import Mapping
from typing import Any

from arq.worker import Worker, func
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics.facts import fold_forever
from analytics.tables import Tables
from infra.database import engine
from infra.logs import logger
from infra.mail import Mailer
from infra.settings import Settings
from workers import queue
from workers.gate import Gate
from workers.perform import Tools, perform
from workers.reactions import EFFECTS, Class

log = logger(__name__)

# Jobs of a class at the same time, in one process. Mail is waiting for others; documents are work for a processor.
MAX_JOBS: Mapping[Class, int] = {"wake": 40, "mail": 20, "document": 2}
JOB_TIMEOUT = 20  # seconds
POLL_DELAY: Mapping[Class, float] = {"wake": 0.01, "mail": 0.01, "document": 0.1}  # seconds
COMPLETION_WAIT = 10.0  # seconds given to running jobs when the process is asked to stop; longer than any exchange
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between two tries to reach Valkey
CONNECTIONS = 12  # two of them for the figures


def used() -> list[Class]:
    """The classes that have an effect: an idle queue is not polled a hundred times a second for nothing."""
    return sorted(set(EFFECTS.values()))


async def effect(ctx: dict[Any, Any], journal_id: int, name: str) -> None:
    """The only job: perform one effect. It never raises (see `workers.perform`)."""
    tools: Tools = ctx["tools"]
    await perform(tools, journal_id, name)


def worker(kind: Class, tools: Tools, redis_url: str) -> Worker:
    """An arq worker of one class, inside a running loop. No hooks: one that raises would end the process."""
    return Worker(
        functions=[func(effect, name=queue.JOB)],
        queue_name=queue.queue_name(kind),
        redis_settings=queue.redis_settings(redis_url),
        ctx={"tools": tools},
        handle_signals=False,
        max_jobs=MAX_JOBS[kind],
        queue_read_limit=queue.ROOM * 2,  # running jobs stay in the queue: those behind them must be seen
        job_timeout=JOB_TIMEOUT,
        keep_result=0,
        max_tries=1_000,  # tries are counted in PostgreSQL
        poll_delay=POLL_DELAY[kind],
        health_check_interval=30,
        job_serializer=queue.dump,
        job_deserializer=queue.load,
        log_results=False,
    )


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop`, whatever Valkey does meanwhile; then let what runs finish."""
    database = engine(settings.database_url, pool_size=CONNECTIONS, application="relais-worker")
    tools = Tools(database, Mailer(settings.smtp_url, settings.mail_from), settings.public_url, Gate())
    try:
        async with asyncio.TaskGroup() as group:
            for kind in used():
                group.create_task(_supervise(kind, tools, settings.redis_url, stop))
            group.create_task(_figures(database, settings, stop))
    finally:
        await database.dispose()


async def _figures(database: AsyncEngine, settings: Settings, stop: asyncio.Event) -> None:
    """The tables of figures, beside the jobs: whatever befalls them, mail goes on."""
    while not stop.is_set():
        try:
            await fold_forever(database, Tables(settings.figures_url), settings.secret_key, stop)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of polars is a BaseException: `except Exception` misses it
            log.error("figures.stopped", error=type(error).__name__)
            await _pause(stop, PAUSES[-1])


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, unless it is time to stop. Not `wait_for`: before Python 3.12 it may swallow a cancellation."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _supervise(kind: Class, tools: Tools, redis_url: str, stop: asyncio.Event) -> None:
    failures = 0
    leftovers: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        one = worker(kind, tools, redis_url)
        running = asyncio.create_task(one.async_run())
        stopping = asyncio.create_task(stop.wait())
        began = asyncio.get_running_loop().time()
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done():
            error = running.exception()
            failures = 0 if asyncio.get_running_loop().time() - began > 10 else failures + 1
            log.warning("worker.restarts", queue=kind, error=type(error).__name__, failures=failures)
            # What runs goes on beside its successor: its end is told to PostgreSQL, Valkey's part in it is over.
            leftovers.add(asyncio.create_task(_finish(one, JOB_TIMEOUT, running)))
            await _pause(stop, PAUSES[min(failures, len(PAUSES) - 1)])
        else:
            leftovers.add(asyncio.create_task(_finish(one, COMPLETION_WAIT, running)))
        leftovers = {task for task in leftovers if not task.done()}
    await asyncio.gather(*leftovers, return_exceptions=True)


async def _finish(one: Worker, patience: float, running: "asyncio.Task[None]") -> None:
    """Let the jobs of a worker that takes no more end, at most `patience` seconds, and close its connection."""
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    jobs = list(one.tasks.values())
    if jobs:
        _, late = await asyncio.wait(jobs, timeout=patience)
        for job in late:
            job.cancel()
        ended, _ = await asyncio.wait(jobs, timeout=1)
        for job in ended:
            if not job.cancelled() and (error := job.exception()):
                log.info("worker.unfinished", error=type(error).__name__)  # Valkey was not told: PostgreSQL was
    if one._pool is not None:  # `Worker.close` would raise while Valkey is down
        with contextlib.suppress(Exception):
            await one.pool.aclose(close_connection_pool=True)


async def serve(settings: Settings) -> None:
    """Run the worker process until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log.info("worker.ready", queues=used())
    await work(settings, stop)
