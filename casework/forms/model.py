"""What a form is: pages of fields (PURE). A published form never changes, so all of it is frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal

from casework.forms.rule_language import Known, Rule

TEXT_MAX = 1_000
LONG_TEXT_MAX = 10_000
EMAIL_MAX = 254  # RFC 5321, 4.5.3.1.3, as erratum 1690 reads it
PHONE_MAX = 40
ADDRESS_LINE_MAX = 200
INTEGER_MAX = 2**53 - 1  # beyond it JSON readers disagree (RFC 8259, 6)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question. `id` is stable: answers, rules and figures name it."""

    kind: ClassVar[str]

    id: str
    label: Wording
    help: Wording | None = None
    required: bool | Rule = False
    visible_if: Rule | None = None
    autocomplete: str | None = None  # what the browser may fill in (HTML, autofill detail tokens; WCAG 2.2, 1.3.5)

    @property
    def known(self) -> dict[str, Known]:
        """What rules may read of the answer, by name."""
        return {self.id: Known("text")}

    @property
    def reads(self) -> frozenset[str]:
        """The earlier answers on which its own verdict hangs, beside its page's rule."""
        rules = (self.visible_if, self.required)
        return frozenset(name for rule in rules if isinstance(rule, Rule) for name in rule.reads)

    @property
    def looks_at_files(self) -> bool:
        """Whether its verdict hangs on what is stored, and not on the answers alone."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField(Field):
    """One line. The answer is a string."""

    kind = "text"
    max_length: int = TEXT_MAX  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTextField(Field):
    """Several lines. The answer is a string with \\n between lines."""

    kind = "long_text"
    max_length: int = LONG_TEXT_MAX  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerField(Field):
    """A whole number, both bounds included."""

    kind = "integer"
    min: int | None = None
    max: int | None = None

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("number")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField(Field):
    """A day, both bounds included. The answer is YYYY-MM-DD."""

    kind = "date"
    min: DateBound | None = None
    max: DateBound | None = None
    not_before: str | None = None  # the id of another date, asked before: a return is not before its departure

    def bounds(self, today: date, answers: Mapping[str, Any]) -> tuple[date | None, date | None]:
        """The first and last day accepted with these normalised answers."""
        other = answers.get(self.not_before) if self.not_before else None
        least = [self.min.on(today)] if self.min else []
        least += [date.fromisoformat(other)] if other else []
        return max(least, default=None), self.max.on(today) if self.max else None

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("date")}

    @property
    def reads(self) -> frozenset[str]:
        return super(DateField, self).reads | ({self.not_before} if self.not_before else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceField(Field):
    """One of a closed list. The answer is its value."""

    kind = "choice"
    choices: tuple[Choice, ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(choice.value for choice in self.choices)

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("text", frozenset(self.values))}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesField(Field):
    """Several of a closed list. The answer is a list of values, each once, in the order of the list."""

    kind = "choices"
    choices: tuple[Choice, ...]
    at_most: int | None = None

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(choice.value for choice in self.choices)

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("list", frozenset(self.values))}


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNoField(Field):
    """The answer is true or false."""

    kind = "yes_no"

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("boolean")}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailField(Field):
    """An e-mail address."""

    kind = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneField(Field):
    """A telephone number, French where it names no country. The answer is kept in E.164: +33549000000."""

    kind = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressField(Field):
    """A postal address: {street, postal_code, citycode} in the community, or {street, postal_code, city} elsewhere.

    `citycode` is the INSEE code. `postal_code` may be left out where the commune has only one.
    """

    kind = "address"
    within: Literal["territory", "anywhere"] = "territory"

    @property
    def known(self) -> dict[str, Known]:
        return {f"{self.id}.citycode": Known("text"), f"{self.id}.postal_code": Known("text")}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommuneField(Field):
    """One of the communes of the community. The answer is its INSEE code."""

    kind = "commune"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentField(Field):
    """Files. The answer is a list of ids of documents that were stored before."""

    kind = "attachment"
    types: tuple[str, ...] = MEDIA_TYPES
    max_size: int = FILE_MAX  # bytes, each
    max_count: int = 1

    @property
    def known(self) -> dict[str, Known]:
        return {}  # no rule looks at files: what is visible never depends on what is stored

    @property
    def looks_at_files(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Field):
    """Words between questions: `label` is the text. It has no answer."""

    kind = "explanation"

    @property
    def known(self) -> dict[str, Known]:
        return {}


KINDS: Mapping[str, type[Field]] = {
    cls.kind: cls
    for cls in (
        TextField, LongTextField, IntegerField, DateField, ChoiceField, ChoicesField, YesNoField, EmailField,
        PhoneField, AddressField, CommuneField, AttachmentField, Explanation,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the form. A page of which no field is visible is left out."""

    id: str
    title: Wording
    fields: tuple[Field, ...]
    visible_if: Rule | None = None


@dataclass(frozen=True)
class Form:
    """Pages in order. A rule reads only the answers of fields that come before its own."""

    pages: tuple[Page, ...]
    communes: Mapping[str, Commune] = field(default_factory=dict)  # of the community, by INSEE code

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
    def asked(self) -> frozenset[str]:
        """The ids of the fields that have an answer."""
        return frozenset(field.id for field in self.fields if not isinstance(field, Explanation))
