"""A form as a browser posts it: text boxes into answers, and answers back into text boxes (PURE).

Nothing is judged here: what cannot be converted goes on as it was typed, and the form's own check says what is wrong.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.datastructures import FormData, UploadFile

from casework.forms.blocks import row_path
from casework.forms.kinds import KINDS
from casework.forms.model import ROWS_MAX

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
    into: list[str]  # the question's answer, where its id goes


@dataclass(slots=True)
class Posted:
    """What a submitted page holds."""

    answers: dict[str, Any]
    uploads: list[Upload] = field(default_factory=list)


def carried_of(raw: object, fallback_key: str) -> Carried:
    """What the hidden box holds; an empty start where somebody mangled it."""
    try:
        return msgspec.json.decode(str(raw), type=Carried)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return Carried(fallback_key)


def packed(carried: Carried) -> str:
    """The hidden box's value."""
    return msgspec.json.encode(carried).decode()


def posted(fields: Iterable[Mapping[str, Any]], form: FormData, before: Mapping[str, Any]) -> Posted:
    """The answers of a page's fields as typed; files stay those of `before`, the newly chosen beside them."""
    found = Posted({})
    _read(fields, form, before, found.answers, found.uploads)
    return found


def _read(
    fields: Iterable[Mapping[str, Any]],
    form: FormData,
    before: Mapping[str, Any],
    into: dict[str, Any],
    uploads: list[Upload],
    where: str = "",
) -> None:
    """`where`: what the names of boxes begin with, in a row of a block."""
    for each in fields:
        id_, kind, name = each["id"], each["kind"], where + each["id"]
        if not KINDS[kind].is_asked:
            continue
        if kind == "block":
            kept = rows_of(before.get(id_))
            into[id_] = [{} for _ in range(_count(form, name))]
            for index, row in enumerate(into[id_]):
                same = kept[index] if index < len(kept) else {}
                _read(each["fields"], form, same, row, uploads, f"{row_path(name, index)}.")
        elif kind == "attachment":
            into[id_] = list(before.get(id_) or [])
            uploads += [Upload(name, file, into[id_]) for file in _files(form, name)]
        else:
            into[id_] = _value({**each, "id": name}, form)


def _count(form: FormData, name: str) -> int:
    """How many rows the page shows of a block."""
    text = _text(form, f"{name}.rows")
    return min(int(text), ROWS_MAX) if _WHOLE.fullmatch(text) and int(text) > 0 else 0


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The rows of a block's answer; none of what is no list of them."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


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
            return msgspec.json.decode(text, type=list[list[list[int]]])
        except (msgspec.DecodeError, msgspec.ValidationError):
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


def questions_shown(page: Mapping[str, Any], visible: Collection[str]) -> list[Mapping[str, Any]]:
    """The fields of a page that these answers show."""
    return [each for each in page["fields"] if each["id"] in visible]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a block, as a page asks it: its fields are named by their place."""

    id: str  # children[0]
    questions: list[Mapping[str, Any]]


def rows(block: Mapping[str, Any], answers: Mapping[str, Any], visible: Collection[str]) -> list[Row]:
    """The rows of a block with those of their questions that these answers show."""
    made = []
    for index, _ in enumerate(rows_of(answers.get(block["id"]))):
        where = row_path(block["id"], index)
        placed = [{**each, "id": f"{where}.{each['id']}"} for each in block["fields"]]
        made.append(Row(where, [each for each in placed if each["id"] in visible]))
    return made


def by_place(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with those in rows beside them, each by its place: `children[0].first_name`."""
    inside = {
        f"{row_path(name, index)}.{id_}": value
        for name, rows in answers.items()
        for index, row in enumerate(rows_of(rows))
        for id_, value in row.items()
    }
    return {**answers, **inside}


def all_fields(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The fields of a page, with those inside its blocks."""
    for each in page["fields"]:
        yield each
        yield from each.get("fields", ())
