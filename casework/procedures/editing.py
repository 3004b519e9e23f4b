"""Edits of a procedure's draft, applied (PURE).

Each names what it changes by id, never by place: two designers' edits on different things follow each other, whoever
came first. `touches` says what an edit must find as its author saw it; two edits that touch the same thing collide, and
`casework.procedures.drafts` refuses the later one. Each has an inverse, an edit too: that is how one's change is undone
under other people's.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from casework.forms.strict import NAME, SLUG, SLUG_MAX
from casework.procedures.edits import (
    AddField,
    AddPage,
    ChangeField,
    ChangeForm,
    ChangeHead,
    ChangePage,
    CopyField,
    Edit,
    Element,
    MoveField,
    MovePage,
    RemoveField,
    RemovePage,
    Several,
    SingleEdit,
)

SIZE_MAX = 256 * 1024  # bytes of JSON, as a package's file may have
BLOCK = "block:"  # before a block's id, where a page's id may stand too
_OF_THE_DRAFT = frozenset({"form", "slug", "directorate"})  # not of the head: they have edits of their own, or none

Definition = Mapping[str, Any]


class EditRefused(Exception):
    """The edit cannot be applied here: `code` (no_such_element, already_there, bad_element, too_big), `element`."""

    def __init__(self, code: str, element: str) -> None:
        super().__init__(code, element)
        self.code, self.element = code, element


@dataclass(frozen=True, slots=True)
class Edited:
    """The definition after an edit, and the edit that takes it back."""

    definition: Element
    undo: Edit


@dataclass(frozen=True, slots=True)
class Said:
    """What an edit does, for people: its code, the element's words in French at that time, and the keys it changes."""

    code: str
    element: str  # head | page:<id> | field:<id>
    label: str
    keys: tuple[str, ...] = ()


def pages(definition: Definition) -> list[Element]:
    """The pages of a definition that may be unfinished: what is no page is left out."""
    form = definition.get("form")
    found = form.get("pages") if isinstance(form, Mapping) else None
    return [each for each in found or [] if isinstance(each, dict)] if isinstance(found, list) else []


def fields(page: Definition) -> list[Element]:
    """The fields of a page that may be unfinished."""
    found = page.get("fields")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def homes(definition: Definition) -> dict[str, list[Element]]:
    """Where fields are: those of each page by its id, and of each block by `block:<id>`, in the order of the form."""
    found: dict[str, list[Element]] = {}
    for page in pages(definition):
        found[str(page.get("id"))] = fields(page)
        found |= {
            f"{BLOCK}{each.get('id')}": fields(each) for each in fields(page) if isinstance(each.get("fields"), list)
        }
    return found


def every_field(definition: Definition) -> dict[str, Element]:
    """All fields by id, those inside blocks too."""
    return {str(each.get("id")): each for inside in homes(definition).values() for each in inside}


def id_of(words: str, taken: Collection[str], *, joiner: str = "_") -> str:
    """An id made of these words (“Où habitez-vous ?” → `ou_habitez_vous`), unlike those that are taken."""
    plain = unicodedata.normalize("NFKD", words.lower().replace("œ", "oe").replace("æ", "ae"))
    found = re.findall(r"[a-z0-9]+", plain.replace("'", " ").replace("’", " ").encode("ascii", "ignore").decode())
    if found and found[0][0].isdigit():  # an id begins with a letter
        found[0] = f"n{found[0]}"
    made = joiner.join(found)[: SLUG_MAX - 4].rstrip(joiner) or "question"
    same = 1
    id_ = made
    while id_ in taken:
        same += 1
        id_ = f"{made}{joiner}{same}"
    return id_


def touches(definition: Definition, edit: Edit) -> frozenset[str]:
    """What the edit must find as its author saw it: `head.title`, `field:size.label`, `page:home` with all of it."""
    match edit:
        case ChangeHead():
            return frozenset(f"head.{key}" for key in edit.set)
        case ChangeForm():
            return frozenset(f"form.{key}" for key in edit.set)
        case AddPage():
            return frozenset({f"page:{edit.page.get('id')}"})
        case ChangePage():
            return frozenset(f"page:{edit.page}.{key}" for key in edit.set)
        case MovePage():
            return frozenset({f"page:{edit.page}.place"})
        case RemovePage():
            inside = [each for page in pages(definition) if page.get("id") == edit.page for each in fields(page)]
            return frozenset({f"page:{edit.page}"}).union(*(_whole(each) for each in inside))
        case AddField():
            return _whole(edit.field)
        case CopyField():
            return frozenset({f"field:{edit.copy}"})
        case ChangeField():
            keys = frozenset(f"field:{edit.field}.{key}" for key in edit.set)
            return keys | _whole(every_field(definition).get(edit.field, {})) if "fields" in edit.set else keys
        case MoveField():
            return frozenset({f"field:{edit.field}.place"})
        case RemoveField():
            return _whole(every_field(definition).get(edit.field, {"id": edit.field}))
        case Several():
            return frozenset().union(*(touches(definition, each) for each in edit.edits))


def _whole(field: Definition) -> frozenset[str]:
    """A field with those inside it."""
    return frozenset(f"field:{each.get('id')}" for each in (field, *fields(field)))


def collide(one: Collection[str], other: Collection[str]) -> frozenset[str]:
    """Those of `one` that are also in `other`, a whole element standing for all of its keys."""
    return frozenset(a for a in one for b in other if a == b or a.startswith(f"{b}.") or b.startswith(f"{a}."))


def apply(definition: Definition, edit: Edit) -> Edited:
    """The definition after this edit. Raises EditRefused; the definition may stay as wrong as it likes."""
    edited = _applied(definition, edit)
    if len(msgspec.json.encode(edited.definition)) > SIZE_MAX:
        raise EditRefused("too_big", "head")
    return edited


def said(definition: Definition, edit: Edit) -> Said:
    """What the edit does to this definition, for the list of who changed what."""
    code = str(type(edit).__struct_config__.tag)
    match edit:
        case Several():
            return said(definition, edit.edits[0]) if edit.edits else Said(code, "head", "")
        case ChangeHead():
            return Said(code, "head", "", tuple(sorted(edit.set)))
        case ChangeForm():
            return Said(code, "form", "", tuple(sorted(edit.set)))
        case AddPage():
            return Said(code, f"page:{edit.page.get('id')}", _words(edit.page.get("title")))
        case ChangePage() | MovePage() | RemovePage():
            found = next((each for each in pages(definition) if each.get("id") == edit.page), {})
            keys = tuple(sorted(edit.set)) if isinstance(edit, ChangePage) else ()
            return Said(code, f"page:{edit.page}", _words(found.get("title")), keys)
        case AddField():
            return Said(code, f"field:{edit.field.get('id')}", _words(edit.field.get("label")))
        case _:
            label = _words(every_field(definition).get(edit.field, {}).get("label"))
            keys = tuple(sorted(edit.set)) if isinstance(edit, ChangeField) else ()
            return Said(code, f"field:{edit.field}", label, keys)


def _words(wording: Any) -> str:
    return str(wording.get("fr", ""))[:200] if isinstance(wording, Mapping) else ""


def _applied(definition: Definition, edit: Edit) -> Edited:
    before = pages(definition)
    match edit:
        case Several():
            undos: list[SingleEdit] = []
            done = dict(definition)
            for each in edit.edits:
                edited = _applied(done, each)
                done = edited.definition
                undos.insert(0, cast("SingleEdit", edited.undo))
            return Edited(done, Several(edits=undos))
        case ChangeHead():
            if wrong := sorted(_OF_THE_DRAFT & edit.set.keys()):
                raise EditRefused("bad_element", f"head.{wrong[0]}")
            changed, old = _changed(definition, edit.set)
            return Edited(changed, ChangeHead(set=old))
        case ChangeForm():
            if "pages" in edit.set:
                raise EditRefused("bad_element", "form.pages")
            form = definition.get("form")
            made, old = _changed(form if isinstance(form, Mapping) else {}, edit.set)
            return Edited({**definition, "form": made}, ChangeForm(set=old))
        case AddPage():
            id_ = _checked_page(edit.page, before)
            return Edited(_with(definition, _put(before, edit.page, edit.before)), RemovePage(page=id_))
        case ChangePage():
            place = _place(before, edit.page, "page")
            if wrong := sorted({"id", "fields"} & edit.set.keys()):
                raise EditRefused("bad_element", f"page:{edit.page}.{wrong[0]}")
            page, old = _changed(before[place], edit.set)
            return Edited(_with(definition, _replaced(before, place, page)), ChangePage(page=edit.page, set=old))
        case MovePage():
            place = _place(before, edit.page, "page")
            undo = MovePage(page=edit.page, before=_following(before, place))
            others = [*before[:place], *before[place + 1 :]]
            return Edited(_with(definition, _put(others, before[place], edit.before)), undo)
        case RemovePage():
            place = _place(before, edit.page, "page")
            undo_page = AddPage(page=before[place], before=_following(before, place))
            return Edited(_with(definition, [*before[:place], *before[place + 1 :]]), undo_page)
        case AddField():
            id_ = _checked_field(edit.field, every_field(definition))
            return Edited(_inserted(definition, edit.page, edit.field, edit.before), RemoveField(field=id_))
        case CopyField():
            home, inside, place = _found(definition, edit.field)
            copy = _renamed(inside[place], edit.copy, every_field(definition))
            _checked_field(copy, every_field(definition))
            after = _following(inside, place)
            return Edited(_inserted(definition, home, copy, after), RemoveField(field=edit.copy))
        case ChangeField():
            home, inside, place = _found(definition, edit.field)
            if "id" in edit.set:
                raise EditRefused("bad_element", f"field:{edit.field}.id")
            field, old = _changed(inside[place], edit.set)
            undo_field = ChangeField(field=edit.field, set=old)
            return Edited(_with_home(definition, home, _replaced(inside, place, field)), undo_field)
        case MoveField():
            home, inside, place = _found(definition, edit.field)
            if edit.page.startswith(BLOCK) and "fields" in inside[place]:
                raise EditRefused("bad_element", f"field:{edit.field}")  # no block inside a block
            undo_move = MoveField(field=edit.field, page=home, before=_following(inside, place))
            return Edited(_inserted(_without(definition, edit.field), edit.page, inside[place], edit.before), undo_move)
        case RemoveField():
            home, inside, place = _found(definition, edit.field)
            undo_remove = AddField(page=home, field=inside[place], before=_following(inside, place))
            return Edited(_without(definition, edit.field), undo_remove)


def _found(definition: Definition, id_: str) -> tuple[str, list[Element], int]:
    """The home of a field, the fields there, and its place among them."""
    for home, inside in homes(definition).items():
        for place, field in enumerate(inside):
            if field.get("id") == id_:
                return home, inside, place
    raise EditRefused("no_such_element", f"field:{id_}"[:100])


def _without(definition: Definition, id_: str) -> Element:
    home, inside, place = _found(definition, id_)
    return _with_home(definition, home, [*inside[:place], *inside[place + 1 :]])


def _inserted(definition: Definition, home: str, field: Element, before: str | None) -> Element:
    inside = homes(definition).get(home)
    if inside is None:
        raise EditRefused("no_such_element", (home if home.startswith(BLOCK) else f"page:{home}")[:100])
    return _with_home(definition, home, _put(inside, field, before))


def _with_home(definition: Definition, home: str, inside: list[Element]) -> Element:
    """The definition with these fields in this home."""
    if not home.startswith(BLOCK):
        return _with(
            definition, [{**page, "fields": inside} if page.get("id") == home else page for page in pages(definition)]
        )
    outer, around, place = _found(definition, home.removeprefix(BLOCK))
    return _with_home(definition, outer, _replaced(around, place, {**around[place], "fields": inside}))


def _renamed(field: Element, id_: str, taken: Collection[str]) -> Element:
    """The field under another id, those inside it too."""
    if not isinstance(field.get("fields"), list):
        return {**field, "id": id_}
    used = {*taken, id_}
    inside = []
    for each in fields(field):
        inside.append({**each, "id": id_of(str(each.get("id")).replace("_", " "), used)})
        used.add(str(inside[-1]["id"]))
    return {**field, "id": id_, "fields": inside}


def _with(definition: Definition, changed: Sequence[Element]) -> Element:
    form = definition.get("form")
    return {**definition, "form": {**(form if isinstance(form, Mapping) else {}), "pages": list(changed)}}


def _changed(element: Definition, keys: Mapping[str, Any]) -> tuple[Element, Element]:
    """The element with these keys set, and what sets them back."""
    after = {name: value for name, value in {**element, **keys}.items() if value is not None}
    return after, {name: element.get(name) for name in keys}


def _replaced(items: Sequence[Element], place: int, item: Element) -> list[Element]:
    return [*items[:place], item, *items[place + 1 :]]


def _put(items: Sequence[Element], item: Element, before: str | None) -> list[Element]:
    place = next((i for i, each in enumerate(items) if each.get("id") == before), len(items))
    return [*items[:place], item, *items[place:]]


def _following(items: Sequence[Element], place: int) -> str | None:
    return str(items[place + 1].get("id")) if place + 1 < len(items) else None


def _place(items: Sequence[Element], id_: str, what: str) -> int:
    place = next((i for i, each in enumerate(items) if each.get("id") == id_), None)
    if place is None:
        raise EditRefused("no_such_element", f"{what}:{id_}"[:100])
    return place


def _checked_page(page: Element, found: Sequence[Element]) -> str:
    id_, inside = page.get("id"), page.get("fields", [])
    if not _is_id(id_, SLUG) or not isinstance(inside, list):
        raise EditRefused("bad_element", "page")
    if id_ in [each.get("id") for each in found]:
        raise EditRefused("already_there", f"page:{id_}")
    known = every_field({"form": {"pages": list(found)}})
    for each in inside:
        if not isinstance(each, dict):
            raise EditRefused("bad_element", f"page:{id_}.fields")
        _checked_field(each, known)
        known |= {str(one.get("id")): one for one in (each, *fields(each))}
    return str(id_)


def _checked_field(field: Element, known: Mapping[str, Element]) -> str:
    id_ = field.get("id")
    if not _is_id(id_, NAME):
        raise EditRefused("bad_element", "field")
    if id_ in known:
        raise EditRefused("already_there", f"field:{id_}")
    if "fields" in field:
        within = {**known, str(id_): field}
        inside = field["fields"] if isinstance(field["fields"], list) else [None]
        for each in inside:
            if not isinstance(each, dict) or "fields" in each:
                raise EditRefused("bad_element", f"field:{id_}.fields")
            within[_checked_field(each, within)] = each
    return str(id_)


def _is_id(id_: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(id_, str) and len(id_) <= SLUG_MAX and pattern.fullmatch(id_) is not None
