"""Answers as people read them: the question, the page, and the words of each answer (PURE)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from api.representations import Answer, Document
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
            field=field.id,
            kind=field.kind,
            label=field.label[locale],
            page=page,
            origin=origins.get(field.id, "given"),  # type: ignore[arg-type] # as casework.dossiers.contents.origins says
            value=answers[field.id],
            shown=_words(field, answers[field.id], form, locale),
            documents=tuple(files[id_] for id_ in answers[field.id] if id_ in files)
            if isinstance(field, AttachmentField)
            else (),
        )
        for page, field in _fields(form, locale)
        if field.id in answers
    )


def _fields(form: Form, locale: str) -> Iterator[tuple[str, Field]]:
    for page in form.pages:
        for field in page.fields:
            yield page.title[locale], field


def _words(field: Field, value: Any, form: Form, locale: str) -> tuple[str, ...]:
    match field:
        case ChoiceField() | ChoicesField():
            labels = {choice.value: choice.label[locale] for choice in field.choices}
            values = value if isinstance(value, list) else [value]
            return tuple(labels.get(each, str(each)) for each in values)
        case YesNoField():
            return (_YES_NO[locale == "en"][not value],)
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


def _linked(field: LinkedChoiceField, value: Mapping[str, str], locale: str) -> tuple[str, ...]:
    first = next((each for each in field.choices if each.value == value["first"]), None)
    second = next((each for each in first.choices if each.value == value["second"]), None) if first else None
    return tuple(each.label[locale] for each in (first, second) if each is not None)


def _point(value: Mapping[str, Any], locale: str) -> tuple[str, ...]:
    t = translator(locale)
    place = " ; ".join(t.decimal(value[part]) for part in ("lat", "lon") if part in value)
    return tuple(line for line in (value.get("words"), place) if line)


def _address(value: Mapping[str, str], form: Form) -> tuple[str, ...]:
    code = value.get("citycode", "")
    city = form.communes[code].name if code in form.communes else value.get("city", code)
    return value.get("street", ""), f"{value.get('postal_code', '')} {city}".strip()
