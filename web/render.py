"""Templates, made ready once for each language. Autoescape is on for every one of them, whatever its name."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from casework.dossiers.search import fold
from casework.forms.identifiers import COUNTRIES
from infra.i18n import DEFAULT, PARIS, Translator, translator, typographic
from web import static_files, wording

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(locale: str) -> Environment:
    """The templates in this language. A name that a template misspells raises: it is never shown as nothing."""
    t = translator(locale)
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_callables(t.gettext, t.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "day": t.day,
        "last_day": lambda at: t.day(last_day(at)),
        "short_last_day": lambda at: t.short_day(last_day(at)),
        "until": lambda at: until(at, t),
        "date_of": lambda text: t.day(date.fromisoformat(text)),
        "short_day": t.short_day,
        "weekday": t.weekday,
        "hour": t.hour,
        "moment": t.moment,
        "size": t.size,
        "number": t.number,
        "euros": lambda cents: t.euros(cents / 100),
        "json": lambda value: msgspec.json.encode(value).decode(),
        "typed": lambda value: typed(value, t),
        "accepted": lambda type_: "application/pdf" if type_ == "pdf" else f"image/{type_}",
        "initials": initials,
        "said": lambda words: said(words, t),
        "typographic": lambda text: typographic(text) if locale == DEFAULT else text,
    }
    made.globals |= {"static": static_files.path_of, "icon": icon, "t": t, "lang": locale, "words": wording.of(t)}
    return made


def page(template: str, locale: str, context: Mapping[str, Any]) -> str:
    """The HTML of a page."""
    return environment(locale).get_template(template).render(context)


def icon(name: str) -> Markup:
    """A picture beside words: it says nothing by itself, so readers of the page aloud pass over it."""
    sprite = static_files.path_of("icons.svg")
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )


def initials(name: str) -> str:
    """“PM” for Paul Martin."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def said(words: Mapping[str, str], t: Translator) -> str:
    """A text kept in both languages, in the reader's."""
    text = words.get(t.locale) or words.get(DEFAULT, "")
    return typographic(text) if t.locale == DEFAULT else text


@cache
def countries(t: Translator) -> tuple[tuple[str, str], ...]:
    """Code and name of every country, in the order of the reader's dictionary."""
    named = [(code, t.countries[code]) for code in COUNTRIES]
    return tuple(sorted(named, key=lambda each: fold(each[1])))


def typed(value: Any, t: Translator) -> str:
    """An answer in the text box where it was typed: a number with the reader's decimal sign, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, float):
        text = f"{value:.12f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if t.locale == DEFAULT else text
    return str(value)


def until(ends_at: datetime, t: Translator) -> str:
    """The last half-day of an absence: “27 nov. 2026”, or “27 nov. 2026 midi” when its afternoon is worked."""
    local = ends_at.astimezone(PARIS)
    if (local.hour, local.minute) == (12, 30):
        noon = t.gettext("midi")
        return f"{t.short_day(ends_at)} {noon}"
    return t.short_day(last_day(ends_at))


def last_day(due_at: datetime) -> date:
    """The last day on which an answer is in time: a deadline is the midnight that ends it (casework.terms.due_at)."""
    return (due_at - timedelta(seconds=1)).astimezone(PARIS).date()
