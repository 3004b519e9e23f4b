"""Words, dates and numbers in the reader's language. The sentences of the code are French; English is a catalogue.

Sentences are written with ordinary spaces; French typography is laid over what is shown, in one place (`typographic`).
"""

import gettext
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("fr", "en")
DEFAULT = "fr"
NARROW = "\u202f"  # narrow no-break space (Lexique des règles typographiques en usage à l'Imprimerie nationale)
PARIS = ZoneInfo("Europe/Paris")
_CATALOGUES = Path(__file__).parent / "locale"

# A sign that French parts from its word, unless it ends an entity or an address (`http://`, `12:30`, `&nbsp;`).
_BEFORE = re.compile(r"(?<=\S)[ \u00a0]([;:!?»])")
_AFTER = re.compile(r"«[ \u00a0]?(?=\S)")
_UNITS = re.compile(r"(?<=\d) (?=(?:h|Mo|ko|Go|%|€|km|jours?|mois|ans?|octets)\b|[%€])")

Gettext = Callable[[str], str]


def typographic(text: str) -> str:
    """The text with the narrow no-break spaces that French wants before ; : ! ? » and after «; the second time, as is."""
    return _UNITS.sub(NARROW, _AFTER.sub(f"«{NARROW}", _BEFORE.sub(rf"{NARROW}\1", text)))


@dataclass(frozen=True, slots=True)
class Translator:
    """The words of one language. Calling it translates a French sentence."""

    locale: str
    catalogue: gettext.NullTranslations

    def __call__(self, message: str) -> str:
        return self.gettext(message)

    def gettext(self, message: str) -> str:
        """The sentence in this language; as it is where the catalogue lacks it (a check refuses that)."""
        said = self.catalogue.gettext(message) if message else ""
        return typographic(said) if self.locale == "fr" else said

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The sentence that this count asks for: French counts zero as one, English does not."""
        if self.locale == "fr":
            return typographic(one if abs(count) < 2 else many)
        return self.catalogue.ngettext(one, many, count)

    def day(self, at: datetime | date) -> str:
        """“24 novembre 2026”, “1er décembre 2026”."""
        return self._date(at, "d MMMM y")

    def short_day(self, at: datetime | date) -> str:
        """“24 nov. 2026”: for tables."""
        return self._date(at, "d MMM y")

    def weekday(self, at: datetime | date) -> str:
        """“mardi 24 novembre 2026”."""
        return self._date(at, "EEEE d MMMM y")

    def _date(self, at: datetime | date, pattern: str) -> str:
        day = _local_day(at)
        if self.locale == "fr":  # a line never ends between the day and its month; the first alone is an ordinal
            pattern = pattern.replace("d M", "d'er'\u00a0M" if day.day == 1 else "d\u00a0M")
        return dates.format_date(day, pattern, locale=_babel(self.locale))

    def hour(self, at: datetime) -> str:
        """“14 h 02” in French, “14:02” in English: local time of Europe/Paris."""
        local = at.astimezone(PARIS)
        return f"{local.hour}{NARROW}h{NARROW}{local:%M}" if self.locale == "fr" else f"{local:%H:%M}"

    def moment(self, at: datetime) -> str:
        """“24 novembre 2026 à 14 h 02”."""
        return f"{self.day(at)} {'à' if self.locale == 'fr' else 'at'}\u00a0{self.hour(at)}"

    def ago(self, at: datetime, now: datetime) -> str:
        """“il y a 3 minutes”, from the clock `now`."""
        passed = min(at - now, timedelta(seconds=-1))
        return dates.format_timedelta(passed, add_direction=True, threshold=1.2, locale=_babel(self.locale))

    def size(self, octets: int) -> str:
        """“1,4 Mo”."""
        for unit_fr, unit_en, scale in (("Mo", "MB", 1_000_000), ("ko", "kB", 1_000)):
            if octets >= scale:
                amount = numbers.format_decimal(octets / scale, "#,##0.#", locale=_babel(self.locale))
                return f"{amount}{NARROW}{unit_fr if self.locale == 'fr' else unit_en}"
        return f"{octets}{NARROW}{'octets' if self.locale == 'fr' else 'bytes'}"

    def time(self, text: str) -> str:
        """“14 h 02” in French, “14:02” in English, of a time of day written HH:MM."""
        hours, minutes = text.split(":")
        return f"{int(hours)}{NARROW}h{NARROW}{minutes}" if self.locale == "fr" else text

    def number(self, value: float) -> str:
        """“12 345”."""
        return numbers.format_decimal(value, locale=_babel(self.locale))

    def decimal(self, value: float) -> str:
        """“12 345,678901”: every digit, six at most."""
        return numbers.format_decimal(value, "#,##0.######", locale=_babel(self.locale))

    def euros(self, value: float) -> str:
        """“12,50 €” in French, “€12.50” in English."""
        return numbers.format_currency(value, "EUR", locale=_babel(self.locale))

    @property
    def countries(self) -> Mapping[str, str]:
        """The names of the world's territories in this language, by code (ISO 3166-1 alpha-2), as CLDR has them."""
        return _babel(self.locale).territories

    def tenths(self, value: float) -> str:
        """“36,0”: as many decimals in each line of a table."""
        return numbers.format_decimal(value, "#,##0.0", locale=_babel(self.locale))


@cache
def translator(locale: str) -> Translator:
    """The translator of this language, read once a process. An unknown language is French."""
    if locale not in LOCALES or locale == DEFAULT:
        return Translator(DEFAULT, gettext.NullTranslations())
    with (_CATALOGUES / locale / "LC_MESSAGES" / "relais.po").open("rb") as source:
        catalogue = read_po(source, locale=locale, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translator(locale, gettext.GNUTranslations(compiled))


def preferred(accept_language: str | None) -> str:
    """The language of ours that an Accept-Language header asks for first (RFC 9110, 12.5.4); French without one."""
    best, best_weight = DEFAULT, 0.0
    for part in (accept_language or "")[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.split("-")[0].lower()
        try:
            asked = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language in LOCALES and asked > best_weight:
            best, best_weight = language, asked
    return best


def listed(words: Iterable[str], locale: str) -> str:
    """“a, b et c”."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {'et' if locale == 'fr' else 'and'} {items[-1]}"


@cache
def _babel(locale: str) -> Locale:
    return Locale.parse("fr_FR" if locale == "fr" else "en_GB")


def _local_day(at: datetime | date) -> date:
    return at.astimezone(PARIS).date() if isinstance(at, datetime) else at
