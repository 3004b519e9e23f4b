"""Commit to screen: 900 sockets over 20 services, 50 actions a second, Relais beside its peers and the limit.

    python -m bench.live [--seconds 20] [--repetitions 3] [--only NAME ...] [--json PATH]

Every target gets the same events at the same instants, the same client and machine, one after the other, in turn
within each repetition. A run with a frame lost, duplicated, misdelivered or unasked for does not count and is told
below the table.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec

from bench import ours
from bench.peers import live as peers
from bench.processes import Failed, Process, cpu_seconds, memory_kb, python, tcp_memory_kb
from bench.servers import Servers, servers
from bench.stage import RATE, SOCKETS, TOPICS, LiveStage, LiveTarget, NotReady
from bench.table import Budget, Column, budgets, heading, median, percentile, table
from infra.listen import allow_sockets

TARGETS = [
    peers.LIMIT,
    peers.HUB,
    ours.LIVE,
    peers.RECIPE_TEXT,
    peers.RECIPE,
    peers.RECIPE_SHIPPED,
    peers.CHANNELS_PUBSUB,
    peers.CHANNELS,
    peers.CHANNELS_SHIPPED,
    peers.PROOF,
]
WARM_SOCKETS = 40  # opened before memory is first read, so that what is loaded once is not counted per socket
WARM_SECONDS = 2.0
DRAIN_SECONDS = 20.0  # how long a server that fell behind may catch up before the rest is lost

COLUMNS = [
    Column("rate", "events/s", 0, spread=False),
    Column("frames", "frames", 0, spread=False),
    Column("p50", "p50 ms"),
    Column("p95", "p95 ms"),
    Column("p99", "p99 ms"),
    Column("max", "max ms"),
    Column("cpu", "CPU µs/frame, holders"),
    Column("cpu_rest", "CPU µs/frame, rest"),
    Column("memory", "kB/idle socket"),
    Column("octets", "bytes/frame", 0, spread=False),
    Column("client_cpu", "client CPU %", 0, spread=False),
    Column("client_late_p99", "client late p99 ms", 1, spread=False),
]


def counted(
    made: list[tuple[int, str, int, int]], frames: list[tuple[int, str, int, int]], stage: LiveStage
) -> dict[str, float]:
    """Latencies of all frames, and what differs from every event exactly once to every socket of its topic."""
    instant = {(key, version): (at, topic) for topic, key, version, at in made}
    audience: dict[int, int] = Counter(plan["topic"] for plan in stage.sockets)
    latencies: list[float] = []
    seen: set[tuple[int, str, int]] = set()
    duplicated = misdelivered = 0
    for socket, key, version, at in frames:
        known = instant.get((key, version))
        if known is None or known[1] != stage.sockets[socket]["topic"]:
            misdelivered += 1
            continue
        if (socket, key, version) in seen:
            duplicated += 1
            continue
        seen.add((socket, key, version))
        latencies.append((at - known[0]) / 1e6)
    latencies.sort()
    expected = sum(audience[topic] for topic, _, _, _ in made)
    return {
        "frames": float(len(latencies)),
        "lost": float(expected - len(latencies)),
        "duplicated": float(duplicated),
        "misdelivered": float(misdelivered),
        "p50": percentile(latencies, 0.50),
        "p95": percentile(latencies, 0.95),
        "p99": percentile(latencies, 0.99),
        "max": latencies[-1] if latencies else float("nan"),
    }


def run(target: LiveTarget, base: Servers, folder: Path, *, seconds: float, seed: int) -> dict[str, float]:
    """One repetition of one target."""
    rate = RATE * target.share
    with target.start(base, folder) as stage:
        plan = folder / "plan.json"
        plan.write_text(json.dumps(list(stage.sockets)))
        client = Process("load client", python("bench.load", plan), log=folder / "client.log", pipes=True)
        try:
            client.hear()
            client.ask("connect", 0, WARM_SOCKETS)
            stage.writer.ask("run", rate, WARM_SECONDS, seed + 1, folder / "warm")
            time.sleep(0.5)
            before, tcp_before = memory_kb(stage.holders), tcp_memory_kb()
            client.ask("connect", WARM_SOCKETS, len(stage.sockets))
            time.sleep(1.0)
            more = len(stage.sockets) - WARM_SOCKETS
            memory = (memory_kb(stage.holders) - before) / more
            tcp = (tcp_memory_kb() - tcp_before) / more

            client.ask("mark")
            stage.writer.ask("run", rate, WARM_SECONDS, seed + 2, folder / "warm")
            warm = msgspec.msgpack.decode((folder / "warm").read_bytes(), type=list[tuple[int, str, int, int]])
            client.ask(
                "wait", sum(1 for made in warm for plan in stage.sockets if plan["topic"] == made[0]), DRAIN_SECONDS
            )

            client.ask("mark")
            rest = [*base.pids(), *stage.others]
            holders, elsewhere, began = cpu_seconds(stage.holders), cpu_seconds(rest), time.monotonic()
            stage.writer.ask("run", rate, seconds, seed, folder / "made")
            made = msgspec.msgpack.decode((folder / "made").read_bytes(), type=list[tuple[int, str, int, int]])
            audience = Counter(plan["topic"] for plan in stage.sockets)
            client.ask("wait", sum(audience[topic] for topic, _, _, _ in made), DRAIN_SECONDS)
            busy, busy_rest, lasted = (
                cpu_seconds(stage.holders) - holders,
                cpu_seconds(rest) - elsewhere,
                time.monotonic() - began,
            )
            told = client.ask("report", folder / "frames")
        finally:
            client.stop()
    frames = msgspec.msgpack.decode((folder / "frames").read_bytes(), type=dict[str, list[tuple[int, str, int, int]]])[
        "frames"
    ]
    figures = counted(made, frames, stage)
    received = max(1.0, figures["frames"])
    strange = {op: count for op, count in told["others"].items() if op not in ("pong", "presence")}
    figures |= {
        "rate": rate,
        "cpu": 1e6 * busy / received,
        "cpu_rest": 1e6 * busy_rest / received,
        "cpu_share": 100 * busy / lasted,
        "memory": memory,
        "memory_tcp": tcp,
        "octets": told["octets"],
        "cut": float(len(told["lost"])),
        "strange": float(sum(strange.values())),
        **{key: told[key] for key in ("client_cpu", "client_us", "client_late_p99", "client_late_max")},
    }
    return figures


def fault(figures: dict[str, float]) -> str | None:
    """Why a run does not count."""
    wrong = [
        f"{figures[key]:.0f} {key}" for key in ("lost", "duplicated", "misdelivered", "cut", "strange") if figures[key]
    ]
    return ", ".join(wrong) or None


def verdicts(rows: dict[str, list[dict[str, float]]]) -> list[Budget]:
    """The budgets of the design, from the medians of this run."""
    mine, hub = rows.get(ours.LIVE.name), rows.get(peers.HUB.name)
    if not mine or not hub:
        return []
    lines = [
        Budget("commit to screen, p99 ms, beside twice the bare hub's", median(mine, "p99"), 2 * median(hub, "p99")),
        Budget("commit to screen, p99 ms", median(mine, "p99"), 50),
        Budget("CPU per frame, µs, beside 1.5 times the bare hub's", median(mine, "cpu"), 1.5 * median(hub, "cpu")),
        Budget("memory per idle socket, kB", median(mine, "memory"), 30),
    ]
    for target, share, words in (
        (peers.RECIPE, 0.4, "40% of"),
        (peers.RECIPE_SHIPPED, 0.4, "40% of"),
        (peers.CHANNELS, 1 / 15, "a fifteenth of"),
        (peers.CHANNELS_SHIPPED, 1 / 15, "a fifteenth of"),
    ):
        if theirs := rows.get(target.name):
            limit = share * median(theirs, "cpu")
            lines.append(Budget(f"CPU per frame, µs, beside {words} {target.name}", median(mine, "cpu"), limit))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="parts of the names of the targets to run")
    parser.add_argument("--json", type=Path, help="write every run's figures there")
    options = parser.parse_args()
    chosen = [
        target
        for target in TARGETS
        if not options.only or any(part.lower() in target.name.lower() for part in options.only)
    ]
    allow_sockets()
    rows: dict[str, list[dict[str, float]]] = {target.name: [] for target in chosen}
    notes: list[str] = []
    versions = ""
    for repetition in range(options.repetitions):
        for target in chosen:
            print(f"{repetition + 1}/{options.repetitions} {target.name} …", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="relais-bench-") as folder, servers() as base:
                versions = base.versions
                try:
                    figures = run(target, base, Path(folder), seconds=options.seconds, seed=1000 * (repetition + 1))
                except NotReady as reason:
                    notes.append(f"{target.name}: not measured: {reason}")
                    continue
                except Failed as reason:
                    notes.append(f"{target.name}, repetition {repetition + 1}: does not count: {reason}")
                    continue
            if wrong := fault(figures):
                notes.append(f"{target.name}, repetition {repetition + 1}: does not count: {wrong}; "
                             f"p99 {figures['p99']:.0f} ms, "
                             f"{figures['cpu']:.0f} µs/frame, {figures['cpu_share']:.0f}% of a core")  # fmt: skip
                continue
            rows[target.name].append(figures)
    conditions = (
        f"{SOCKETS} sockets over {TOPICS} services, {RATE:.0f} events/s for {options.seconds:.0f} s, "
        "written by another process; "
        "from COMMIT's return (peers: the instant before they publish) to the frame parsed."
    )
    print(heading("Commit to screen", versions=versions, repetitions=options.repetitions, conditions=conditions))
    print(table(COLUMNS, rows))
    print("\n" + "\n".join(f"- {target.name}: {target.what}" for target in chosen))
    if proof := rows.get(peers.PROOF.name):
        print(
            f"- the client is not the bottleneck: at {peers.PROOF.share:.0f} times the rate it parses "
            f"{median(proof, 'frames') / options.seconds:,.0f} frames/s "
            f"with {median(proof, 'client_cpu'):.0f}% of a core "
            f"({median(proof, 'client_us'):.1f} µs a frame)"
        )
    print("\n".join(f"- {note}" for note in notes))
    if lines := verdicts(rows):
        print("\n" + budgets(lines))
    if options.json:
        options.json.write_text(json.dumps({"versions": versions, "rows": rows, "notes": notes}, indent=1))
    missing = [target.name for target in chosen if not rows[target.name]]
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
