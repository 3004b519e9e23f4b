"""A form as a browser posts it: text boxes into answers, and answers back into text boxes (PURE).

Nothing is judged here: what cannot be converted goes on as it was typed, and the form's own check says what is wrong.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.datastructures import FormData, UploadFile

from casework.forms.kinds import KINDS

PARTS: Mapping[str, tuple[str, ...]] = {
    "address": ("street", "postal_code", "citycode", "city"),
    "point": ("lat", "lon", "words"),
    "signature": ("name", "strokes"),
}
_FRENCH_DATE = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})")
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,12})?")
_TIME = re.compile(r"(\d{1,2})\s*[:hH]\s*(\d{2})?")
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_SPACES = re.compile(r"[\s\u00a0\u202f]")


class File(msgspec.Struct, frozen=True):
    """A stored file, as the page remembers it until the request is filed."""

    name: str
    size: int  # bytes
    claim: str | None = None


class Carried(msgspec.Struct):
    """What the page carries from one step to the next, in one hidden box: nothing is lost without JavaScript.

    It is the person's own and is judged again at each step, so it needs no seal. `key`: the request's Idempotency-Key,
    from its first display on, so that a double click files once.
    """

    key: str
    answers: dict[str, Any] = msgspec.field(default_factory=dict)
    files: dict[str, File] = msgspec.field(default_factory=dict)
    draft: str | None = None

    @property
    def claims(self) -> dict[str, str]:
        """The secrets that let a person without an account attach the files that the answers name."""
        return {id_: kept.claim for id_, kept in self.files.items() if kept.claim}


@dataclass(slots=True)
class Upload:
    """A file that the person has just chosen, for one question."""

    field: str
    file: UploadFile


@dataclass(slots=True)
class Posted:
    """What a submitted page holds."""

    answers: dict[str, Any]
    uploads: list[Upload] = field(default_factory=list)


def carried_of(raw: object, fallback_key: str) -> Carried:
    """What the hidden box holds; an empty start where somebody mangled it."""
    try:
        return msgspec.json.decode(str(raw), type=Carried)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Carried(fallback_key)


def packed(carried: Carried) -> str:
    """The hidden box's value."""
    return msgspec.json.encode(carried).decode()


def posted(fields: Iterable[Mapping[str, Any]], form: FormData, before: Mapping[str, Any]) -> Posted:
    """The answers of a page's fields as typed; files stay those of `before`, the newly chosen beside them."""
    found = Posted({})
    for each in fields:
        id_, kind = each["id"], each["kind"]
        if not KINDS[kind].is_asked:
            continue
        if kind == "attachment":
            found.answers[id_] = list(before.get(id_) or [])
            found.uploads += [Upload(id_, file) for file in _files(form, id_)]
        else:
            found.answers[id_] = _value(each, form)
    return found


def _files(form: FormData, name: str) -> Iterator[UploadFile]:
    for value in form.getlist(name):
        if isinstance(value, UploadFile) and value.filename:
            yield value


def _value(each: Mapping[str, Any], form: FormData) -> Any:
    id_, kind = each["id"], each["kind"]
    if kind == "choices":
        return [value for value in form.getlist(id_) if isinstance(value, str) and value]
    if kind in PARTS:
        parts = {part: _text(form, f"{id_}.{part}") for part in PARTS[kind]}
        return {part: _part(part, value) for part, value in parts.items() if value}
    text = _text(form, id_)
    if not text:
        return None
    if kind == "linked_choice":  # one list for both levels: `first second`
        return dict(zip(("first", "second"), text.split(), strict=False))
    if kind in ("yes_no", "consent"):
        return {"true": True, "false": False}.get(text, text)
    if kind == "integer":
        bare = _SPACES.sub("", text)
        return int(bare) if _WHOLE.fullmatch(bare) else text
    if kind in ("decimal", "money"):
        return _number(_SPACES.sub("", text).removesuffix("€"), text)
    if kind == "time" and (match := _TIME.fullmatch(text)):
        hours, minutes = match.groups()
        return f"{int(hours):02}:{minutes or '00'}"
    if kind == "date" and (match := _FRENCH_DATE.fullmatch(text)):
        day, month, year = match.groups()
        return f"{year}-{int(month):02}-{int(day):02}"
    return text


def _part(name: str, text: str) -> Any:
    if name in ("lat", "lon"):
        return _number(_SPACES.sub("", text), text)
    if name == "strokes":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text


def _number(bare: str, typed: str) -> float | str:
    return float(bare.replace(",", ".")) if _DECIMAL.fullmatch(bare) else typed


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def given(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers without those that are empty: what is sent to be judged and filed."""
    return {name: value for name, value in answers.items() if value not in (None, "", [], {})}


def asked_of(questions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that have an answer: the words between them left out."""
    return [each for each in questions if KINDS[each["kind"]].is_asked]


def questions_shown(page: Mapping[str, Any], visible: Sequence[str]) -> list[Mapping[str, Any]]:
    """The fields of a page that these answers show."""
    return [each for each in page["fields"] if each["id"] in visible]
