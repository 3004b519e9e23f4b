"""What changes from one definition of a procedure to another, in a designer's terms (PURE).

Pages, fields and choices are followed by their ids, wherever they moved. The definitions may be unfinished or wrong, as
drafts are: what has no ids is compared as a whole. Nothing is left out: no change is told only where both are the same.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

_NAMES = ("id", "value", "name")  # what an element of a list is followed by
_RULES = ("visible_if", "when", "eligible_if", "valid_if")
_THINGS: Mapping[str, str] = {"pages": "page", "fields": "field", "choices": "choice", "scenarios": "scenario"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `path`: `form.fields.bicycle.choices.cargo.label`, ids in place of ranks."""

    path: str
    code: str  # of difference_words.SENTENCES
    params: Mapping[str, Any] = field(default_factory=dict)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every change, the head first, then the form in the order of `after`, then the rest."""
    pages_before, pages_after = _pages(before), _pages(after)
    if pages_before is None or pages_after is None:
        return tuple(_compared("", before, after))
    changes = list(_compared("", _without(before, "form"), _without(after, "form")))
    forms = before["form"], after["form"]
    changes += _compared("form", _without(forms[0], "pages"), _without(forms[1], "pages"))
    bare = [{id_: _without(page, "fields") for id_, page in each.items()} for each in (pages_before, pages_after)]
    changes += _elements("form.pages", bare[0], bare[1], _moved(bare[0], bare[1]))
    changes += _fields(pages_before, pages_after)
    return tuple(changes)


_Page = Mapping[str, Any]


def _pages(definition: Mapping[str, Any]) -> dict[str, _Page] | None:
    """The pages by id, where all of them and all of their fields have one each."""
    form = definition.get("form")
    pages = _identified(form.get("pages")) if isinstance(form, Mapping) else None
    if pages is None:
        return None
    ids: list[str] = []
    for page in pages.values():
        fields = _identified(page.get("fields"))
        if fields is None:
            return None
        ids += fields
    return pages if len(ids) == len(set(ids)) else None


def _fields(before: Mapping[str, _Page], after: Mapping[str, _Page]) -> Iterator[Change]:
    at = [{each["id"]: id_ for id_, page in pages.items() for each in page["fields"]} for pages in (before, after)]
    fields = [{each["id"]: each for page in pages.values() for each in page["fields"]} for pages in (before, after)]
    stayed = set(fields[0]) & set(fields[1])
    elsewhere = {id_ for id_ in stayed if at[0][id_] != at[1][id_]}
    moved: set[str] = set()
    for page in after:  # a field moves among those of its page: where the page itself goes is told of the page
        here = [[id_ for id_ in each if id_ in stayed - elsewhere and at[1][id_] == page] for each in fields]
        moved |= _moved(here[0], here[1])
    yield from _elements("form.fields", fields[0], fields[1], moved)
    for id_ in fields[1]:
        if id_ in elsewhere:
            params = {"field": id_, "before": at[0][id_], "after": at[1][id_]}
            yield Change(f"form.fields.{id_}", "field_to_page", params)


def _elements(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any], moved: Collection[str]
) -> Iterator[Change]:
    """Elements by id: those that went, came, `moved` and changed."""
    thing = _THINGS.get(path.rpartition(".")[2], "item")
    for id_ in before:
        if id_ not in after:
            yield Change(f"{path}.{id_}", f"{thing}_removed", _named(id_, before[id_]))
    for id_, element in after.items():
        if id_ not in before:
            yield Change(f"{path}.{id_}", f"{thing}_added", _named(id_, element))
            continue
        if id_ in moved:
            yield Change(f"{path}.{id_}", f"{thing}_moved", _named(id_, element))
        yield from _compared(f"{path}.{id_}", before[id_], element)


def _moved(before: Collection[str], after: Collection[str]) -> set[str]:
    """Those of both that are not in their order any more, few of them."""
    before, after = [id_ for id_ in before if id_ in after], [id_ for id_ in after if id_ in before]
    kept: set[str] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        kept.update(after[block.b : block.b + block.size])
    return {*after} - kept


def _compared(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Two values at one place."""
    if _written(before) == _written(after):
        return
    key = path.rpartition(".")[2]
    if key in _RULES or key == "required":
        yield Change(path, "rule_changed" if key in _RULES else "required_changed", {"before": before, "after": after})
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if _is_wording(before) and _is_wording(after):
            for language in ("fr", "en"):
                if before[language] != after[language]:
                    params = {"language": language, "before": before[language], "after": after[language]}
                    yield Change(path, "text_changed", params)
            return
        for name in dict.fromkeys([*before, *after]):
            yield from _compared(f"{path}.{name}" if path else name, before.get(name), after.get(name))
        return
    had, has = _identified(before), _identified(after)
    if had is not None and has is not None:
        yield from _elements(path, had, has, _moved(had, has))
        return
    yield Change(path, "value_changed", {"before": before, "after": after})


def _written(value: Any) -> str:
    """One text for one JSON value, what no database keeps included: drafts may hold anything."""
    return json.dumps(value, sort_keys=True)


def _identified(value: Any) -> dict[str, Any] | None:
    """The elements of a list by what each is called; None where it is no list of such, or two are called the same."""
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        return None
    for name in _NAMES:
        named = {each[name]: each for each in value if isinstance(each.get(name), str)}
        if len(named) == len(value):
            return named
    return None


def _named(id_: str, element: Any) -> dict[str, Any]:
    label = element.get("label") or element.get("title") if isinstance(element, Mapping) else None
    return {"id": id_, "label": label["fr"] if isinstance(label, Mapping) and _is_wording(label) else id_}


def _is_wording(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"fr", "en"}


def _without(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name != key}
