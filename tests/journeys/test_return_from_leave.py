"""The absent agent comes back and saves while a colleague takes over: nobody overwrites anybody, no word is lost."""

import asyncio
import re
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from playwright.async_api import expect
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework import access
from casework.access import Viewer
from casework.authority import SYSTEM
from casework.continuity import actions as continuity
from casework.continuity import queries as absences
from casework.continuity.rules import Span
from casework.dossiers import actions, contents
from casework.dossiers.facts import HOLDING, PROGRESS
from casework.errors import NotAllowed, Refused, Stale
from casework.ids import AbsenceId, AccountId, DossierId, Version, new_id
from casework.journal.fact import Recorded
from infra.database import engine as make_engine
from infra.database import reading, transaction
from tests.api.conftest import house, portal
from tests.api.house import act
from tests.api.test_continuity import away
from tests.history import Answered, History, check
from tests.people import Community, Person, settle
from tests.web.conftest import office
from tests.web.desk import Line, Office, is_live

__all__ = ["house", "office", "portal"]  # fixtures


@pytest.mark.timeout(180)
async def test_back_from_leave_his_reply_is_refused_kept_and_both_are_told(office: Office) -> None:
    """Paul's screen slept with a reply in it; Ines took over meanwhile; he clicks « Envoyer »."""
    desk, line = office.house, Line()
    id_, version = await desk.held("paul")
    paul = await office.open("paul", f"/agent/dossiers/{id_}", line=line)
    await is_live(paul)
    await paul.get_by_label("Répondre à l’usager").fill("Bonjour, votre acte")
    await expect(paul.locator("[data-kept]")).to_contain_text("Brouillon enregistré")
    await line.cut()
    await away(desk, desk.community.paul, substitutes=(desk.community.ines,))
    ines_api = await desk.as_("ines")
    await act(ines_api, id_, "take-over", version + 1)
    ines = await office.open("ines", f"/agent/dossiers/{id_}")
    await is_live(ines)
    await expect(ines.get_by_label("Répondre à l’usager")).to_have_value("Bonjour, votre acte")

    # He goes on typing in the screen of before, and sends.
    await paul.get_by_label("Répondre à l’usager").fill("Bonjour, votre acte est prêt.")
    await paul.get_by_role("button", name="Envoyer à l’usager").click()
    await expect(paul.locator("#refus")).to_contain_text(re.compile("Ines Caron"))
    await expect(paul.get_by_label("Votre texte, non envoyé")).to_have_value("Bonjour, votre acte est prêt.")
    assert (await ines_api.get(f"/dossiers/{id_}/messages")).json()["items"] == [], "nothing was sent"
    assert (await ines_api.get(f"/dossiers/{id_}")).json()["holder"]["name"] == "Ines Caron"
    # Ines sees that he is there; what she was handed is as it was.
    line.mend()
    await paul.goto(f"{desk.url}/agent/dossiers/{id_}")
    await is_live(paul)
    await expect(ines.locator("[data-presence]")).to_contain_text("Paul Martin")
    await expect(ines.get_by_label("Répondre à l’usager")).to_have_value("Bonjour, votre acte")
    await check(desk.engine)


# -- five agents of one service, in any order

_MORE = text(
    "insert into accounts (id, kind, email, given_name, family_name) values (:id, 'agent', :email, 'Nora', 'Petit')"
)
_ROLE = text("insert into roles (account_id, role, service_id) values (:id, 'agent', :service)")
HOLDER = -1  # whoever holds the dossier
AGENTS, DOSSIERS = st.sampled_from([0, 1, 2, 3, 4, HOLDER, HOLDER, HOLDER]), st.integers(0, 1)


class FiveAgents(RuleBasedStateMachine):
    """Each acts on what they saw last, which may be long ago. The model knows who holds what, who is away, and what
    each has typed; the database is real, and judged by the history checker in the end."""

    database: str  # set by the test
    loop: asyncio.Runner
    done: Counter[str]  # over all examples, by act
    refused: Counter[str]
    history: History

    @initialize()
    def begin(self) -> None:
        self.engine = make_engine(self.database, pool_size=2)
        self.run(self._begin())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    async def _begin(self) -> None:
        async with transaction(self.engine) as db:
            found = (await db.execute(text("select count(*) from accounts"))).scalar_one()
            if not found:
                type(self).people = await settle(db)
                people = self.people
                type(self).agents = [people.paul, people.ines, people.claire]
                for number in range(2):
                    id_ = AccountId(new_id())
                    await db.execute(_MORE, {"id": id_, "email": f"nora{number}@exemple.fr"})
                    await db.execute(_ROLE, {"id": id_, "service": people.etat_civil})
                    viewer = Viewer(id_, "agent", services=frozenset({people.etat_civil}))
                    self.agents.append(Person(id_, viewer))
            filed = [await self.people.file(db) for _ in range(2)]
        self.history.answered += [Answered.of(fact) for fact in filed]
        self.dossiers = [DossierId(fact.subject_id) for fact in filed]
        self.holder: list[int | None] = [None, None]
        self.origin: list[int | None] = [None, None]  # from whom it was taken over
        self.version = [1, 1]
        self.moved = [1, 1]  # the version of the last fact that changed who holds it
        self.advanced = [1, 1]  # … or how far it is
        self.seen = [[1, 1] for _ in range(5)]
        self.away: dict[int, AbsenceId] = {}
        self.typed: dict[tuple[int, int], str] = {}

    people: Community
    agents: list[Person]

    @rule(
        agent=AGENTS, dossier=DOSSIERS, reloads=st.booleans(), act=st.sampled_from(["claim", "release", "start_review"])
    )
    def move(self, agent: int, dossier: int, reloads: bool, act: str) -> None:
        self.run(self._act(self._who(agent, dossier, reloads), dossier, act))

    @rule(
        agent=AGENTS, dossier=DOSSIERS, reloads=st.booleans(), words=st.sampled_from(["Bonjour", "Il manque une page"])
    )
    def type_and_send(self, agent: int, dossier: int, reloads: bool, words: str) -> None:
        """The reply is kept while it is typed, then sent on what was seen; refused, it is still there."""
        who = self._who(agent, dossier, reloads)
        self.run(self._type(who, dossier, words))
        if self.run(self._act(who, dossier, "post_message", message=words)):
            self.typed.pop((who, dossier), None)

    @rule(agent=AGENTS, dossier=DOSSIERS, to=st.integers(0, 4), reloads=st.booleans())
    def assign(self, agent: int, dossier: int, to: int, reloads: bool) -> None:
        self.run(self._act(self._who(agent, dossier, reloads), dossier, "assign", to=to))

    @rule(agent=AGENTS, dossier=DOSSIERS)
    def leave(self, agent: int, dossier: int) -> None:
        who = self._who(agent, dossier, False)
        if who not in self.away:
            self.run(self._leave(who))

    @rule(agent=st.integers(0, 4), dossier=DOSSIERS)
    def come_back(self, agent: int, dossier: int) -> None:
        """Whoever it was taken over from, or anybody; seeing nothing new: the screen of before is still open."""
        origin = self.origin[dossier]
        who = agent if origin is None else origin
        if who in self.away:
            self.run(self._come_back(who))

    @rule(agent=st.integers(0, 4), dossier=DOSSIERS, reloads=st.booleans())
    def take_over(self, agent: int, dossier: int, reloads: bool) -> None:
        self.run(self._act(self._who(agent, dossier, reloads), dossier, "take_over"))

    @rule(agent=AGENTS, dossier=DOSSIERS, reloads=st.booleans())
    def hand_back(self, agent: int, dossier: int, reloads: bool) -> None:
        self.run(self._act(self._who(agent, dossier, reloads), dossier, "hand_back"))

    @rule(dossier=DOSSIERS, other=st.integers(0, 4))
    def a_whole_leave(self, dossier: int, other: int) -> None:
        """Claimed, examined, taken over, handed back: rarely in this order by chance."""
        self.move(HOLDER, dossier, reloads=True, act="claim")
        self.move(HOLDER, dossier, reloads=True, act="start_review")
        self.leave(HOLDER, dossier)
        self.take_over(other, dossier, reloads=True)
        self.come_back(other, dossier)
        self.hand_back(HOLDER, dossier, reloads=True)

    def _who(self, agent: int, dossier: int, reloads: bool) -> int:
        """The agent, with the page as it is now if it was loaded again, else as they saw it last."""
        holder = self.holder[dossier]
        who = agent if agent != HOLDER else 0 if holder is None else holder
        if reloads:
            self.seen[who][dossier] = self.version[dossier]
        return who

    @invariant()
    def everybody_agrees(self) -> None:
        if hasattr(self, "holder"):
            self.run(self._agree())

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            for agent in tuple(self.away):
                self.run(self._come_back(agent))
            self.run(self.engine.dispose())

    # -- what the rules do, on the database and on the model

    async def _act(self, agent: int, dossier: int, act: str, **how: Any) -> bool:
        who, id_, seen = self.agents[agent], self.dossiers[dossier], self.seen[agent][dossier]
        to = how.pop("to", None)
        if to is not None:
            how["to"] = self.agents[to].id
        try:
            async with transaction(self.engine) as db:
                by = await access.may(db, who.viewer, act, id_)
                done: Recorded = await getattr(actions, act)(db, id_, seen=Version(seen), by=by, **how)
        except Refused as refused:
            self._refused(agent, dossier, act, refused)
            return False
        # The fence: whoever acted had seen everything that matters to the act.
        fence = self.advanced if act == "start_review" else self.moved
        assert seen >= fence[dossier], f"{act} by somebody who had seen version {seen}"
        self.done[act] += 1
        assert done.version == self.version[dossier] + 1
        before = self.holder[dossier]
        self.history.answered.append(Answered.of(done))
        self.version[dossier] = self.seen[agent][dossier] = done.version
        if done.kind in HOLDING:
            self.origin[dossier] = before if act == "take_over" else None
            self.moved[dossier] = done.version
        if done.kind in HOLDING | PROGRESS:
            self.advanced[dossier] = done.version
        if "holder_id" in done.set:
            after = done.set["holder_id"][1]
            self.holder[dossier] = None if after is None else [a.id for a in self.agents].index(AccountId(UUID(after)))
        self._handed_over(dossier, before, self.holder[dossier], act)
        if act == "take_over":
            assert before is not None
            assert before in self.away, "taken over from somebody who is there"
            assert done.on_behalf_of == self.agents[before].id
        return True

    def _refused(self, agent: int, dossier: int, act: str, refused: Refused) -> None:
        """Whoever is refused is told why: what happened since, or who holds it."""
        self.refused[act] += 1
        if isinstance(refused, NotAllowed):
            return
        assert refused.code
        if isinstance(refused, Stale):
            assert refused.facts["facts"], "stale, and nothing says why"
        holder = self.holder[dossier]
        if "held_by" in refused.facts and holder is not None:
            assert refused.facts["held_by"] == self.agents[holder].id

    def _handed_over(self, dossier: int, before: int | None, after: int | None, act: str) -> None:
        """What the one before was typing goes with the dossier, unless the next had begun to type."""
        if act in ("assign", "take_over", "hand_back") and None not in (before, after) and before != after:
            assert before is not None
            assert after is not None
            if (before, dossier) in self.typed and (after, dossier) not in self.typed:
                self.typed[after, dossier] = self.typed.pop((before, dossier))

    async def _type(self, agent: int, dossier: int, words: str) -> None:
        async with transaction(self.engine) as db:
            me, id_ = self.agents[agent].id, self.dossiers[dossier]
            kept = await contents.scratch(db, id_, "reply", me)
            await contents.save_scratch(db, id_, "reply", me, body=words, seen=kept.revision)
        self.typed[agent, dossier] = words

    async def _leave(self, agent: int) -> None:
        who = self.agents[agent]
        async with transaction(self.engine) as db:
            now = (await db.execute(text("select (now() at time zone 'Europe/Paris')::date"))).scalar_one()
            declared = await continuity.declare_absence(
                db, who.id, span=Span(now, "now", now.replace(year=now.year + 1), "pm"), reason="Congés", substitutes=[],
                by=who.as_agent,
            )  # fmt: skip
            self.away[agent] = AbsenceId(declared.subject_id)
            await continuity.begin_absence(db, self.away[agent], by=SYSTEM)
        await self._strike(who)

    async def _come_back(self, agent: int) -> None:
        who = self.agents[agent]
        async with transaction(self.engine) as db:
            await continuity.cancel_absence(db, self.away.pop(agent), by=who.as_agent)
        await self._strike(who)

    async def _strike(self, who: Person) -> None:
        """What the clock does with the dossiers that somebody's absence touches."""
        async with transaction(self.engine) as db:
            for id_ in await absences.touched(db, who.id):
                done = await actions.uncover(db, DossierId(id_), by=SYSTEM)
                if done and done.subject_id in self.dossiers:
                    self.version[self.dossiers.index(DossierId(done.subject_id))] = done.version

    async def _agree(self) -> None:
        async with reading(self.engine) as db:
            for dossier, id_ in enumerate(self.dossiers):
                row = (
                    await db.execute(text("select holder_id, version from dossiers where id = :id"), {"id": id_})
                ).one()
                holder = self.holder[dossier]
                assert row.holder_id == (None if holder is None else self.agents[holder].id)
                assert row.version == self.version[dossier]
                for agent in range(5):
                    typed = await contents.scratch(db, id_, "reply", self.agents[agent].id)
                    assert typed.body == self.typed.get((agent, dossier)), "a word was lost"


def test_five_agents_in_any_order(database_url: str) -> None:
    class Machine(FiveAgents):
        database = database_url
        done, refused, history = Counter[str](), Counter[str](), History(unanswered=0)

    with asyncio.Runner() as loop:
        Machine.loop = loop
        machine = Machine.TestCase
        machine.settings = settings(
            max_examples=30, stateful_step_count=25, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        machine().runTest()
        engine: AsyncEngine = make_engine(database_url)
        loop.run(check(engine, Machine.history))
        loop.run(engine.dispose())
    acts = {"claim", "release", "start_review", "post_message", "assign", "take_over", "hand_back"}
    assert set(Machine.done) == set(Machine.refused) == acts, "each act was done and was refused, or this shows little"
