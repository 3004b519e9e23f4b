"""Every sentence has its English; French has its spaces; nothing of a template is written outside the catalogue."""

import io
import re
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from casework.forms.check import CODES
from infra.i18n import NARROW, listed, preferred, translator, typographic
from web import wording
from web.render import TEMPLATES, environment

ROOT = Path(__file__).parents[2]
PO = ROOT / "infra/locale/en/LC_MESSAGES/relais.po"
KEYWORDS = {"_": None, "t": None, "gettext": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def _asked() -> Catalog:
    """Every sentence that the code asks for."""
    asked = Catalog()
    for folder in ("web", "workers", "api", "dashboards"):
        methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, methods, keywords=KEYWORDS):
            if message:
                asked.add(message)
    return asked


def _english() -> Catalog:
    return read_po(io.BytesIO(PO.read_bytes()), locale="en", abort_invalid=True)


def test_every_sentence_has_its_english() -> None:
    english = _english()
    missing = []
    for message in _asked():
        found = english.get(_key(message.id)) if message.id else None
        if message.id and (found is None or not _complete(found.string)):
            missing.append(message.id)
    assert missing == []


def test_no_english_is_left_without_its_french() -> None:
    asked = {_key(message.id) for message in _asked()}
    assert [message.id for message in _english() if message.id and _key(message.id) not in asked] == []


def test_translations_keep_the_places_of_names_and_dates() -> None:
    wrong = [
        message.id
        for message in _english()
        if message.id and set(PLACES.findall(str(message.id))) != set(PLACES.findall(str(message.string)))
    ]
    assert wrong == []


def _key(id_: str | tuple[str, ...] | list[str]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


def _complete(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def test_templates_write_no_sentence_outside_the_catalogue() -> None:
    """A word between tags that is no Jinja expression would be French for English readers."""
    bare = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        words = [word for word in re.findall(r"[^\W\d_]{3,}", text) if word not in _ALLOWED]
        bare += [(path.name, word) for word in words]
    assert bare == []


# Names, the two languages by their own names, and attributes that a macro writes outside a tag.
_ALLOWED = {
    "Relais",
    "English",
    "Français",
    "aria",
    "described",
    "describedby",
    "invalid",
    "true",
    "faute",
    "aide",
    "hidden",
    "desk",
    "studio",
    "agent",
    "multiple",
}


def test_every_template_compiles_in_both_languages() -> None:
    names = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")]
    assert len(names) > 10
    for locale in ("fr", "en"):
        for name in names:
            environment(locale).get_template(name)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Que voulez-vous faire ?", f"Que voulez-vous faire{NARROW}?"),
        ("Erreur : non !", f"Erreur{NARROW}: non{NARROW}!"),
        ("« Mes demandes »", f"«{NARROW}Mes demandes{NARROW}»"),
        ("«Bonjour»", f"«{NARROW}Bonjour»"),
        ("http://exemple.fr:8000", "http://exemple.fr:8000"),
        ("25 Mo ; 3 jours", f"25{NARROW}Mo{NARROW}; 3{NARROW}jours"),
    ],
)
def test_french_has_its_narrow_spaces(typed: str, shown: str) -> None:
    assert typographic(typed) == shown
    assert typographic(shown) == shown


def test_days_as_french_writes_them() -> None:
    first, second = date(2026, 12, 1), date(2026, 12, 2)
    french, english = translator("fr"), translator("en")
    assert (french.day(first), french.day(second)) == ("1er\u00a0décembre 2026", "2\u00a0décembre 2026")
    assert (french.short_day(first), french.weekday(first)) == ("1er\u00a0déc. 2026", "mardi 1er\u00a0décembre 2026")
    assert english.day(first) == "1 December 2026"


def test_french_sentences_are_shown_with_narrow_spaces_only() -> None:
    wrong = re.compile(r"[ \u00a0][;:!?»]|« ")
    t = translator("fr")
    assert [m.id for m in _asked() if m.id and wrong.search(t(_key(m.id)))] == []


def test_every_fault_of_a_form_has_a_sentence_in_both_languages() -> None:
    for locale in ("fr", "en"):
        t = translator(locale)
        nothing = wording.fault("there_is_no_such_code", {}, t)
        for code, params in CODES.items():
            given = {name: {"fr": "Non.", "en": "No."} if name == "because" else 3 for name in params}
            sentence = wording.fault(code, given, t)
            assert sentence != nothing, code
            assert "{" not in sentence, code


def test_the_first_language_that_we_speak_wins() -> None:
    assert preferred(None) == "fr"
    assert preferred("en-GB,en;q=0.9,fr;q=0.8") == "en"
    assert preferred("de,fr;q=0.5,en;q=0.4") == "fr"
    assert preferred("en;q=nonsense") == "fr"
    assert listed(["a", "b", "c"], "fr") == "a, b et c"
