"""Answers that a form accepts, for its documentation and for who tries it (PURE)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from casework.forms.blocks import BlockField, row_path
from casework.forms.check import Checked, check
from casework.forms.identifiers import IDENTIFIERS
from casework.forms.judging import Documents
from casework.forms.kinds import (
    AddressField,
    AttachmentField,
    ChoiceField,
    ChoicesField,
    DateField,
    DecimalField,
    DossierField,
    IntegerField,
    LinkedChoiceField,
    LongTextField,
    MoneyField,
    PointField,
    SignatureField,
    TextField,
    TimeField,
    YesNoField,
)
from casework.forms.model import EARLIEST, LATEST, Field, Form

# Fictional by construction: a domain kept for documents (RFC 2606, 3), and a number of the range that ARCEP's plan
# keeps for works of fiction (01 99 00 …).
_EMAIL = "camille.martin@example.org"
_PHONE = "+33199001234"
_TEXTS: Mapping[str, str] = {
    "given-name": "Camille",
    "family-name": "Martin",
    "name": "Camille Martin",
    "organization": "Association des riverains",
    "street-address": "12 rue des Écoles",
}


def example(form: Form, *, today: date, documents: Documents | None = None) -> dict[str, Any]:
    """Answers that `check` accepts on this day, every visible question answered, files left out where they may be.

    Where the form cannot do without a file, `documents` must hold fitting ones; those are used.
    """
    stored = documents or {}
    answers = _fill(form, {}, today, stored)
    checked = check(form, answers, documents=stored, today=today)
    if not checked.faults:
        return dict(checked.answers)
    for chosen in _other_ways(form):
        checked = check(form, _fill(form, chosen, today, stored), documents=stored, today=today)
        if not checked.faults:
            return dict(checked.answers)
    return answers


def _other_ways(form: Form) -> Iterator[dict[str, Any]]:
    """One or two closed questions answered otherwise: a required file is often asked on one answer only."""
    single: list[dict[str, Any]] = []
    for field in form.fields:
        match field:
            case ChoiceField():
                single += [{field.id: value} for value in field.values]
            case ChoicesField():
                single += [{field.id: [value]} for value in field.values]
            case YesNoField():
                single += [{field.id: False}, {field.id: True}]
    yield from single
    for i, first in enumerate(single):
        for second in single[i + 1 :]:
            yield {**first, **second}


def _fill(form: Form, chosen: Mapping[str, Any], today: date, documents: Documents) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for field in form.fields:
        checked = check(form, answers, documents=documents, today=today)
        if field.id not in checked.visible:
            continue
        if isinstance(field, BlockField):
            answers[field.id] = [{} for _ in range(field.least)]
            for index, row in enumerate(answers[field.id]):
                _fill_row(field, row, row_path(field.id, index), answers, form, today, documents)
            continue
        value = chosen[field.id] if field.id in chosen else _value(field, form, today, documents, answers)
        if value is not None and not _left_out(field, field.id, checked):
            answers[field.id] = value
    return answers


def _fill_row(
    block: BlockField,
    row: dict[str, Any],
    where: str,
    answers: dict[str, Any],
    form: Form,
    today: date,
    documents: Documents,
) -> None:
    """Answers to one row, put into it: it is one of `answers` already, which are judged before each question."""
    for field in block.fields:
        checked = check(form, answers, documents=documents, today=today)
        path = f"{where}.{field.id}"
        value = _value(field, form, today, documents, {**answers, **row})
        if path in checked.visible and value is not None and not _left_out(field, path, checked):
            row[field.id] = value


def _left_out(field: Field, path: str, checked: Checked) -> bool:
    """Of files and other dossiers nobody has an example: they are left out where they may be."""
    return isinstance(field, AttachmentField | DossierField) and path not in checked.required


def _value(field: Field, form: Form, today: date, documents: Documents, answers: Mapping[str, Any]) -> Any:
    match field:
        case TextField():
            return _TEXTS.get(field.autocomplete or "", "À préciser")[: field.max_length].strip()
        case LongTextField():
            return "Voici ma demande, avec les précisions utiles."[: field.max_length].strip()
        case IntegerField():
            least = 2 if field.min is None else max(2, field.min)
            return least if field.max is None else min(least, field.max)
        case DecimalField() | MoneyField():
            return _number(field.min, field.max)
        case TimeField():
            return field.min or min("10:00", field.max or "10:00")
        case DateField():
            return _date(field, today, answers).isoformat()
        case ChoiceField():
            return field.values[0]
        case ChoicesField():
            return [field.values[0]]
        case YesNoField():
            return False
        case LinkedChoiceField():
            return {"first": field.choices[0].value, "second": field.choices[0].choices[0].value}
        case AddressField():
            return _address(form)
        case PointField():
            return {"lat": 46.580224, "lon": 0.340375, "words": "Place du Marché"}
        case SignatureField():
            return {"name": "Camille Martin"}
        case AttachmentField():
            fitting = [
                str(id_) for id_, (kind, size) in documents.items() if kind in field.types and size <= field.max_size
            ]
            return fitting[:1] or None
    if field.kind in IDENTIFIERS:
        return IDENTIFIERS[field.kind].example
    return {
        "consent": True,
        "country": "FR",
        "email": _EMAIL,
        "phone": _PHONE,
        "commune": next(iter(form.communes), None),
    }.get(field.kind)


def _number(least: float | None, most: float | None) -> float:
    """A number near twelve and a half, in the one written form."""
    value = max(12.5, least) if least is not None else 12.5
    value = min(value, most) if most is not None else value
    return int(value) if int(value) == value else value


def _date(field: DateField, today: date, answers: Mapping[str, Any]) -> date:
    first, last = field.bounds(today, answers)
    if first is None and last is None:
        return today
    if first is not None and last is not None:
        return first + (last - first) // 2
    near = timedelta(days=30)  # inside the bound, away from its edge
    return min(first + near, LATEST) if first is not None else max((last or today) - near, EARLIEST)


def _address(form: Form) -> dict[str, str] | None:
    commune = max(form.communes.values(), key=lambda each: each.population, default=None)
    if commune is None:
        return None
    return {"street": "12 rue des Écoles", "postal_code": commune.postal_codes[0], "citycode": commune.code}
