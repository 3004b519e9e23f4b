"""Where a dossier stands in its procedure's process, read from its facts (PURE).

A process looks back: since when the dossier is at a step, how long the citizen was awaited, what happened by itself
already. All of it is in the journal, so none of it is kept a second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from casework.forms import rule_reading
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import Profile
from casework.journal.fact import Recorded
from casework.terms import PARIS


class Happening(NamedTuple):
    """A fact as a process looks at it: the columns that it changed, as they were afterwards, and its details."""

    version: int
    at: datetime
    set: Mapping[str, Any]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the rules of a process read. `services`: slugs by id, of every service that had the dossier."""

    past: Sequence[Happening]
    answers: Mapping[str, Any]
    services: Mapping[str, str]
    channel: str | None
    profile: Profile


def happened(facts: Iterable[Recorded]) -> tuple[Happening, ...]:
    """The facts of a dossier, in their order."""
    return tuple(
        Happening(fact.version, fact.at, {name: after for name, (_, after) in fact.set.items()}, fact.details)
        for fact in facts
    )


def holds(rule: Rule, standing: Standing, *, at: datetime) -> bool:
    """Whether the rule holds as the dossier stood at that instant."""
    return rule_reading.holds(rule, _known(standing, at), at.astimezone(PARIS).date(), standing.profile)


def _known(standing: Standing, at: datetime) -> dict[str, Any]:
    """The answers, and where the dossier stood: its state and step, its service, the days since it came into its state."""
    columns: dict[str, Any] = {}
    since: datetime | None = None
    for each in standing.past:
        if each.at > at:
            break
        columns.update(each.set)
        if "state" in each.set:
            since = each.at
    days = (at.astimezone(PARIS).date() - since.astimezone(PARIS).date()).days if since else None
    stood = {
        "state": columns.get("state"),
        "step": columns.get("step"),
        "service": standing.services.get(str(columns.get("service_id"))),
        "channel": standing.channel,
        "days_in_state": days,
    }
    return {**standing.answers, **{name: value for name, value in stood.items() if value is not None}}
