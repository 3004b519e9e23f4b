"""What a form is: pages of fields (PURE). A published form never changes, so all of it is frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar, Literal

from casework.forms.rule_language import Known, Rule

TEXT_MAX = 1_000
LONG_TEXT_MAX = 10_000
EMAIL_MAX = 254  # RFC 5321, 4.5.3.1.3, as erratum 1690 reads it
PHONE_MAX = 40
NAME_MAX = 100  # of who signs
DRAWING_WIDTH, DRAWING_HEIGHT = 600, 200  # of the square on which one signs
ROWS_MAX = 20  # of a block
POINTS_MAX = 2_000  # of one drawing
IDENTIFIER_MAX = 60  # as typed, with spaces; an IBAN has at most 34 signs (ISO 13616-1)
ADDRESS_LINE_MAX = 200
INTEGER_MAX = 2**53 - 1  # beyond it JSON readers disagree (RFC 8259, 6)
DECIMAL_MAX = 999_999_999  # with six decimals, still the fifteen digits that a JSON number keeps (RFC 8259, 6)
EARLIEST, LATEST = date(1850, 1, 1), date(2150, 12, 31)

MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")
FILE_MAX = 25 * 1024 * 1024  # bytes
FILES_PER_DOSSIER = 20
BYTES_PER_DOSSIER = 100 * 1024 * 1024

LANGUAGES = ("fr", "en")
Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence in both languages."""

    fr: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.fr


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the community."""

    code: str  # INSEE
    name: str
    postal_codes: tuple[str, ...]
    population: int = 0  # inhabitants (population municipale)


@dataclass(frozen=True, slots=True)
class DateBound:
    """A date, or a distance from today: `unit` d, m or y, `count` below zero for the past."""

    day: date | None = None
    count: int = 0
    unit: Literal["d", "m", "y"] = "d"

    def on(self, today: date) -> date:
        """The bound, judged on this local date. A 29 February with no like falls on the 28."""
        if self.day is not None:
            return self.day
        if self.unit == "d":
            return today + timedelta(days=self.count)
        months = today.year * 12 + today.month - 1 + self.count * (12 if self.unit == "y" else 1)
        year, month = divmod(months, 12)
        for last in (today.day, 30, 29, 28):
            try:
                return date(year, month + 1, min(today.day, last))
            except ValueError:
                continue
        raise AssertionError("every month has 28 days")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers of a closed list. `value` is stored and never changes; `label` is shown."""

    value: str
    label: Wording


@dataclass(frozen=True, slots=True)
class LinkedChoice(Choice):
    """A choice of the first level, and those under it."""

    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the earth, in degrees (WGS 84), its edges included."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. `id` is stable: answers, rules and figures name it."""

    kind: ClassVar[str]
    is_asked: ClassVar[bool] = True  # whether the person answers it
    has_answer: ClassVar[bool] = True  # words between questions are fields too, and have none

    id: str
    label: Wording
    help: Wording | None = None
    required: bool | Rule = False
    visible_if: Rule | None = None
    autocomplete: str | None = None  # what the browser may fill in (HTML, autofill detail tokens; WCAG 2.2, 1.3.5)
    remember: bool = False  # proposed again to who files this procedure a second time

    @property
    def known(self) -> dict[str, Known]:
        """What rules may read of the answer, by name."""
        return {self.id: Known("text")}

    @property
    def reads(self) -> frozenset[str]:
        """The earlier answers on which its own verdict hangs, beside its page's rule."""
        return frozenset(name for rule in self.rules for name in rule.reads)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of its own."""
        return tuple(rule for rule in (self.visible_if, self.required) if isinstance(rule, Rule))

    @property
    def looks_at_files(self) -> bool:
        """Whether its verdict hangs on what is stored, and not on the answers alone."""
        return False


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the form. A page of which no field is visible is left out."""

    id: str
    title: Wording
    fields: tuple[Field, ...]
    visible_if: Rule | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Whom the procedure is not for: `because` is told as soon as the answers say so, and the request cannot be filed."""

    refuse_if: Rule
    because: Wording


@dataclass(frozen=True)
class Form:
    """Pages in order. A rule reads only the answers of fields that come before its own."""

    pages: tuple[Page, ...]
    communes: Mapping[str, Commune] = field(default_factory=dict)  # of the community, by INSEE code
    conditions: tuple[Condition, ...] = ()

    @property
    def fields(self) -> Iterator[Field]:
        for page in self.pages:
            yield from page.fields

    def field(self, id_: str) -> Field | None:
        return next((field for field in self.fields if field.id == id_), None)

    @cached_property
    def reads(self) -> Mapping[str, frozenset[str]]:
        """By field: the earlier answers on which its verdict hangs."""
        return {field.id: field.reads for field in self.fields}

    @cached_property
    def answered(self) -> frozenset[str]:
        """The ids of the fields that have an answer."""
        return frozenset(field.id for field in self.fields if field.has_answer)
