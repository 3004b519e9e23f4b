"""Texts with places for a dossier's own words: `{{ field }}` (PURE).

A place is a name and nothing else: no expression, no filter, no attribute. What stands there is text, put in once: a
value that looks like a place stays as it is. So a text of a designer reads answers and can do nothing.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from casework.forms.model import Field, Form
from casework.forms.strict import Reader
from infra.i18n import translator

# What there is beside the answers.
ALWAYS = ("reference", "applicant")
_PLACE = re.compile(r"\{\{ ?([a-z][a-z0-9_]*) ?\}\}", re.ASCII)
_SIGNS = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


def _as_written(field: Any, value: Any, locale: str) -> str:
    return str(value)


# The kinds whose answer is a short text of one line, or several, and how it is written.
_WRITTEN: Mapping[str, Callable[[Any, Any, str], str]] = {
    "text": _as_written,
    "long_text": _as_written,
    "integer": _as_written,
    "email": _as_written,
    "phone": _as_written,
    "date": lambda field, value, locale: translator(locale).day(date.fromisoformat(value)),
    "choice": lambda field, value, locale: next(
        (each.label[locale] for each in field.choices if each.value == value), str(value)
    ),
}


def mergeable(form: Form) -> frozenset[str]:
    """The names that a text may hold in places."""
    return frozenset({*ALWAYS, *(each.id for each in form.fields if each.kind in _WRITTEN)})


def check_places(reader: Reader, key: str, text: str, names: Collection[str]) -> None:
    """Note what is no place, and a place for what there is not."""
    if _SIGNS.search(_PLACE.sub("", text)):
        reader.fault(key, "merge_not_a_name")
    for name in _PLACE.findall(text):
        if name not in names:
            reader.fault(key, "merge_unknown", name=name, names=sorted(names))


def words(form: Form, answers: Mapping[str, Any], locale: str, **others: str) -> dict[str, str]:
    """What stands in each place; what was not answered is left out."""
    fields: list[Field] = [each for each in form.fields if each.kind in _WRITTEN and each.id in answers]
    return {**{each.id: _WRITTEN[each.kind](each, answers[each.id], locale) for each in fields}, **others}


def merge(text: str, values: Mapping[str, str]) -> str:
    """The text with each place filled; an ellipsis where there is nothing to put."""
    return _PLACE.sub(lambda place: values.get(place[1], "…"), text)
