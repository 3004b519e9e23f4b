"""Texts with places for a dossier's own words: `{{ field }}` (PURE).

A place is a name and nothing else: no expression, no filter, no attribute. What stands there is text, put in once: a
value that looks like a place stays as it is. So a text of a designer reads answers and can do nothing.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from casework.forms.model import Form
from casework.forms.strict import Reader
from casework.forms.words import words as in_words

# What there is beside the answers.
ALWAYS = ("reference", "applicant")
_PLACE = re.compile(r"\{\{ ?([a-z][a-z0-9_]*) ?\}\}", re.ASCII)
_SIGNS = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
_NO_WORDS = ("attachment", "block")  # files and rows


def mergeable(form: Form) -> frozenset[str]:
    """The names that a text may hold in places."""
    return frozenset({*ALWAYS, *(each.id for each in form.fields if each.has_answer and each.kind not in _NO_WORDS)})


def check_places(reader: Reader, key: str, text: str, names: Collection[str]) -> None:
    """Note what is no place, and a place for what there is not."""
    if _SIGNS.search(_PLACE.sub("", text)):
        reader.fault(key, "merge_not_a_name")
    for name in _PLACE.findall(text):
        if name not in names:
            reader.fault(key, "merge_unknown", name=name, names=sorted(names))


def words(form: Form, answers: Mapping[str, Any], locale: str, **others: str) -> dict[str, str]:
    """What stands in each place; what was not answered is left out."""
    fields = [each for each in form.fields if each.kind not in _NO_WORDS and each.id in answers]
    said = {each.id: ", ".join(in_words(each, answers[each.id], form, locale)) for each in fields}
    return {**said, **others}


def merge(text: str, values: Mapping[str, str]) -> str:
    """The text with each place filled; an ellipsis where there is nothing to put."""
    return _PLACE.sub(lambda place: values.get(place[1], "…"), text)
