"""Every kind of field that a form may have (PURE): what it asks, and what rules may read of its answer.

What a kind is elsewhere: `particulars` reads its own keys, `values` judges an answer, `json_schema` and `example` tell
integrators of it, `api.answers` puts an answer into words, `fields.html` and `web.portal.answers` ask it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from casework.forms.blocks import BlockField, ComputedField
from casework.forms.identifiers import COUNTRIES
from casework.forms.model import (
    FILE_MAX,
    LONG_TEXT_MAX,
    MEDIA_TYPES,
    TEXT_MAX,
    Choice,
    DateBound,
    Field,
    LinkedChoice,
)
from casework.forms.rule_language import Known

CENTS = 2  # digits of an amount of money after the decimal point


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
class DecimalField(Field):
    """A number, both bounds included. The answer is a JSON number with at most `digits` after its point."""

    kind = "decimal"
    digits: int = 2
    min: float | None = None
    max: float | None = None

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("number", decimal=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyField(Field):
    """Euros, both bounds included. The answer is a JSON number with at most two digits after its point."""

    kind = "money"
    min: float | None = None
    max: float | None = None

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("number", decimal=True)}


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
class TimeField(Field):
    """A time of day, both bounds included. The answer is HH:MM (ISO 8601-1, 5.3.1.3)."""

    kind = "time"
    min: str | None = None
    max: str | None = None


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
class LinkedChoiceField(Field):
    """One of a closed list of two levels. The answer is {first, second}."""

    kind = "linked_choice"
    choices: tuple[LinkedChoice, ...]

    @property
    def values(self) -> Mapping[str, frozenset[str]]:
        """Those of the second level, by those of the first."""
        return {choice.value: frozenset(each.value for each in choice.choices) for choice in self.choices}

    @property
    def known(self) -> dict[str, Known]:
        values = self.values
        return {
            f"{self.id}.first": Known("text", frozenset(values)),
            f"{self.id}.second": Known("text", frozenset[str]().union(*values.values())),
        }


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
class CountryField(Field):
    """A country. The answer is its code of two letters (ISO 3166-1 alpha-2)."""

    kind = "country"

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("text", COUNTRIES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiretField(Field):
    """The number of an establishment. The answer is its fourteen digits."""

    kind = "siret"


@dataclass(frozen=True, slots=True, kw_only=True)
class RnaField(Field):
    """The number of an association in the national register. The answer is W and nine signs."""

    kind = "rna"


@dataclass(frozen=True, slots=True, kw_only=True)
class IbanField(Field):
    """A bank account. The answer is its IBAN without spaces."""

    kind = "iban"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPlateField(Field):
    """A vehicle's registration. The answer is AB-123-CD, 123 ABC 86, or what a foreign plate bears."""

    kind = "number_plate"
    foreign: bool = False  # whether plates of other countries are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierField(Field):
    """Another dossier that the person may see. The answer is its reference: 2026-0001234-K.

    Whether there is such a dossier is judged where the request is filed: the form knows no dossier.
    """

    kind = "dossier"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointField(Field):
    """A place on the ground: {lat, lon} in degrees (WGS 84), {words} of who has no coordinates, or all three."""

    kind = "point"
    within: Literal["territory", "anywhere"] = "territory"

    @property
    def known(self) -> dict[str, Known]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureField(Field):
    """A name that one types and, for who can, a drawing: {name, strokes}; see `parts`."""

    kind = "signature"

    @property
    def known(self) -> dict[str, Known]:
        return {}


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
class ConsentField(Field):
    """A box that is ticked. The answer is true, or there is none."""

    kind = "consent"

    @property
    def known(self) -> dict[str, Known]:
        return {self.id: Known("boolean")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation(Field):
    """Words between questions: `label` is the text. It has no answer."""

    kind = "explanation"
    is_asked = False
    has_answer = False

    @property
    def known(self) -> dict[str, Known]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Title(Field):
    """A heading between questions: `label` is the text. It has no answer."""

    kind = "title"
    is_asked = False
    has_answer = False

    @property
    def known(self) -> dict[str, Known]:
        return {}


KINDS: Mapping[str, type[Field]] = {
    cls.kind: cls
    for cls in (
        TextField, LongTextField, IntegerField, DecimalField, MoneyField, DateField, TimeField, ChoiceField,
        ChoicesField, LinkedChoiceField, YesNoField, ConsentField, EmailField, PhoneField, AddressField, CommuneField,
        CountryField, SiretField, RnaField, IbanField, NumberPlateField, DossierField, PointField, SignatureField,
        AttachmentField, BlockField, ComputedField, Title, Explanation,
    )
}  # fmt: skip
