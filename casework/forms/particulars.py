"""What each kind of field has of its own, read from a form's definition (PURE)."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal, cast

from casework.forms.kinds import CENTS
from casework.forms.model import (
    DECIMAL_MAX,
    EARLIEST,
    FILE_MAX,
    FILES_PER_DOSSIER,
    INTEGER_MAX,
    LATEST,
    LONG_TEXT_MAX,
    MEDIA_TYPES,
    TEXT_MAX,
    Choice,
    DateBound,
    LinkedChoice,
)
from casework.forms.rule_language import DIGITS, Known, is_date
from casework.forms.strict import NAME, Reader
from casework.forms.values import is_time

LABEL_MAX = 200
CHOICES_MAX = 100
FIRST_CHOICES_MAX = 30  # of two levels: more is a search, not a list
SHORT_TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}
_BOUND = re.compile(r"today(?:([+-])(\d{1,3})([dmy]))?", re.ASCII)

Particulars = dict[str, Any]  # attributes of the field's class


def read_particulars(kind: str, reader: Reader, known: Mapping[str, Known]) -> Particulars:
    """What fields of this kind have and the others have not; what does not hold is noted in the reader."""
    return _READ[kind](reader, known) if kind in _READ else {}


def _text(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return {"max_length": reader.integer("max_length", least=1, most=TEXT_MAX, optional=True) or TEXT_MAX}


def _long_text(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return {"max_length": reader.integer("max_length", least=1, most=LONG_TEXT_MAX, optional=True) or LONG_TEXT_MAX}


def _integer(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return _range(
        reader, *(reader.integer(key, least=-INTEGER_MAX, most=INTEGER_MAX, optional=True) for key in ("min", "max"))
    )


def _decimal(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    digits = reader.integer("digits", least=1, most=DIGITS, optional=True) or CENTS
    return {"digits": digits, **_numbers(reader, digits)}


def _money(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return _numbers(reader, CENTS)


def _numbers(reader: Reader, digits: int) -> Particulars:
    return _range(reader, *(reader.number(key, most=DECIMAL_MAX, digits=digits) for key in ("min", "max")))


def _range(reader: Reader, least: Any, most: Any) -> Particulars:
    if least is not None and most is not None and least > most:
        reader.fault("max", "empty_range")
    return {"min": least, "max": most}


def _date(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return {**_dates(reader), "not_before": _other_date(reader, known)}


def _time(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return _range(reader, *(_time_bound(reader, key) for key in ("min", "max")))


def _time_bound(reader: Reader, key: str) -> str | None:
    value = reader.get(key, optional=True)
    if value is None or (isinstance(value, str) and is_time(value)):
        return value
    reader.fault(key, "bad_time")
    return None


def _choice(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return {"choices": _choices(reader)}


def _several(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    choices = _choices(reader)
    most = reader.integer("at_most", least=1, most=CHOICES_MAX, optional=True)
    if most is not None and choices and most > len(choices):
        reader.fault("at_most", "out_of_range", least=1, most=len(choices))
    return {"choices": choices, "at_most": most}


def _within(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    within = reader.one_of("within", ("territory", "anywhere"), default="territory")
    return {"within": cast("Literal['territory', 'anywhere']", within)}


def _number_plate(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    return {"foreign": reader.boolean("foreign", default=False)}


def _attachment(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    types = reader.several_of("types", tuple(SHORT_TYPES), default=tuple(SHORT_TYPES))
    megabytes = reader.integer("max_megabytes", least=1, most=FILE_MAX // 2**20, optional=True)
    return {
        "types": tuple(SHORT_TYPES[each] for each in types) or MEDIA_TYPES,
        "max_size": megabytes * 2**20 if megabytes else FILE_MAX,
        "max_count": reader.integer("max_count", least=1, most=FILES_PER_DOSSIER, optional=True) or 1,
    }


def _linked(reader: Reader, known: Mapping[str, Known]) -> Particulars:
    firsts: list[LinkedChoice] = []
    for option in reader.objects("choices", least=2, most=FIRST_CHOICES_MAX):
        value, label = option.slug("value", NAME), option.needed_wording("label", most=LABEL_MAX)
        if value and value in {each.value for each in firsts}:
            option.fault("value", "twice")
        firsts.append(LinkedChoice(value, label, _choices(option, least=1)))
        option.close()
    return {"choices": tuple(firsts)}


def _choices(reader: Reader, *, least: int = 2) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    for option in reader.objects("choices", least=least, most=CHOICES_MAX):
        choice = Choice(option.slug("value", NAME), option.needed_wording("label", most=LABEL_MAX))
        if choice.value and choice.value in {each.value for each in choices}:
            option.fault("value", "twice")
        option.close()
        choices.append(choice)
    return tuple(choices)


def _dates(reader: Reader) -> dict[str, DateBound | None]:
    bounds = {key: _bound(reader, key) for key in ("min", "max")}
    first, last = bounds["min"], bounds["max"]
    # Judged on two days far enough apart: a range that is never empty on both is not a mistake of writing.
    if (
        first
        and last
        and all(first.on(day) > last.on(day) for day in (EARLIEST.replace(year=1950), LATEST.replace(year=2100)))
    ):
        reader.fault("max", "empty_range")
    return bounds


def _other_date(reader: Reader, known: Mapping[str, Known]) -> str | None:
    other = reader.get("not_before", optional=True)
    if other is None:
        return None
    if not isinstance(other, str) or known.get(other, Known("text")).type != "date":
        reader.fault("not_before", "not_such_a_field", kind="date")
        return None
    return other


def _bound(reader: Reader, key: str) -> DateBound | None:
    value = reader.get(key, optional=True)
    if value is None:
        return None
    if isinstance(value, str) and is_date(value) and EARLIEST <= date.fromisoformat(value) <= LATEST:
        return DateBound(day=date.fromisoformat(value))
    found = _BOUND.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[3] == "y" and int(found[2]) > 150):
        reader.fault(key, "bad_bound")
        return None
    if found[1] is None:
        return DateBound()
    return DateBound(
        count=int(found[2]) * (-1 if found[1] == "-" else 1), unit=cast("Literal['d', 'm', 'y']", found[3])
    )


_READ: Mapping[str, Callable[[Reader, Mapping[str, Known]], Particulars]] = {
    "text": _text,
    "long_text": _long_text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
    "time": _time,
    "choice": _choice,
    "choices": _several,
    "linked_choice": _linked,
    "address": _within,
    "point": _within,
    "number_plate": _number_plate,
    "attachment": _attachment,
}
