"""What the studio's door gives: drafts, what is told of them, who changed what."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from api.representations import Out, Person
from casework.forms.strict import DefinitionFault
from casework.procedures import drafting
from casework.procedures.drafts import Change, Draft
from casework.procedures.package_faults import sentence
from casework.procedures.queries import Published

_KEY = re.compile(r"[.\[]")


class Noted(Out, frozen=True, kw_only=True):
    """Something that a definition's designer is told: its place, the element that it is of (`field:size`, `page:home`,
    `head`) and the key of that element, a code, a French sentence.
    """

    path: str
    element: str
    key: str
    code: str
    params: Mapping[str, Any]
    sentence: str


class DraftSummary(Out, frozen=True, kw_only=True):
    """A procedure of one's directorate. `open`: requests under way. `revision` null: no draft is open."""

    slug: str
    title: Mapping[str, str]
    directorate: Person
    state: Literal["new", "published", "changed"]
    published: int | None
    revision: int | None
    open: int
    updated_at: datetime | None
    updated_by: Person | None


class DraftPage(Out, frozen=True, kw_only=True):
    items: Sequence[DraftSummary]
    next: str | None = None


class Played(Out, frozen=True, kw_only=True):
    """A scenario, and what differs from what it expects: nothing where it is green."""

    name: str
    differences: Sequence[Noted]


class DraftView(Out, frozen=True, kw_only=True):
    """A draft as it is. `base`: the published revision that it came from; `published`: the one in force now.

    `scenarios`: as they are played now, none where there are faults. `approved_by`: the designer who agreed to its
    publication as it is now; `review`: somebody must.
    """

    slug: str
    directorate: Person
    definition: Mapping[str, Any]
    revision: int
    base: int | None
    published: int | None
    changed: bool
    review: bool
    approved_by: Person | None
    faults: Sequence[Noted]
    remarks: Sequence[Noted]
    scenarios: Sequence[Played]
    updated_at: datetime
    updated_by: Person | None


class PastEdit(Out, frozen=True, kw_only=True):
    """Who changed what. `label`: the element's words at that time."""

    revision: int
    at: datetime
    actor: Person | None
    code: str
    element: str
    label: str
    keys: Sequence[str]
    undone: bool


class PastEditPage(Out, frozen=True, kw_only=True):
    items: Sequence[PastEdit]
    next: str | None = None


class Glance(Out, frozen=True, kw_only=True):
    """How far a draft is, and who changed it last."""

    revision: int
    updated_by: Person | None


class Publication(Out, frozen=True, kw_only=True):
    """What is in force now; `published` false: it was so already."""

    slug: str
    revision: int
    published: bool


def noted(definition: Mapping[str, Any], fault: DefinitionFault) -> Noted:
    element, inside = drafting.element_of(definition, fault.path)
    return Noted(
        path=fault.path,
        element=element,
        key=_KEY.split(inside)[0],
        code=fault.code,
        params=dict(fault.params),
        sentence=sentence(fault),
    )


def summary_of(
    published: Published | None,
    found: Draft | None,
    opened: int,
    names: Mapping[UUID, str],
    directorates: Mapping[UUID, str],
) -> DraftSummary:
    known = found or published
    assert known is not None
    title = known.definition.get("title")
    words = title if isinstance(title, Mapping) else {}
    return DraftSummary(
        slug=known.slug,
        title={"fr": str(words.get("fr", known.slug)), "en": str(words.get("en", known.slug))},
        directorate=Person(id=known.directorate_id, name=directorates.get(known.directorate_id, "")),
        state="new" if published is None else "changed" if found is not None and found.changed else "published",
        published=published.revision if published else None,
        revision=found.revision if found else None,
        open=opened,
        updated_at=found.updated_at if found else None,
        updated_by=person(found.updated_by, names) if found else None,
    )


def change_of(each: Change, names: Mapping[UUID, str]) -> PastEdit:
    return PastEdit(
        revision=each.revision, at=each.at, actor=person(each.actor, names), code=each.code, element=each.element,
        label=each.label, keys=each.keys, undone=each.undone,
    )  # fmt: skip


def person(id_: UUID | None, names: Mapping[UUID, str]) -> Person | None:
    return Person(id=id_, name=names[id_]) if id_ is not None and id_ in names else None
