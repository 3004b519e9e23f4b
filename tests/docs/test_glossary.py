"""docs/glossary.md cannot lie: its code words are in the code, and every word of the code's closed lists is in it."""

import re

import pytest
from sqlalchemy import CheckConstraint

from casework.continuity.model import absences
from casework.dossiers.model import CHANNELS, STATES
from casework.dossiers.queues import VIEWS
from casework.facts import KINDS
from casework.journal.table import STREAMS
from casework.organisation.model import ROLES
from infra.i18n import translator, typographic
from tests.docs.tables import ROOT, named, rows
from web import wording

DOCUMENT = "glossary.md"
WORDS = wording.of(translator("fr"))
_STATE = next(
    each for each in absences.constraints if isinstance(each, CheckConstraint) and "state in" in str(each.sqltext)
)
_ABSENCES = re.findall(r"'(\w+)'", str(_STATE.sqltext))
LISTS = {
    "States of a dossier": STATES,
    "Queues": VIEWS,
    "Roles": ROLES,
    "Channels": CHANNELS,
    "Absences": _ABSENCES,
    "Streams": STREAMS,
    "What happens": dict.fromkeys(kind.partition(".")[2] for kind in KINDS),
}
SHOWN = {
    "States of a dossier": WORDS.state,
    "Queues": WORDS.view,
    "Roles": WORDS.role,
    "Channels": WORDS.channel,
}


@pytest.mark.parametrize("heading", LISTS)
def test_every_word_of_the_code_has_its_french(heading: str) -> None:
    told = rows(DOCUMENT, heading)
    assert sorted(code for row in told for code in named(row[1])) == sorted(LISTS[heading])
    assert all(french and means.endswith(".") for french, _, means in told)


@pytest.mark.parametrize("heading", SHOWN)
def test_the_french_is_the_one_on_screen(heading: str) -> None:
    for french, code, _ in rows(DOCUMENT, heading):
        assert typographic(french) == SHOWN[heading][named(code)[0]]


def test_every_code_word_is_where_the_glossary_says() -> None:
    told = rows(DOCUMENT, "Things")
    assert len(told) > 20
    for french, code, means, where in told:
        assert french
        assert means.endswith(".")
        (word,), (path,) = named(code), named(where)
        assert re.search(rf"\b{re.escape(word)}\b", (ROOT / path).read_text("utf-8")), f"{word} is not in {path}"


def test_a_word_is_one_thing() -> None:
    words = [named(row[1])[0] for row in rows(DOCUMENT, "Things")]
    assert len(words) == len(set(words))
