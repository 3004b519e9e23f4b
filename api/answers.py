"""Answers as people read them: the question, the page, and the words of each answer (PURE)."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from api.representations import Answer, Document
from casework.forms.blocks import Answered, ComputedField, Gives, answered
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


def shown(
    form: Form,
    answers: Mapping[str, Any],
    documents: Sequence[Document],
    *,
    locale: str,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Answer, ...]:
    """Every answered question, in the form's order. An answer stays shown even if the form would hide it now."""
    files = {str(each.id): each for each in documents}
    return tuple(
        Answer(
            field=each.path,
            kind=each.field.kind,
            label=_label(each, locale),
            page=each.page.title[locale],
            origin=origins.get(each.path, "given"),  # type: ignore[arg-type] # as casework.dossiers.contents.origins says
            value=each.value,
            shown=_words(each.field, each.value, form, locale),
            documents=tuple(files[id_] for id_ in each.value if id_ in files)
            if isinstance(each.field, AttachmentField)
            else (),
        )
        for each in answered(form, answers)
    )


def _label(each: Answered, locale: str) -> str:
    """The question, with its row where it was asked several times: “Enfant 2 – Prénom”."""
    label = each.field.label[locale]
    return label if each.block is None else f"{each.block.row[locale]} {each.row} – {label}"


def _words(field: Field, value: Any, form: Form, locale: str) -> tuple[str, ...]:
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
        case AttachmentField():
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
