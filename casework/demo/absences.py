"""When each agent is away, over the years and in the weeks to come (PURE)."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from casework.authority import SYSTEM, Authority
from casework.continuity import rules
from casework.continuity.model import ABSENCE, Absence
from casework.continuity.rules import Span
from casework.demo import words
from casework.demo.calendar import Desk, is_school_holiday
from casework.demo.chance import Urn, new_id, seal, seeded
from casework.demo.people import Agent
from casework.ids import AccountId
from casework.journal.fact import Fact
from casework.journal.load import Row, record
from casework.terms import PARIS

AHEAD = timedelta(days=45)  # absences to come that are declared already
_REASONS = Urn([reason for reason, _ in words.ABSENCES], [weight for _, weight in words.ABSENCES])
_ASKED = 8  # colleagues whom somebody asks to stand in, before leaving it to the service
_A_YEAR = 4.2  # absences of an agent, on average


@dataclass(frozen=True, slots=True)
class Away:
    """One absence with its mandates: (id, substitute or the service) in their order."""

    id: UUID
    agent: Agent
    span: Span
    starts_at: datetime
    ends_at: datetime
    declared_at: datetime
    reason: str
    cancelled_at: datetime | None = None
    mandates: tuple[tuple[UUID, UUID | None], ...] = ()

    @property
    def real(self) -> bool:
        return self.cancelled_at is None


class Rota:
    """The absences of everybody, found by agent and instant."""

    def __init__(self, absences: Sequence[Away]) -> None:
        self._of: dict[UUID, list[Away]] = {}
        for away in absences:
            if away.real:
                self._of.setdefault(away.agent.id, []).append(away)
        for mine in self._of.values():
            mine.sort(key=lambda away: away.starts_at)
        self._starts = {agent: [away.starts_at for away in mine] for agent, mine in self._of.items()}

    def at(self, agent: UUID, at: datetime) -> Away | None:
        """The absence that the agent is on at this instant."""
        place = bisect_right(self._starts.get(agent, ()), at)
        away = self._of[agent][place - 1] if place else None
        return away if away and at < away.ends_at else None

    def next(self, agent: UUID, after: datetime) -> Away | None:
        """The agent's first absence that begins after this instant."""
        starts = self._starts.get(agent, ())
        place = bisect_right(starts, after)
        return self._of[agent][place] if place < len(starts) else None

    def overlaps(self, agent: UUID, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether the agent is away for some of this span."""
        if self.at(agent, starts_at):
            return True
        following = self.next(agent, starts_at)
        return following is not None and following.starts_at < ends_at


def absences(
    seed: str, people: Mapping[str, Sequence[Agent]], *, first: date, end: datetime, desk: Desk
) -> tuple[tuple[Away, ...], Rota]:
    """Every absence declared before `end`, in the order of their declarations, and the rota that they make."""
    chance = seeded(seed, "absences")
    made: list[Away] = []
    for colleagues in people.values():
        for agent in colleagues:
            made += _of_agent(chance, agent, first, end, desk)
    made = _away_now(chance, made, people, end)
    rota = Rota(made)
    colleagues_of = {
        agent.id: [each for each in team if each.id != agent.id] for team in people.values() for agent in team
    }
    with_mandates = [_mandates(chance, away, colleagues_of[away.agent.id], rota) for away in made]
    with_mandates.sort(key=lambda away: (away.declared_at, away.id))
    return tuple(with_mandates), Rota(with_mandates)


def _of_agent(chance: Random, agent: Agent, first: date, end: datetime, desk: Desk) -> Iterator[Away]:
    day, last = first + timedelta(days=chance.randrange(120)), (end + AHEAD).date()
    while day < last:
        reason = _REASONS.draw(chance)
        length = _length(chance, reason, day)
        from_half = "pm" if length <= 1 and chance.random() < 0.4 else "am"
        until = day + timedelta(days=length - 1)
        until_half = "am" if from_half == "am" and chance.random() < 0.12 else "pm"
        unforeseen = reason in ("Imprévu", "Raison familiale")
        span = Span(day, from_half, until, until_half)
        starts_at, ends_at = (at.astimezone(UTC) for at in span.bounds(datetime.min.replace(tzinfo=UTC)))
        declared_at = desk.after(starts_at - timedelta(days=1 + chance.randrange(60)), 0.5, chance)
        if unforeseen:
            # Nobody knows it the day before: from this instant.
            starts_at = declared_at = desk.after(starts_at, 0.15, chance)
            today = starts_at.astimezone(PARIS).date()
            until = today + timedelta(days=length - 1)
            span = Span(today, "now", until, "pm")
            ends_at = span.bounds(starts_at)[1].astimezone(UTC)
        declared_at = min(declared_at, starts_at)
        cancelled_at = None
        if not unforeseen and chance.random() < 0.03:
            cancelled_at = declared_at + (starts_at - declared_at) * chance.random()
        # Named people are at their desks today: they are who one signs in as.
        kept = not agent.demo or ends_at < end - timedelta(days=4) or starts_at > end + timedelta(days=20)
        if declared_at < end and kept and (cancelled_at is None or cancelled_at < end):
            yield Away(new_id(chance, declared_at), agent, span, starts_at, ends_at, declared_at, reason, cancelled_at)
        gap = chance.expovariate(_A_YEAR / 330) + 6
        day = until + timedelta(days=int(gap))
        if not is_school_holiday(day) and chance.random() < 0.45:
            day = _towards_holiday(day)


def _length(chance: Random, reason: str, day: date) -> int:
    """Days, both ends included."""
    match reason:
        case "Congés":
            return (
                chance.choice((5, 7, 12, 14, 19, 21)) if day.month in (7, 8) else chance.choice((2, 3, 5, 5, 5, 7, 12))
            )
        case "Imprévu":
            return chance.choice((1, 2, 3, 3, 4, 5, 8, 15, 30)) if chance.random() < 0.96 else 90
        case "Formation":
            return chance.choice((1, 2, 2, 3, 5))
        case _:
            return 1


def _towards_holiday(day: date) -> date:
    for ahead in range(45):
        if is_school_holiday(day + timedelta(days=ahead)):
            return day + timedelta(days=ahead + 2)
    return day


def _away_now(chance: Random, made: list[Away], people: Mapping[str, Sequence[Agent]], end: datetime) -> list[Away]:
    """In each service somebody has been away since yesterday or before: there is a relay to show."""
    running = {away.agent.id for away in made if away.real and away.starts_at <= end < away.ends_at}
    for service, team in people.items():
        wanted = 2 if service == "etat-civil" else 1
        here = [agent for agent in team if agent.role == "agent" and not agent.demo and agent.id not in running]
        away_already = sum(agent.id in running for agent in team)
        for agent in here[: max(0, min(wanted - away_already, len(here) - 1))]:
            since = end - timedelta(days=1 + chance.randrange(3))
            span = Span(
                since.astimezone(PARIS).date(), "am", (end + timedelta(days=2 + chance.randrange(6))).date(), "pm"
            )
            starts_at, ends_at = (at.astimezone(UTC) for at in span.bounds(datetime.min.replace(tzinfo=UTC)))
            declared_at = starts_at - timedelta(days=9, hours=13)
            made = [
                each for each in made
                if each.agent.id != agent.id or each.ends_at <= starts_at or each.starts_at >= ends_at
            ]  # fmt: skip
            made.append(Away(new_id(chance, declared_at), agent, span, starts_at, ends_at, declared_at, "Congés"))
    return made


def _mandates(chance: Random, away: Away, colleagues: Sequence[Agent], rota: Rota) -> Away:
    """Most name a colleague or two who are there all the while; some leave it to the service, which comes last."""
    wanted = 0 if chance.random() < 0.3 else 1 if chance.random() < 0.75 else 2
    named: list[Agent] = []
    for each in chance.sample(colleagues, min(len(colleagues), _ASKED)):
        if len(named) < wanted and not rota.overlaps(each.id, away.starts_at, away.ends_at):
            named.append(each)
    substitutes: list[UUID | None] = [*(each.id for each in named), None]
    return replace(away, mandates=tuple((new_id(chance, away.declared_at), each) for each in substitutes))


def told(chance: Random, away: Away, manager: UUID, end: datetime) -> tuple[Absence, list[Row], dict[str, Any]]:
    """The absence at `end`, its facts until then, and the other columns of its row."""
    by_manager = chance.random() < 0.15
    by = Authority(AccountId(manager), "manager") if by_manager else Authority(AccountId(away.agent.id), "agent")
    salt, content = seal(chance, away.reason)
    absence = Absence(away.id, 0, b"", away.declared_at, away.agent.id, None, None, "declared", None)
    substitutes = tuple(each for _, each in away.mandates if each)
    rows: list[Row] = []

    def note(fact: Fact | None, at: datetime, by: Authority) -> None:
        nonlocal absence
        if fact is not None:
            row = record(ABSENCE, absence, fact, by=by)
            rows.append(row)
            absence = replace(absence, version=row.version, digest=row.digest, now=at, **fact.changes)

    declared = rules.declare(
        starts_at=away.starts_at, ends_at=away.ends_at, declared_by=by.actor, substitutes=substitutes, content=content
    )
    note(declared, away.declared_at, by)
    for at, make, who in (
        (away.cancelled_at, rules.cancel, by),
        (away.starts_at if away.real else None, rules.begin, SYSTEM),
        (away.ends_at if away.real else None, rules.end, SYSTEM),
    ):
        if at is not None and at <= end:
            absence = replace(absence, now=at)
            note(make(absence), at, who)
    span = away.span
    others = {"from_date": span.from_date, "from_half": span.from_half, "until_date": span.until_date,
              "until_half": span.until_half, "reason": away.reason, "salt": salt}  # fmt: skip
    return absence, rows, others
