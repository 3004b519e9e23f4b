"""One answer: its type, its bounds, its one written form (PURE). Normalising twice changes nothing.

The answers that are made of parts are judged in `parts`."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from casework.forms import parts
from casework.forms.identifiers import COUNTRIES, IDENTIFIERS, BadNumber, any_plate
from casework.forms.judging import Context, Documents, Fault, characters, is_given, string
from casework.forms.kinds import (
    CENTS,
    AttachmentField,
    ChoiceField,
    ChoicesField,
    CommuneField,
    ConsentField,
    CountryField,
    DateField,
    DecimalField,
    EmailField,
    IntegerField,
    LongTextField,
    MoneyField,
    NumberPlateField,
    PhoneField,
    TextField,
    TimeField,
    YesNoField,
)
from casework.forms.model import (
    DECIMAL_MAX,
    EARLIEST,
    EMAIL_MAX,
    IDENTIFIER_MAX,
    INTEGER_MAX,
    LATEST,
    PHONE_MAX,
    Field,
)
from casework.forms.rule_language import is_date

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)


def is_answer(field: Field, value: Any) -> bool:
    """Whether this answers the field: a box that is not ticked says nothing."""
    return is_given(value) and not (value is False and isinstance(field, ConsentField))


def is_time(text: str) -> bool:
    """Whether this text is a time of day, HH:MM and nothing else (ISO 8601-1, 5.3.1.3)."""
    return _TIME.fullmatch(text) is not None


def normalised(field: Field, value: Any, context: Context) -> Any:
    """The answer's one written form. `value` is one (is_answer). Raises Fault, and nothing else whatever the JSON."""
    return _NORMALISE[field.kind](field, value, context)


def _text(field: TextField, value: Any, context: Context) -> str:
    return characters(value, field.max_length)


def _long_text(field: LongTextField, value: Any, context: Context) -> str:
    return characters(value, field.max_length, lines=True)


def _integer(field: IntegerField, value: Any, context: Context) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema calls 8.0 an integer
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault("wrong_type", expected="integer")
    least = -INTEGER_MAX if field.min is None else field.min
    most = INTEGER_MAX if field.max is None else field.max
    if value < least:
        raise Fault("too_small", least=least)
    if value > most:
        raise Fault("too_big", most=most)
    return value


def _decimal(field: DecimalField, value: Any, context: Context) -> float:
    return _number(value, field.min, field.max, field.digits)


def _money(field: MoneyField, value: Any, context: Context) -> float:
    return _number(value, field.min, field.max, CENTS)


def _number(value: Any, least: float | None, most: float | None, digits: int) -> float:
    """The number, written as a whole one where it is one. Never rounded: who gives too many digits is told so."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Fault("wrong_type", expected="number")
    least = -DECIMAL_MAX if least is None else least
    most = DECIMAL_MAX if most is None else most
    if value < least:
        raise Fault("too_small", least=least)
    if value > most:
        raise Fault("too_big", most=most)
    if round(value, digits) != value:
        raise Fault("too_many_decimals", most=digits)
    return int(value) if int(value) == value else value


def cents(value: Any) -> float:
    """An amount that was calculated, to the nearest cent; half a cent counts as one."""
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-CENTS), ROUND_HALF_UP)
    return int(exact) if exact == int(exact) else float(exact)


def _date(field: DateField, value: Any, context: Context) -> str:
    text = string(value, "date").strip()
    if not is_date(text):
        raise Fault("bad_date")
    day = date.fromisoformat(text)
    least, most = field.bounds(context.today, context.answers)
    least, most = least or EARLIEST, most or LATEST
    if day < least:
        raise Fault("too_early", least=least.isoformat())
    if day > most:
        raise Fault("too_late", most=most.isoformat())
    return text


def _time(field: TimeField, value: Any, context: Context) -> str:
    text = string(value, "time").strip()
    if not is_time(text):
        raise Fault("bad_time")
    if field.min is not None and text < field.min:
        raise Fault("time_too_early", least=field.min)
    if field.max is not None and text > field.max:
        raise Fault("time_too_late", most=field.max)
    return text


def _choice(field: ChoiceField, value: Any, context: Context) -> str:
    text = string(value, "text")
    if text not in field.values:
        raise Fault("not_a_choice")
    return text


def _choices(field: ChoicesField, value: Any, context: Context) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Fault("wrong_type", expected="list")
    chosen = set(value)
    if chosen - set(field.values):
        raise Fault("not_a_choice")
    if field.at_most is not None and len(chosen) > field.at_most:
        raise Fault("too_many", most=field.at_most)
    return [known for known in field.values if known in chosen]


def _yes_no(field: YesNoField, value: Any, context: Context) -> bool:
    if not isinstance(value, bool):
        raise Fault("wrong_type", expected="boolean")
    return value


def _email(field: EmailField, value: Any, context: Context) -> str:
    text = characters(value, EMAIL_MAX)
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Fault("bad_email") from error


def _phone(field: PhoneField, value: Any, context: Context) -> str:
    text = characters(value, PHONE_MAX)
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException as error:
        raise Fault("bad_phone") from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise Fault("bad_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _commune(field: CommuneField, value: Any, context: Context) -> str:
    code = string(value, "commune").strip()
    if code not in context.form.communes:
        raise Fault("not_a_commune")
    return code


def _country(field: CountryField, value: Any, context: Context) -> str:
    code = string(value, "country").strip().upper()
    if code not in COUNTRIES:
        raise Fault("not_a_country")
    return code


def _identifier(field: Field, value: Any, context: Context) -> str:
    text = characters(value, IDENTIFIER_MAX)
    read = any_plate if isinstance(field, NumberPlateField) and field.foreign else IDENTIFIERS[field.kind].read
    try:
        return read(text)
    except BadNumber as error:
        raise Fault(f"bad_{field.kind}") from error


def _consent(field: ConsentField, value: Any, context: Context) -> bool:
    if value is not True:
        raise Fault("wrong_type", expected="boolean")
    return True


def _attachment(field: AttachmentField, value: Any, context: Context) -> list[str]:
    if not isinstance(value, list | tuple):
        raise Fault("wrong_type", expected="list")
    if len(value) > field.max_count:
        raise Fault("too_many", most=field.max_count)
    ids = [_document_id(item) for item in value]
    if len(set(ids)) < len(ids):
        raise Fault("twice")
    for id_ in ids:
        if id_ not in context.documents:
            raise Fault("unknown_document")
        media_type, size = context.documents[id_]
        if media_type not in field.types:
            raise Fault("wrong_media_type", types=list(field.types))
        if size > field.max_size:
            raise Fault("file_too_big", most=field.max_size)
    return [str(id_) for id_ in ids]


def _document_id(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(string(value, "document"))
    except ValueError as error:
        raise Fault("unknown_document") from error


_NORMALISE: Mapping[str, Callable[[Any, Any, Context], Any]] = {
    "text": _text,
    "long_text": _long_text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
    "time": _time,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "consent": _consent,
    "email": _email,
    "phone": _phone,
    "address": parts.address,
    "linked_choice": parts.linked_choice,
    "point": parts.point,
    "signature": parts.signature,
    "commune": _commune,
    "country": _country,
    **dict.fromkeys(IDENTIFIERS, _identifier),
    "attachment": _attachment,
}


def total(documents: Documents, ids: Sequence[str]) -> tuple[int, int]:
    """How many files these are, and how many bytes together; a file named twice counts once."""
    once = {UUID(id_) for id_ in ids}
    return len(once), sum(documents[id_][1] for id_ in once)
