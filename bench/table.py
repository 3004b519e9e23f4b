"""The one table that a measure prints: Markdown, with machine and date, median and spread of its repetitions."""

import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """A figure of each run: its name, the title with its unit, and how many decimals mean something."""

    key: str
    title: str
    digits: int = 1
    spread: bool = True


def number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def cell(values: Sequence[float], column: Column) -> str:
    """The median, and from the least to the most in brackets when there is more than one run."""
    if not values:
        return "–"
    middle = number(statistics.median(values), column.digits)
    if len(values) == 1 or not column.spread:
        return middle
    return f"{middle} ({number(min(values), column.digits)}–{number(max(values), column.digits)})"


def table(columns: Sequence[Column], rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Rows in their order; a row without runs shows dashes."""
    lines = [
        "| " + " | ".join(["target", *(column.title for column in columns)]) + " |",
        "|---" + "|---:" * len(columns) + "|",
    ]
    for name, runs in rows.items():
        cells = [cell([run[column.key] for run in runs if column.key in run], column) for column in columns]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def machine() -> str:
    """Cores, processor, memory, kernel, Python: what the figures are worth nothing without."""
    try:
        models = [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ]
        memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    except OSError:
        models, memory = [], 0.0
    model = models[0] if models else platform.processor()
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {system}"


def heading(title: str, *, versions: str, repetitions: int, conditions: str) -> str:
    """Title and small print above a table."""
    date = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z")
    return (
        f"### {title}\n\n{date} · {machine()} · {versions}\n\n"
        f"{conditions} {repetitions} repetition{'s' if repetitions > 1 else ''}, targets in turn; "
        + ("median (least–most)." if repetitions > 1 else "one run each.")
        + "\n"
    )


@dataclass(frozen=True)
class Budget:
    """A promise of the design beside what was measured."""

    what: str
    measured: float
    limit: float
    at_least: bool = False
    digits: int = 1

    @property
    def kept(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def line(self) -> str:
        bound = "at least" if self.at_least else "at most"
        return (
            f"- {'kept' if self.kept else '**MISSED**'}: {self.what}: {number(self.measured, self.digits)} "
            f"({bound} {number(self.limit, self.digits)})"
        )


def budgets(lines: Iterable[Budget]) -> str:
    return "\n".join(budget.line() for budget in lines)


def median(runs: Sequence[Mapping[str, float]], key: str) -> float:
    return statistics.median([run[key] for run in runs])


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value under which `share` of an ordered sequence lies (nearest rank, so never better than a value seen)."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -(-round(share * 1e6) * len(ordered) // 1_000_000) - 1))]
