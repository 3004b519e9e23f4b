"""Kills under load, the long form: `python -m bench.chaos [--kills 50]`. One table; exit code 1 if anything was lost."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.table import machine
from tests.journeys import chaos


def main() -> int:
    """Run it and print what `docs/performance.md` shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=float, default=50.0, help="acts a second")
    parser.add_argument("--screens", type=int, default=900)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two kills, in the mean")
    parser.add_argument("--victims", nargs="+", default=chaos.VICTIMS, choices=chaos.VICTIMS, metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="relais-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        report = asyncio.run(
            chaos.run(
                Path(folder),
                kills=asked.kills,
                victims=asked.victims,
                rate=asked.rate,
                screens=asked.screens,
                services=asked.services,
                pause=asked.pause,
                seed=asked.seed,
            )
        )
    print(f"{machine()}; seed {asked.seed}\n\n| what | count |\n|---|---|")
    for name, number in (
        ("seconds of load", round(report.seconds)),
        (
            "acts tried a second, in the mean",
            f"{(report.acts + report.refused) / report.seconds:.0f} (asked: {asked.rate:.0f})",
        ),
        (
            "kills (-9)",
            f"{report.killed}: " + ", ".join(f"{name} {times}" for name, times in sorted(report.kills.items())),
        ),
        ("dossiers filed", report.filed),
        ("acts answered (refused by a rule)", f"{report.acts} ({report.refused})"),
        ("acts sent again under their key", report.retried),
        ("acts that nobody answered", report.unanswered),
        (
            "answers of 500 and above",
            ", ".join(f"{code}: {times}" for code, times in sorted(report.errors.items())) or 0,
        ),
        ("the slowest from act to screen, catching up left out, s", f"{report.slowest:.2f}"),
        ("screens over services; frames they received", f"{asked.screens} over {asked.services}; {report.frames}"),
        ("reconnections (of which a full reload)", f"{report.reconnections} ({report.resyncs})"),
        ("frames not newer than the row shown, and ignored", report.repeated),
        ("mails sent (tried again, same Message-ID)", f"{report.mails} ({report.mails_again})"),
        ("**lost, doubled or misdelivered**", len(report.lost)),
    ):
        print(f"| {name} | {number} |")
    for each in report.lost:
        print(f"- {each}", file=sys.stderr)
    return 1 if report.lost else 0


if __name__ == "__main__":
    sys.exit(main())
