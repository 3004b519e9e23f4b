"""Actions per second: claims by 20 writers, beside bare asyncpg, and through HTTP beside FastAPI and Django REST.

    python -m bench.actions [--seconds 5] [--repetitions 3] [--only NAME ...] [--json PATH]

Every run begins with a fresh copy of the same database, in a cluster whose fsync is on. A run with a refusal, an
error, or a journal that does not hold exactly one fact for each claim does not count and is told below the table.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import msgspec

from bench import community, ours
from bench.peers import actions as peers
from bench.processes import Failed, Process, at_rest, cpu_seconds, python
from bench.servers import Servers, servers
from bench.stage import TOPICS, ActionTarget, NotReady
from bench.table import Budget, Column, budgets, heading, median, table
from bench.writers import Plan
from infra.listen import allow_sockets

TARGETS = [peers.BARE, *ours.CLAIMS, peers.EMPTY, peers.HTTP_BARE, ours.HTTP_CLAIM, peers.FASTAPI, peers.DJANGO]
WRITERS = TOPICS  # one agent of each service: 20 people who claim as fast as they can
WARM = 1.0
PER_SECOND = 8_000  # dossiers prepared for each second of a run: more than the limit claims

COLUMNS = [
    Column("rate", "actions/s", 0),
    Column("p50", "p50 ms"),
    Column("p99", "p99 ms"),
    Column("cpu", "CPU µs/action, Python", 0),
    Column("cpu_rest", "CPU µs/action, PostgreSQL", 0),
    Column("client_cpu", "client CPU %", 0, spread=False),
]


def run(target: ActionTarget, base: Servers, folder: Path, *, seconds: float, dossiers: int) -> dict[str, float]:
    """One repetition of one target, on a database of its own."""
    database = community.copy(base, "template_of_claims", "claims")
    with target.start(base, database, folder) as stage:
        plan = Plan(database, WRITERS, seconds, WARM, dossiers, stage.url, stage.how, list(stage.pids))
        (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
        at_rest(stage.pids)
        rest = cpu_seconds(base.pids())
        program = Process(
            "writers", python(stage.program, folder / "plan.json"), log=folder / "writers.log", pipes=True
        )
        try:
            figures: dict[str, float] = program.hear()
        finally:
            program.stop()
        # Of the whole run, the warm-up too: connections end with their backend, which takes its figures with it.
        figures["cpu_rest"] = 1e6 * (cpu_seconds(base.pids()) - rest) / max(1.0, figures["done_in_all"])
        if figures["refused"]:
            raise Failed(f"{figures['refused']:.0f} refused: {program.last_words()[:400]}")
    if target.claims:
        facts, held = base.sql(
            "select (select count(*) from journal where kind = 'dossier.claimed' and version = 2), "
            "(select count(*) from dossiers where holder_id is not null and version = 2)",
            database="claims",
        ).split("|")
        if not int(facts) == int(held) == figures["done_in_all"]:
            raise Failed(
                f"{figures['done_in_all']:.0f} claims answered, {facts} facts and {held} dossiers held in the database"
            )
    if not stage.pids:
        figures.pop("client_cpu")  # there is no client: the writers are the target
    return figures


def verdicts(rows: dict[str, list[dict[str, float]]]) -> list[Budget]:
    """The budgets of the design, from the medians of this run."""
    lines: list[Budget] = []
    bare, mine = rows.get(peers.BARE.name), rows.get(ours.CLAIMS[0].name)
    if bare and mine:
        limit = median(bare, "rate")
        lines += [
            Budget(
                "actions/s, 20 writers, beside 60% of bare asyncpg (the aim)",
                median(mine, "rate"),
                0.6 * limit,
                True,
                0,
            ),
            Budget(
                "actions/s, 20 writers, beside 50% of bare asyncpg (the floor)",
                median(mine, "rate"),
                0.5 * limit,
                True,
                0,
            ),
        ]
    if mine := rows.get(ours.HTTP_CLAIM.name):
        for peer in (peers.FASTAPI, peers.DJANGO):
            if theirs := rows.get(peer.name):
                limit = 3 * median(theirs, "rate")
                lines.append(
                    Budget(f"actions/s through HTTP, beside 3 times {peer.name}", median(mine, "rate"), limit, True, 0)
                )
                words = f"CPU µs/action through HTTP, Python, beside a third of {peer.name}"
                lines.append(Budget(words, median(mine, "cpu"), median(theirs, "cpu") / 3, digits=0))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5.0)
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
    dossiers = round(PER_SECOND * (options.seconds + WARM))
    with servers() as base:
        community.make(base, "template_of_claims", dossiers=dossiers)
        for repetition in range(options.repetitions):
            for target in chosen:
                print(f"{repetition + 1}/{options.repetitions} {target.name} …", file=sys.stderr, flush=True)
                with tempfile.TemporaryDirectory(prefix="relais-bench-") as folder:
                    try:
                        rows[target.name].append(
                            run(target, base, Path(folder), seconds=options.seconds, dossiers=dossiers)
                        )
                    except NotReady as reason:
                        notes.append(f"{target.name}: not measured: {reason}")
                    except Failed as reason:
                        notes.append(f"{target.name}, repetition {repetition + 1}: does not count: {reason}")
    conditions = (
        f"{WRITERS} writers for {options.seconds:.0f} s, each claims one free dossier after the other: "
        "lock, rule, one fact, commit; fsync on; one Python process does the work."
    )
    print(heading("Actions per second", versions=base.versions, repetitions=options.repetitions, conditions=conditions))
    print(table(COLUMNS, rows))
    print("\n" + "\n".join(f"- {target.name}: {target.what}" for target in chosen))
    if empty := rows.get(peers.EMPTY.name):
        print(
            f"- the client is not the bottleneck: it makes {median(empty, 'rate'):,.0f} empty POSTs a second "
            f"with {median(empty, 'client_cpu'):.0f}% of a core"
        )
    print("\n".join(f"- {note}" for note in dict.fromkeys(notes)))
    if lines := verdicts(rows):
        print("\n" + budgets(lines))
    if options.json:
        options.json.write_text(json.dumps({"versions": base.versions, "rows": rows, "notes": notes}, indent=1))
    return 1 if any(not rows[target.name] for target in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
