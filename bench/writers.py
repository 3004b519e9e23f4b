"""Twenty writers in one process, each with one act after the other: the closed loop of the measure of actions.

A program of the measure calls `run` with its act; the loop prints one line of JSON with its figures.
"""

import asyncio
import gc
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bench.processes import own_cpu
from bench.table import percentile


class Plan(msgspec.Struct):
    """What one run does. `first` is the first dossier's number; writers take them one after the other."""

    database: str
    writers: int
    seconds: float
    warm: float
    dossiers: int
    url: str = ""
    how: str = "peer"
    pids: list[int] = msgspec.field(default_factory=list)


def read_plan(path: str) -> Plan:
    return msgspec.json.decode(Path(path).read_bytes(), type=Plan)


async def run(
    plan: Plan, act: Callable[[int, int], Awaitable[bool]], server_cpu: Callable[[], float] = own_cpu
) -> None:
    """Writers call `act(writer, number)` until the time is over; True: the act was done, False: it was refused.

    The nth writer is one person, the nth agent, who takes every 20th dossier: those of one service, theirs.

    What ends within `warm` seconds from the start is not in the figures, but it is in `done_in_all`, which the
    database is compared with.
    """
    took: list[float] = []
    refused = done_in_all = 0
    enough = True
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    begin, end = start + plan.warm, start + plan.warm + plan.seconds
    cpu_at_begin: list[float] = []

    async def write(writer: int) -> None:
        nonlocal refused, done_in_all, enough
        numbers = range(writer, plan.dossiers, plan.writers)
        for number in itertools.cycle(numbers) if plan.how == "empty" else numbers:
            before = time.perf_counter()
            if before >= end:
                return
            if before >= begin and not cpu_at_begin:
                cpu_at_begin[:] = [server_cpu(), own_cpu()]
            done = await act(writer, number)
            after = time.perf_counter()
            done_in_all += done
            if not done:
                refused += 1
            elif begin <= before and after <= end:
                took.append(1000 * (after - before))
        enough = False

    await asyncio.gather(*(write(writer) for writer in range(plan.writers)))
    if not enough:
        print(json.dumps({"failed": f"{plan.dossiers} dossiers were not enough"}), flush=True)
        return
    elapsed = time.perf_counter() - begin
    served, own = server_cpu() - cpu_at_begin[0], own_cpu() - cpu_at_begin[1]
    took.sort()
    figures = {
        "rate": len(took) / plan.seconds,
        "p50": percentile(took, 0.50),
        "p99": percentile(took, 0.99),
        "max": took[-1] if took else float("nan"),
        "cpu": 1e6 * served / max(1, len(took)),
        "client_cpu": 100 * own / elapsed,
        "refused": refused,
        "done_in_all": done_in_all,
    }
    print(json.dumps(figures), flush=True)
