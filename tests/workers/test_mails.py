"""From a fact to a mail in a real SMTP server, through a real relay and a real worker."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.authority import SYSTEM
from casework.continuity import actions as continuity
from casework.continuity.rules import Span
from casework.dossiers import actions
from casework.ids import AbsenceId, DossierId, Version
from casework.journal import read
from casework.process import actions as process
from casework.terms import PARIS
from infra.database import reading, transaction
from tests.languages import OTHER, says
from tests.people import Community, version_of
from tests.processes import PROCESS, publish_process
from tests.workers.conftest import Processes, Sink, all_done, effects_in, until
from workers.jobs.mails import BUILDERS, Addressed
from workers.reactions import effects_of

GREETING = {
    "id": "greeting",
    "on": "submitted",
    "do": {"mail": {"subject": {"fr": "Votre demande {{ reference }}", "en": "Your request {{ reference }}"},
                    "body": {"fr": "Nous sommes avec vous.", "en": "We are with you."}}},
}  # fmt: skip
REMINDED = {"id": "reminded", "on": "arrival", "do": {"remind": "holder"}}


async def test_a_filed_request_gives_exactly_one_receipt(
    engine: AsyncEngine, community: Community, sink: Sink, processes: Processes
) -> None:
    async with transaction(engine) as db:
        filed = await community.file(db)
        row = (await db.execute(text("select reference, due_at from dossiers"))).one()
    await processes.ready("worker")
    await processes.ready("relay")
    await until(partial(all_done, engine, 1), seconds=20)
    (mail,) = sink.mails
    assert mail["To"] == "amina@exemple.fr"
    assert mail["From"] == "ne-pas-repondre@relais.example"
    assert mail["Subject"] == f"Votre demande {row.reference} est bien reçue"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    assert mail["Message-ID"] == (await effects_in(engine))[0].message_id
    text_part, html_part = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text_part is not None
    assert html_part is not None
    for part in (text_part.get_content(), html_part.get_content()):
        for said in ("Bonjour Amina Benali,", row.reference, "Acte de naissance", "État civil"):
            assert said in part
        assert f"https://relais.example/dossiers/{filed.subject_id}" in part
    assert "Réponse attendue au plus tard le\u202f: " in text_part.get_content()


async def test_each_step_that_the_citizen_is_told_of_gives_a_mail_and_says_nothing_of_what_was_written(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    paul, secret = community.paul.as_agent, "un mot que personne ne lit"
    async with transaction(engine) as db:
        filed = await community.file(db)
        dossier = DossierId(filed.subject_id)
        seen = version_of(filed)
        seen = version_of(await actions.claim(db, dossier, seen=seen, by=paul))
        seen = version_of(await actions.start_review(db, dossier, seen=seen, by=paul))
        seen = version_of(await actions.post_message(db, dossier, message=secret, seen=seen, by=paul))
        seen = version_of(await actions.ask_completion(db, dossier, reason=secret, seen=seen, by=paul))
        amina = community.amina.as_citizen
        seen = version_of(await actions.complete(db, dossier, message=secret, documents=(), seen=seen, by=amina))
        seen = version_of(await actions.post_message(db, dossier, message=secret, seen=seen, by=amina))
        await actions.decide(db, dossier, outcome="refused", reason=secret, seen=seen, by=paul)
        other = DossierId((await community.file(db)).subject_id)
        await actions.reroute(db, other, to=community.voirie, reason=secret, seen=Version(1), by=paul)
    await until(partial(all_done, engine, 6), seconds=20)
    assert sorted(effect.name for effect in await effects_in(engine)) == [
        "mail.completion-asked", "mail.decided", "mail.message", "mail.receipt", "mail.receipt", "mail.rerouted",
    ]  # fmt: skip
    assert len(sink.mails) == 6
    for raw in sink.accepted:
        assert secret.encode() not in raw
        assert b"refus" not in raw


async def test_without_an_account_the_mail_points_to_the_tracking_page(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    async with transaction(engine) as db:
        await community.file(db)
        await db.execute(text("update dossiers set citizen_id = null"))
    await until(partial(all_done, engine, 1), seconds=20)
    part = sink.mails[0].get_body(("plain",))
    assert part is not None
    assert "https://relais.example/suivre" in part.get_content()
    assert "code de suivi" in part.get_content()


async def test_in_the_language_of_the_account(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    async with transaction(engine) as db:
        await community.file(db)
        await db.execute(text("update accounts set locale = 'en' where email = 'amina@exemple.fr'"))
    await until(partial(all_done, engine, 1), seconds=20)
    (mail,) = sink.mails
    assert mail["Content-Language"] == "en"
    assert "has been received" in mail["Subject"]


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_each_mail_is_in_one_language(engine: AsyncEngine, community: Community, language: str) -> None:
    paul, today = community.paul.as_agent, datetime.now(PARIS).date()
    async with transaction(engine) as db:
        await db.execute(text("update accounts set locale = :language"), {"language": language})
        held = DossierId((await community.file(db)).subject_id)
        filed = await community.file(db)
        dossier = DossierId(filed.subject_id)
        for each in (held, dossier):
            await actions.claim(db, each, seen=version_of(filed), by=paul)
        other = DossierId((await community.file(db)).subject_id)
        await actions.reroute(db, other, to=community.voirie, reason="x", seen=Version(1), by=paul)
        seen = version_of(await actions.start_review(db, dossier, seen=Version(2), by=paul))
        seen = version_of(await actions.post_message(db, dossier, message="x", seen=seen, by=paul))
        seen = version_of(await actions.ask_completion(db, dossier, reason="x", seen=seen, by=paul))
        await actions.decide(db, dossier, outcome="refused", reason="x", seen=seen, by=paul)
        await db.execute(text("update procedures set quota = 10"))
        await db.execute(text("update dossiers set waiting_since = now() where id = :id"), {"id": held})
        await actions.give_place(db, held, by=SYSTEM)
        declared = await continuity.declare_absence(
            db, community.paul.id, span=Span(today, "now", today + timedelta(days=2), "pm"), reason="x",
            substitutes=[community.ines.id], by=paul,
        )  # fmt: skip
        absence = AbsenceId(declared.subject_id)
        await continuity.begin_absence(db, absence, by=SYSTEM)
        await actions.uncover(db, held, by=SYSTEM)
        at = await publish_process(db, community, {**PROCESS, "automatic": [GREETING, REMINDED]})
        stepped = DossierId((await community.file(db, at=at)).subject_id)
        for _ in ("mail", "remind"):
            await process.advance(db, stepped, by=SYSTEM)
    built = await _letters(engine, {})
    async with transaction(engine) as db:
        await continuity.cancel_absence(db, absence, by=paul)
    built = await _letters(engine, built)
    assert set(built) == set(BUILDERS)
    begun = built["mail.absence-begun"].letter
    assert (begun.link or ("", ""))[1] == "https://relais.example/agent/files/to-take-over"
    for effect, told in built.items():
        assert told.language == language
        letter = told.letter
        link = letter.link[0] if letter.link else ""
        words = [
            letter.subject,
            *letter.paragraphs,
            *(part for fact in letter.facts for part in fact),
            link,
            *letter.closing,
        ]
        assert any(says(each, language) for each in words), effect
        assert not [each for each in words if says(each, OTHER[language])], effect


async def _letters(engine: AsyncEngine, before: dict[str, Addressed]) -> dict[str, Addressed]:
    """Each mail that the journal causes now, by its effect's name."""
    built = dict(before)
    async with reading(engine) as db:
        for fact in (await read.after(db, read.START)).facts:
            for effect in effects_of(fact):
                told = await BUILDERS[effect](db, fact, "https://relais.example")
                if isinstance(told, Addressed):
                    built[effect] = told
    return built


async def test_nobody_to_write_to_is_an_end_too(
    engine: AsyncEngine, community: Community, sink: Sink, running: None
) -> None:
    async with transaction(engine) as db:
        await community.file(db)
        await db.execute(text("update dossiers set applicant_email = null"))
        await db.execute(text("update accounts set email = null where email = 'amina@exemple.fr'"))
    await until(partial(all_done, engine, 1), seconds=20)
    assert sink.accepted == []
    assert (await effects_in(engine))[0].last_error == "no address to write to"
