"""The REST routes of a procedure's life: packages in and out, differences, dry runs, moving dossiers, going back."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api import drafts, revisions
from api.http import Call, Operation, Reply
from api.inputs import In
from api.parameters import Query
from casework.errors import Invalid
from casework.procedures.package import SIZE_MAX
from casework.procedures.package_schema import package_schema

_REFUSES = ("not_allowed", "not_found")
_WRONG = (*_REFUSES, "not_publishable")
_Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class OfRevision(Query, frozen=True, kw_only=True):
    """Which revision; the published one where it is left out."""

    revision: _Revision | None = None


class NewPackage(In, frozen=True, kw_only=True):
    """A package: its `definition`, or the document (`yaml`) that says it. `keep`: make the draft of it."""

    definition: dict[str, Any] | None = None
    yaml: Annotated[str, Meta(max_length=SIZE_MAX)] | None = None
    keep: bool = False


class Candidate(In, frozen=True, kw_only=True):
    """What the published revision is compared with; the draft where it is left out."""

    definition: dict[str, Any] | None = None


class Rehearsal(In, frozen=True, kw_only=True):
    """By what open requests are judged: a `definition`, the `draft`, else the published revision; `after`: from where on."""

    definition: dict[str, Any] | None = None
    draft: bool = False
    after: UUID | None = None


class NextOnes(In, frozen=True, kw_only=True):
    """From where on."""

    after: UUID | None = None


class FormerRevision(In, frozen=True, kw_only=True):
    """Which revision is published again."""

    to: _Revision


async def _export(call: Call) -> Reply:
    found = await revisions.export(call.state, call.viewer, call.path["slug"], call.query.revision)
    return Reply(found, etag=found.revision)


async def _export_yaml(call: Call) -> Response:
    slug = call.path["slug"]
    headers = {"Content-Disposition": f'attachment; filename="{slug}.yaml"', "Cache-Control": "no-store"}
    text = await revisions.export_yaml(call.state, call.viewer, slug)
    return Response(text, headers=headers, media_type="application/yaml")  # RFC 9512


async def _import(call: Call) -> revisions.Imported:
    asked = call.body
    if (asked.definition is None) == (asked.yaml is None):
        raise Invalid(faults=[{"field": "definition", "code": "required"}])
    return await revisions.import_(
        call.state, call.viewer, definition=asked.definition, document=asked.yaml, keep=asked.keep, seen=call.seen
    )


async def _difference(call: Call) -> revisions.Difference:
    slug = call.path["slug"]
    return await revisions.compare(call.state, call.viewer, slug, call.body.definition, locale=call.locale)


async def _dry_run(call: Call) -> revisions.AffectedPage:
    slug, asked = call.path["slug"], call.body
    return await revisions.dry_run(
        call.state, call.viewer, slug, definition=asked.definition, draft=asked.draft, after=asked.after
    )


async def _move(call: Call) -> revisions.AffectedPage:
    return await revisions.move(call.state, call.viewer, call.path["slug"], after=call.body.after, seen=call.version)


async def _roll_back(call: Call) -> drafts.Publication:
    return await revisions.roll_back(call.state, call.viewer, call.path["slug"], to=call.body.to, seen=call.version)


async def _schema(call: Call) -> Response:
    return Response(
        msgspec.json.encode(package_schema()),
        headers={"Cache-Control": "public, max-age=3600"},
        media_type="application/schema+json",
    )


_PROCEDURE = "/procedures/{slug}"
REVISIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/procedures/package-schema", name="package_schema", does="The JSON Schema of packages",
        call=_schema, answers="application/schema+json", needs="anybody", forgives=True,
    ),
    Operation(method="GET", path=f"{_PROCEDURE}/package", name="package", does="A revision's package", call=_export,
              query=OfRevision, gives=revisions.Exported, etag=True, refuses=_REFUSES),
    Operation(
        method="GET", path=f"{_PROCEDURE}/package.yaml", name="package_document",
        does="The published package as a document", call=_export_yaml, answers="application/yaml", refuses=_REFUSES,
    ),
    Operation(
        method="POST", path="/procedures/import", name="import_package",
        does="Judge a package, every fault at once, and keep it as a draft", call=_import, takes=NewPackage,
        gives=revisions.Imported, if_match="may", refuses=(*_REFUSES, "invalid"),
    ),
    Operation(
        method="POST", path=f"{_PROCEDURE}/difference", name="difference",
        does="What changes from what is published", call=_difference, takes=Candidate, gives=revisions.Difference,
        refuses=_REFUSES,
    ),
    Operation(
        method="POST", path=f"{_PROCEDURE}/dry-run", name="dry_run", does="What would become of open requests",
        call=_dry_run, takes=Rehearsal, gives=revisions.AffectedPage, refuses=(*_REFUSES, "invalid"),
    ),
    Operation(
        method="POST", path=f"{_PROCEDURE}/move", name="move_dossiers",
        does="Bind the next open requests to what is published", call=_move, takes=NextOnes,
        gives=revisions.AffectedPage, if_match="must", refuses=_REFUSES,
    ),
    Operation(
        method="POST", path=f"{_PROCEDURE}/roll-back", name="roll_back", does="Publish a former revision again",
        call=_roll_back, takes=FormerRevision, gives=drafts.Publication, if_match="must", refuses=_WRONG,
    ),
)  # fmt: skip
