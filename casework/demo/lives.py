"""What happened to one dossier until today (PURE): each step by the rules, folded as `append` folds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace as with_

from casework import terms
from casework.authority import SYSTEM, Authority
from casework.demo import words
from casework.demo.absences import Away, Rota
from casework.demo.calendar import Desk
from casework.demo.chance import lognormal, seal
from casework.demo.people import Agent
from casework.dossiers import rules
from casework.dossiers.model import DECIDED, DOSSIER, Dossier
from casework.dossiers.progress import DID, Happening, Look, Standing, look
from casework.forms.rule_reading import NOBODY, Profile
from casework.ids import AccountId, DossierId, MandateId, Version
from casework.journal.fact import Fact
from casework.journal.load import Row, record
from casework.procedures.automatic import Close, GoTo
from casework.procedures.merging import merge
from casework.procedures.process import NONE, Process, Silence

Content = tuple[UUID, int, str, Any, bytes]  # dossier, version, kind, body, salt
_THORNY = 0.38  # requests that take months: for a vote, an opinion, works, or a citizen who takes long to answer
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Team:
    """The service that answers: who works there, and how fast beside its aim (1: a median of half the aim)."""

    id: UUID
    directorate_id: UUID
    agents: tuple[Agent, ...]
    manager: Agent
    pace: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What every life has in common."""

    desk: Desk
    rota: Rota
    end: datetime


@dataclass(slots=True)
class Life:
    """One dossier, lived step by step. `rows` and `contents` are what it leaves."""

    setting: Setting
    team: Team
    chance: Random
    dossier: Dossier
    process: Process = NONE
    services: Mapping[str, str] = field(default_factory=dict)  # slugs by id, as rules of a process read them
    profile: Profile = NOBODY
    answers: Mapping[str, Any] = field(default_factory=dict)
    past: list[Happening] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)

    def note(self, fact: Fact | None, by: Authority) -> None:
        """Write the fact down at the dossier's `now`, and fold it."""
        if fact is None:
            return
        row = record(DOSSIER, self.dossier, fact, by=by)
        self.rows.append(row)
        self.past.append(Happening(row.version, self.dossier.now, fact.changes, fact.details))
        self.dossier = with_(self.dossier, **fact.changes, version=row.version, digest=row.digest)

    def keep(self, kind: str, body: Any) -> str:
        """Keep a text for the fact that comes next; its SHA-256."""
        salt, content = seal(self.chance, body)
        self.contents.append((self.dossier.id, self.dossier.version + 1, kind, body, salt))
        return content

    def look(self, now: datetime) -> Look:
        """What of its process is due, or when something may be."""
        stands = Standing(self.past, self.answers, self.services, self.dossier.channel, self.profile)
        return look(self.process, stands, now=now)

    @property
    def looked_at(self) -> datetime | None:
        """When the clock comes to its process, as the demo leaves it."""
        found = self.look(self.setting.end) if self.process.runs else Look(None, None)
        return found.due.at if found.due else found.next

    @property
    def seen(self) -> Version:
        return self.dossier.version

    def by_holder(self) -> Authority:
        """The holder, in the absent colleague's place while the mandate lasts."""
        dossier = self.dossier
        if dossier.mandate_id is not None and dossier.taken_over_from is not None:
            away = self.setting.rota.at(dossier.taken_over_from, dossier.now)
            if away and any(id_ == dossier.mandate_id for id_, _ in away.mandates):
                return Authority(
                    dossier.holder_id, "substitute", dossier.taken_over_from, MandateId(dossier.mandate_id)
                )
        return Authority(dossier.holder_id, "agent")


def blank(id_: UUID, reference: str, at: datetime) -> Dossier:
    """A dossier before its first fact: the table's defaults."""
    return Dossier(
        DossierId(id_), reference, Version(0), b"", at, "draft", None, None, None, None, None, None, None, None, None,
        None, None, None, None, None, None, False, None, None, 0, None, None, None, None,
    )  # fmt: skip


def file(
    life: Life, *, filing: dict[str, Any], answers: dict[str, Any], documents: tuple[UUID, ...], price: int | None,
    target_days: int,
) -> None:  # fmt: skip
    """The citizen files. `price`: in cents."""
    due = terms.due_at(life.dossier.now, target_days).astimezone(UTC)
    by = Authority(filing["citizen_id"], "citizen")
    content = life.keep("answers", answers)
    fact = rules.submit(
        life.dossier,
        seen=None,
        filing=filing,
        due_at=due,
        content=content,
        documents=documents,
        told={} if price is None else {"price": price},
        by=by,
        at=life.dossier.now,
        step=life.process.first("submitted"),
    )
    life.answers = answers
    life.note(fact, by)


def live(life: Life, plan: Sequence["Step"]) -> None:
    """Follow the plan, with what the clock and the absences do meanwhile, until the plan or the time is over."""
    _live(life, plan)
    while life.process.runs and life.dossier.now < life.setting.end and _by_itself(life, life.setting.end):
        pass


def _live(life: Life, plan: Sequence["Step"]) -> None:
    steps = list(plan)
    at, taking_over, back = life.dossier.now, _NEVER, _NEVER
    meant: datetime | None = None  # when the next step was meant to be, and when it can be
    due: datetime | None = None
    while steps:
        dossier, setting = life.dossier, life.setting
        holder = dossier.holder_id
        if due is None:
            meant = meant or _meant(life, steps[0], at)
            due = meant if steps[0].by_citizen else _at_desk(life, meant, at)
        away = setting.rota.at(holder, at) if holder else None
        uncovered = dossier.uncovered_since is not None
        leaves = (setting.rota.next(holder, at) if away is None else None if uncovered else away) if holder else None
        clock = [
            (due, "step"),
            (dossier.due_at if not dossier.late and not dossier.awaiting_since and dossier.due_at else _NEVER, "late"),
            (leaves.starts_at if leaves else _NEVER, "leaves"),
            (taking_over, "taken over"),
            (away.ends_at if away and uncovered else _NEVER, "returns"),
            (back, "handed back"),
        ]
        at, what = min(clock)
        at = max(at, dossier.now)
        if life.process.runs and _by_itself(life, min(at, setting.end)):
            if life.dossier.state in DECIDED:
                return
            at = life.dossier.now
            continue
        if at > setting.end:
            return
        life.dossier = with_(dossier, now=at)
        match what:
            case "step":
                if steps[0].do(life):
                    steps.pop(0)
                else:  # nobody is there: another day
                    steps[0] = replace(steps[0], wait=1)
                meant = due = None
            case "late":
                life.note(rules.become_late(life.dossier, by=SYSTEM, at=at), SYSTEM)
            case "leaves" if leaves is not None:
                cover = leaves.mandates[0][1]
                life.note(rules.uncover(life.dossier, absence_id=leaves.id, cover_id=cover, by=SYSTEM, at=at), SYSTEM)
                taking_over, due = _taking_over(life, leaves, at), None
            case "taken over":
                _take_over(life, at)
                taking_over, due = _NEVER, None
                if away and life.chance.random() < 0.65:
                    back = setting.desk.after(away.ends_at, life.chance.random() * 2, life.chance)
            case "handed back":
                if _hand_back(life):
                    taking_over = _NEVER
                back, due = _NEVER, None
            case "returns":
                life.note(rules.cover(life.dossier, by=SYSTEM, at=at), SYSTEM)
                taking_over, due = _NEVER, None


def _by_itself(life: Life, until: datetime) -> bool:
    """Take the first step of its process that falls due by `until`, at its time; whether there was one."""
    dossier = life.dossier
    found = life.look(dossier.now)
    if found.due is None and found.next is not None and found.next <= until:
        found = life.look(found.next)
    due = found.due
    if due is None:
        return False
    at = max(due.at, dossier.now).astimezone(UTC)
    life.dossier = with_(dossier, now=at)
    match due.do:
        case GoTo(step=to):
            life.note(rules.go_to(life.dossier, to, life.process, due=due, by=SYSTEM, at=at), SYSTEM)
        case Close(outcome=outcome, reason=reason):
            content = life.keep("reason", merge(reason.fr, {}))
            life.note(rules.close(life.dossier, outcome=outcome, content=content, due=due, by=SYSTEM, at=at), SYSTEM)
        case Silence(outcome=outcome):
            life.note(rules.close(life.dossier, outcome=outcome, content=None, due=due, by=SYSTEM, at=at), SYSTEM)
        case _:
            life.note(rules.take_step(life.dossier, did=DID[type(due.do)], due=due, by=SYSTEM, at=at), SYSTEM)
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody will do: `wait` working days after the step before (calendar days for a citizen)."""

    act: str
    wait: float
    by_citizen: bool = False

    def do(self, life: Life) -> bool:
        """Whether it was done."""
        return _DO[self.act](life) is not False


def _meant(life: Life, step: Step, at: datetime) -> datetime:
    """When the step is meant to be: a citizen's at any hour, an agent's at the desk."""
    if step.by_citizen:
        return at + timedelta(days=step.wait, minutes=life.chance.randrange(1, 300))
    return life.setting.desk.after(at, step.wait, life.chance)


def _at_desk(life: Life, meant: datetime, at: datetime) -> datetime:
    """When the holder can do what was meant for then: after `at`, and not while away."""
    desk, rota, holder = life.setting.desk, life.setting.rota, life.dossier.holder_id
    due = meant if meant > at else desk.after(at, life.chance.random(), life.chance)
    away = rota.at(holder, due) if holder else None
    while away:
        due = desk.after(away.ends_at, 0.1 + life.chance.random(), life.chance)
        away = rota.at(holder, due) if holder else None
    return due


def _taking_over(life: Life, away: Away, at: datetime) -> datetime:
    """When a colleague takes the dossier of the absent agent over, if somebody does before the return."""
    days = (away.ends_at - at).days
    if life.chance.random() > min(0.12 + 0.05 * days, 0.6):
        return _NEVER
    hours = lognormal(life.chance, 0.35, 1.1)  # working days; the median is under half a day
    when = life.setting.desk.after(at, min(hours, 8), life.chance)
    return when if when < away.ends_at else _NEVER


def _take_over(life: Life, at: datetime) -> None:
    dossier, rota = life.dossier, life.setting.rota
    holder = dossier.holder_id
    away = rota.at(holder, at) if holder else None
    if away is None:
        return
    actor = dossier.cover_id
    if actor is None:
        some = life.chance.sample(life.team.agents, min(len(life.team.agents), 8))
        actor = next((AccountId(each.id) for each in some if each.id != holder and rota.at(each.id, at) is None), None)
    if actor is None or rota.at(actor, at) is not None:
        return
    mandate = next(id_ for id_, substitute in away.mandates if substitute in (actor, None))
    by = Authority(actor, "substitute", holder, MandateId(mandate))
    life.note(rules.take_over(dossier, seen=dossier.version, batch_id=None, by=by, at=at), by)


def _claim(life: Life) -> bool:
    dossier, rota, chance = life.dossier, life.setting.rota, life.chance
    # The first of a team take more than their share.
    team = life.team.agents
    asked = (team[int(chance.random() ** 1.6 * len(team))] for _ in range(2 * len(team)))
    agent = next((each for each in asked if rota.at(each.id, dossier.now) is None), None)
    if agent is None:
        return False
    if chance.random() < 0.12 and agent is not life.team.manager:
        by = Authority(AccountId(life.team.manager.id), "manager")
        fact = rules.assign(dossier, to=agent.id, cover={}, seen=life.seen, batch_id=None, by=by, at=dossier.now)
        life.note(fact, by)
    else:
        by = Authority(AccountId(agent.id), "agent")
        life.note(rules.claim(dossier, seen=life.seen, by=by, at=dossier.now), by)
    return True


def _start_review(life: Life) -> None:
    by, step = life.by_holder(), life.process.first("under_review")
    life.note(rules.start_review(life.dossier, seen=life.seen, by=by, at=life.dossier.now, step=step), by)


def _ask_completion(life: Life) -> None:
    by, content = life.by_holder(), life.keep("reason", life.chance.choice(words.ASKS))
    life.note(rules.ask_completion(life.dossier, content=content, seen=life.seen, by=by, at=life.dossier.now), by)


def _complete(life: Life) -> None:
    by = Authority(life.dossier.citizen_id, "citizen")
    content = life.keep("message", life.chance.choice(words.COMPLETIONS))
    fact = rules.complete(life.dossier, content=content, documents=(), seen=None, by=by, at=life.dossier.now)
    due = fact.changes["due_at"]
    life.note(replace(fact, changes={**fact.changes, "due_at": due.astimezone(UTC) if due else None}), by)


def _write(life: Life, who: str) -> None:
    citizen = who == "citizen"
    by = Authority(life.dossier.citizen_id, "citizen") if citizen else life.by_holder()
    content = life.keep("message", life.chance.choice(words.CITIZENS if citizen else words.AGENTS))
    life.note(rules.post_message(life.dossier, content=content, seen=life.seen, by=by, at=life.dossier.now), by)


def _decide(life: Life, outcome: str) -> None:
    by = life.by_holder()
    reasons = {"accepted": words.ACCEPTED, "refused": words.REFUSED, "closed_without_action": words.CLOSED}
    content = life.keep("reason", life.chance.choice(reasons[outcome]))
    life.note(
        rules.decide(life.dossier, outcome=outcome, content=content, seen=life.seen, by=by, at=life.dossier.now), by
    )


def _hand_back(life: Life) -> bool:
    """The agent who is back asks for the dossier, if that is still so; whether it was given."""
    dossier = life.dossier
    origin = dossier.taken_over_from
    if origin is None or life.setting.rota.at(origin, dossier.now) is not None:
        return False
    by = Authority(origin, "agent")
    life.note(rules.hand_back(dossier, away=False, seen=life.seen, by=by, at=dossier.now), by)
    return True


_DO: dict[str, Callable[[Life], bool | None]] = {
    "claim": _claim,
    "start_review": _start_review,
    "ask_completion": _ask_completion,
    "complete": _complete,
    "write": partial(_write, who="agent"),
    "reply": partial(_write, who="citizen"),
    **{outcome: partial(_decide, outcome=outcome) for outcome in sorted(DECIDED)},
}


def plan(chance: Random, *, target_days: int, pace: float, term: int | None = None) -> tuple[Step, ...]:
    """What people mean to do with a request. `pace` above 1 is slow; `term`: calendar days after which silence decides."""
    whole = lognormal(chance, 0.36 * target_days * pace, 0.75)
    thorny = chance.random() < _THORNY
    waits_for_citizen = thorny and chance.random() < 0.5
    if thorny and not waits_for_citizen:
        whole += min(lognormal(chance, 60, 0.8), 220)
    if term is not None:  # those who answer know it, and are in time but for a few
        whole = min(whole, term * (0.25 + 0.4 * chance.random()))
    claimed = min(whole * 0.35, lognormal(chance, 1.2 * pace, 0.9))
    rest = max(whole - claimed, 0.3)
    steps = [Step("claim", claimed), Step("start_review", min(rest * 0.2, 2) * chance.random())]
    if chance.random() < 0.06:
        steps.insert(0, Step("reply", claimed * chance.random(), by_citizen=True))
    if waits_for_citizen or chance.random() < 0.13:
        steps.append(Step("ask_completion", min(rest * 0.3, target_days * 0.4)))
        if waits_for_citizen and chance.random() < 0.4:
            return (*steps, Step("closed_without_action", min(lognormal(chance, 100, 0.4), 180)))
        answered = min(lognormal(chance, 80 if waits_for_citizen else 4, 0.9), 240)
        steps.append(Step("complete", answered, by_citizen=True))
    for _ in range(2):
        if chance.random() < 0.16:
            steps.append(Step("reply", rest * 0.5 * chance.random(), by_citizen=True))
            if chance.random() < 0.9:
                steps.append(Step("write", min(lognormal(chance, 0.7, 0.8), 9)))
    drawn = chance.random()
    outcome = "accepted" if drawn < 0.87 else "refused" if drawn < 0.95 else "closed_without_action"
    steps.append(Step(outcome, rest * 0.6))
    return tuple(steps)
