"""One answer as people read it, in their language (PURE)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from casework.forms.blocks import BlockField, ComputedField, Gives
from casework.forms.identifiers import IDENTIFIERS
from casework.forms.kinds import (
    AddressField,
    AttachmentField,
    ChoiceField,
    ChoicesField,
    CommuneField,
    ConsentField,
    CountryField,
    DateField,
    DecimalField,
    LinkedChoiceField,
    MoneyField,
    PointField,
    SignatureField,
    TimeField,
    YesNoField,
)
from casework.forms.model import Field, Form
from infra.i18n import translator

_YES_NO = (("Oui", "Non"), ("Yes", "No"))


def words(field: Field, value: Any, form: Form, locale: str) -> tuple[str, ...]:
    """The answer in words, a line or several; none for files, which are shown by their names, and for rows, of which each
    answer has its own."""
    match field:
        case ChoiceField() | ChoicesField():
            labels = {choice.value: choice.label[locale] for choice in field.choices}
            values = value if isinstance(value, list) else [value]
            return tuple(labels.get(each, str(each)) for each in values)
        case YesNoField():
            return (_YES_NO[locale == "en"][not value],)
        case ComputedField():
            return (_computed(field.gives, value, locale),)
        case ConsentField():
            return (_YES_NO[locale == "en"][0],)
        case DecimalField():
            return (translator(locale).decimal(value),)
        case MoneyField():
            return (translator(locale).euros(value),)
        case DateField():
            return (translator(locale).day(date.fromisoformat(value)),)
        case TimeField():
            return (translator(locale).time(value),)
        case CountryField():
            return (translator(locale).countries.get(value, str(value)),)
        case CommuneField():
            return (form.communes[value].name if value in form.communes else str(value),)
        case LinkedChoiceField():
            return _linked(field, value, locale)
        case PointField():
            return _point(value, locale)
        case SignatureField():
            return (value["name"],)
        case AddressField():
            return _address(value, form)
        case AttachmentField() | BlockField():
            return ()
    if field.kind in IDENTIFIERS:
        return (IDENTIFIERS[field.kind].shown(value),)
    return (str(value),)


def _computed(gives: Gives, value: Any, locale: str) -> str:
    t = translator(locale)
    match gives:
        case "money":
            return t.euros(value)
        case "number":
            return t.decimal(value)
        case "date":
            return t.day(date.fromisoformat(value))
        case "boolean":
            return _YES_NO[locale == "en"][not value]
        case "text":
            return str(value)


def _linked(field: LinkedChoiceField, value: Mapping[str, str], locale: str) -> tuple[str, ...]:
    first = next((each for each in field.choices if each.value == value["first"]), None)
    second = next((each for each in first.choices if each.value == value["second"]), None) if first else None
    return tuple(each.label[locale] for each in (first, second) if each is not None)


def _point(value: Mapping[str, Any], locale: str) -> tuple[str, ...]:
    t = translator(locale)
    place = (" ; " if locale == "fr" else ", ").join(t.decimal(value[part]) for part in ("lat", "lon") if part in value)
    return tuple(line for line in (value.get("words"), place) if line)


def _address(value: Mapping[str, str], form: Form) -> tuple[str, ...]:
    code = value.get("citycode", "")
    city = form.communes[code].name if code in form.communes else value.get("city", code)
    return value.get("street", ""), f"{value.get('postal_code', '')} {city}".strip()
