"""Every sentence of the doors is in the English catalogue, with the same placeholders, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.problems import TABLE
from infra.i18n import typographic
from tests.languages import says

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = ROOT / "infra/locale/en/LC_MESSAGES/relais.po"
DOORS = ("api", "web", "workers", "dashboards", "cli", "infra")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
KEYWORDS = {"_": None, "t": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


def _sentences() -> Iterator[tuple[str, str]]:
    """Each French sentence and where it stands; of a plural, the singular."""
    for door in DOORS:
        found = extract_from_dir(
            ROOT / door, METHODS, {"**": {"trimmed": "true", "newstyle_gettext": "true"}}, KEYWORDS
        )
        for file, line, message, *_ in found:
            yield (message if isinstance(message, str) else message[0]), f"{door}/{file}:{line}"


def _catalogue() -> dict[str, Message]:
    with CATALOGUE.open("rb") as file:
        messages = read_po(file, locale="en")
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): message for message in messages if message.id
    }


def _forms(value: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def test_every_sentence_is_translated() -> None:
    known = _catalogue()
    sentences = list(_sentences())
    assert len(sentences) > 20, "nothing was extracted"
    missing = [
        f"{where}: {french}"
        for french, where in sentences
        if french not in known or not all(_forms(known[french].string))
    ]
    assert not missing, "\n".join(missing)


def test_no_sentence_hides_in_an_f_string() -> None:
    """Extraction does not look there: the sentence would stay French for everybody."""
    hidden = []
    for path in (path for door in DOORS for path in sorted((ROOT / door).rglob("*.py"))):
        for made in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)):
            for call in (node for node in ast.walk(made) if isinstance(node, ast.Call)):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                if name in KEYWORDS:
                    hidden.append(f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}")
    assert not hidden


@pytest.mark.parametrize("code", TABLE)
def test_every_problem_has_its_title_in_both_languages(code: str) -> None:
    told = TABLE[code]
    assert told.fr
    assert told.en
    assert told.fr == typographic(told.fr)
    assert not says(told.fr, "en")
    assert not says(told.en, "fr")


def test_no_translation_is_in_the_other_language() -> None:
    wrong = [
        french for french, message in _catalogue().items() if any(says(each, "fr") for each in _forms(message.string))
    ]
    assert not wrong
    assert not [french for french, message in _catalogue().items() if says(" ".join(_forms(message.id)), "en")]


def test_no_translation_is_doubtful() -> None:
    assert not [french for french, message in _catalogue().items() if message.fuzzy]


def test_translations_keep_the_placeholders() -> None:
    for french, message in _catalogue().items():
        expected = set(_PLACEHOLDER.findall(" ".join(_forms(message.id))))
        got = set(_PLACEHOLDER.findall(" ".join(_forms(message.string))))
        assert got == expected, french


def test_the_catalogue_has_nothing_that_nobody_says() -> None:
    said = {french for french, _ in _sentences()}
    assert not sorted(set(_catalogue()) - said)
