"""The REST routes of the studio: drafts of procedures."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api import drafts, studio
from api.http import Call, Operation, Reply
from api.inputs import In, Nothing, Slug
from casework.procedures.edits import Edit

_REFUSES = ("not_allowed", "not_found")
_Title = Annotated[str, Meta(min_length=1, max_length=studio.TITLE_MAX)]


class NewProcedure(In, frozen=True, kw_only=True):
    """A procedure to be written; `source`: the slug of one that it begins as."""

    title: _Title
    source: Slug | None = None
    directorate: UUID | None = None


class DraftEdit(In, frozen=True, kw_only=True):
    """One edit of the closed table, by its name in `edit.edit`."""

    edit: Edit


async def _drafts(call: Call) -> drafts.DraftPage:
    return await studio.procedures(call.state, call.viewer)


async def _begin(call: Call) -> Reply:
    asked = call.body
    made = await studio.begin(
        call.state, call.viewer, title=asked.title, source=asked.source, directorate=asked.directorate
    )
    return Reply(made, etag=made.revision, headers={"Location": f"/api/v1/procedure-drafts/{made.slug}"})


async def _revise(call: Call) -> Reply:
    return _shown(await studio.revise(call.state, call.viewer, call.path["slug"]))


async def _draft(call: Call) -> Reply:
    return _shown(await studio.draft(call.state, call.viewer, call.path["slug"]))


async def _edit(call: Call) -> Reply:
    slug, asked = call.path["slug"], call.body.edit
    return _shown(await studio.edit(call.state, call.viewer, slug, asked, seen=call.version))


async def _undo(call: Call) -> Reply:
    return _shown(await studio.undo(call.state, call.viewer, call.path["slug"]))


async def _changes(call: Call) -> drafts.PastEditPage:
    return await studio.changes(call.state, call.viewer, call.path["slug"])


async def _approve(call: Call) -> Reply:
    return _shown(await studio.approve(call.state, call.viewer, call.path["slug"], seen=call.version))


async def _publish(call: Call) -> drafts.Publication:
    return await studio.publish(call.state, call.viewer, call.path["slug"], seen=call.version)


async def _discard(call: Call) -> None:
    await studio.discard(call.state, call.viewer, call.path["slug"], seen=call.version)


def _shown(draft: drafts.DraftView) -> Reply:
    return Reply(draft, etag=draft.revision)


_DRAFT = "/procedure-drafts/{slug}"
STUDIO: tuple[Operation, ...] = (
    Operation(method="GET", path="/procedure-drafts", name="procedure_drafts", does="The procedures one writes",
              call=_drafts, gives=drafts.DraftPage, refuses=("not_allowed",)),
    Operation(
        method="POST", path="/procedure-drafts", name="begin_procedure", does="Begin a procedure", call=_begin,
        takes=NewProcedure, gives=drafts.DraftView, status=201, etag=True, refuses=(*_REFUSES, "invalid"),
    ),
    Operation(method="GET", path=_DRAFT, name="procedure_draft", does="A draft, with its faults and remarks",
              call=_draft, gives=drafts.DraftView, etag=True, refuses=_REFUSES),
    Operation(
        method="POST", path=f"{_DRAFT}/revise", name="revise_procedure", does="Begin a draft of what is published",
        call=_revise, takes=Nothing, gives=drafts.DraftView, etag=True, refuses=_REFUSES,
    ),
    Operation(
        method="POST", path=f"{_DRAFT}/edits", name="edit_procedure", does="Change a draft", call=_edit,
        takes=DraftEdit, gives=drafts.DraftView, if_match="must", etag=True,
        refuses=(*_REFUSES, "edit_conflict", "invalid"),
    ),
    Operation(
        method="POST", path=f"{_DRAFT}/undo", name="undo_edit", does="Take one's own last change back", call=_undo,
        takes=Nothing, gives=drafts.DraftView, etag=True,
        refuses=(*_REFUSES, "edit_conflict", "nothing_to_undo", "invalid"),
    ),
    Operation(method="GET", path=f"{_DRAFT}/changes", name="draft_changes", does="Who changed what in a draft",
              call=_changes, gives=drafts.PastEditPage, refuses=_REFUSES),
    Operation(
        method="POST", path=f"{_DRAFT}/approve", name="approve_procedure", does="Agree to its publication",
        call=_approve, takes=Nothing, gives=drafts.DraftView, if_match="must", etag=True, refuses=_REFUSES,
    ),
    Operation(
        method="POST", path=f"{_DRAFT}/publish", name="publish_draft", does="Publish a draft", call=_publish,
        takes=Nothing, gives=drafts.Publication, if_match="must",
        refuses=(*_REFUSES, "not_publishable", "needs_approval"),
    ),
    Operation(method="DELETE", path=_DRAFT, name="discard_draft", does="Throw a draft away", call=_discard,
              status=204, if_match="must", refuses=_REFUSES),
)  # fmt: skip
