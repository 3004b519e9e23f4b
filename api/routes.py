"""The REST routes: one table. Each is a thin wrapper around a function that pages call too."""

from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from api import (
    absence_views,
    absences,
    acting,
    dashboards,
    dossiers,
    figures,
    filing,
    inputs,
    parameters,
    process,
    queues,
    services,
    sessions,
    uploads,
)
from api import documents as files
from api import representations as r
from api.http import Call, Handler, Operation, Reply
from api.problems import TABLE
from api.procedure_routes import CATALOGUE
from api.revision_routes import REVISIONS
from api.studio_routes import STUDIO
from infra.cookies import session_cookie

_ACT = ("not_allowed", "not_found", "stale", "wrong_state", "already_held", "not_the_holder")
_TAKE = (*_ACT, "nothing_to_take_over")
_DO = (*_ACT, "not_at_this_step")
_FILE = ("not_found", "invalid", "procedure_closed", "quota_full", "account_needed", "not_allowed")


async def _sign_in(call: Call) -> Reply:
    address = call.request.client.host if call.request.client else ""
    opened = await sessions.open_session(call.state, call.body, address=address)
    secure = call.state.settings.secure
    cookie = f"{session_cookie(secure=secure)}={opened.token}; Path=/; HttpOnly; SameSite=Lax"
    told = r.SessionOpened(token=opened.token, me=await sessions.me(call.state, opened.session))
    return Reply(told, headers={"Set-Cookie": f"{cookie}; Secure" if secure else cookie})


async def _sign_out(call: Call) -> Reply:
    await sessions.end_session(call.state, call.signed_in)
    secure = call.state.settings.secure
    cookie = f"{session_cookie(secure=secure)}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    return Reply(headers={"Set-Cookie": f"{cookie}; Secure" if secure else cookie})


async def _ticket(call: Call) -> dashboards.DashboardTicket:
    return await dashboards.ticket(call.state, call.signed_in, locale=call.signed_in.locale)


async def _redeem(call: Call) -> dashboards.DashboardReader:
    return await dashboards.redeem(call.state, call.request.headers.get(dashboards.PROCESS_HEADER), call.body.ticket)


async def _readers(call: Call) -> dashboards.DashboardReaders:
    return await dashboards.alive(call.state, call.request.headers.get(dashboards.PROCESS_HEADER), call.body.sessions)


async def _figure(call: Call) -> figures.FigureTable:
    return await figures.figure(call.state, call.viewer, call.path["measure"], call.query)


async def _me(call: Call) -> r.Me:
    return await sessions.me(call.state, call.signed_in)


async def _problems(call: Call) -> list[r.ProblemKind]:
    return [
        r.ProblemKind(code=code, status=told.status, title={"fr": told.fr, "en": told.en})
        for code, told in TABLE.items()
    ]


async def _download(call: Call) -> Response:
    file = await files.download(call.state, call.viewer, call.id)
    disposition = f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Length": str(file.size), "Cache-Control": "no-store"}
    return StreamingResponse(file.pieces, headers=headers, media_type=file.media_type)


async def _file(call: Call) -> Reply:
    filed = await filing.file(call.state, call.anybody, call.body, attempt=call.attempt)
    return Reply(filed, headers={"Location": f"/api/v1/dossiers/{filed.id}"})


async def _own(call: Call) -> r.DossierPage:
    return await dossiers.own(call.state, call.viewer)


async def _dossier(call: Call) -> Reply:
    view = await dossiers.view(call.state, call.viewer, call.dossier, locale=call.locale)
    draft = view.state == "draft" and view.scratch is not None
    return Reply(view, etag=view.scratch.revision if draft and view.scratch else view.version)


async def _change(call: Call) -> Reply:
    kept = await filing.change(call.state, call.viewer, call.dossier, call.body, seen=call.version)
    return Reply(kept, etag=kept.revision)


async def _submit(call: Call) -> r.Filed:
    seen, attempt = call.seen, call.attempt
    return await filing.submit(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt)


async def _timeline(call: Call) -> r.Timeline:
    return await dossiers.steps(call.state, call.viewer, call.dossier)


async def _messages(call: Call) -> r.MessagePage:
    return await dossiers.conversation(call.state, call.viewer, call.dossier)


async def _write(call: Call) -> Reply:
    seen, attempt = call.seen, call.attempt
    return _done(await acting.write(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _complete(call: Call) -> Reply:
    seen, attempt = call.seen, call.attempt
    return _done(await filing.complete(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _brief(call: Call) -> r.Brief:
    return await dossiers.brief(call.state, call.viewer, call.dossier)


async def _typing(call: Call) -> Reply:
    typed = await dossiers.typing(call.state, call.viewer, call.dossier)
    return Reply(typed, etag=typed.revision)


async def _keep_typing(call: Call) -> Reply:
    body, seen = call.body.body, call.version
    typed = await dossiers.keep_typing(call.state, call.viewer, call.dossier, body, seen=seen)
    return Reply(typed, etag=typed.revision)


async def _queue(call: Call) -> Reply:
    asked = call.query
    page = await queues.page(
        call.state, call.viewer, call.path["view"], service=asked.service, q=asked.q, page=asked.page, ids=asked.ids
    )
    return Reply(page, headers=_link(call, page.next))


async def _colleagues(call: Call) -> r.ColleaguePage:
    return await queues.colleagues(call.state, call.viewer, call.query.service)


async def _services(call: Call) -> services.ServicePage:
    return await services.services(call.state, call.viewer)


async def _claim(call: Call) -> Reply:
    return _done(await acting.claim(call.state, call.viewer, call.dossier, seen=call.version, attempt=call.attempt))


async def _release(call: Call) -> Reply:
    return _done(await acting.release(call.state, call.viewer, call.dossier, seen=call.version, attempt=call.attempt))


async def _assign(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await acting.assign(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _reroute(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await acting.reroute(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _start_review(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await acting.start_review(call.state, call.viewer, call.dossier, seen=seen, attempt=attempt))


async def _do(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await process.act(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _do_task(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await process.do_task(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _ask_completion(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(
        await acting.ask_completion(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt)
    )


async def _decide(call: Call) -> Reply:
    seen, attempt = call.version, call.attempt
    return _done(await acting.decide(call.state, call.viewer, call.dossier, call.body, seen=seen, attempt=attempt))


async def _take_over(call: Call) -> Reply:
    return _done(await acting.take_over(call.state, call.viewer, call.dossier, seen=call.version, attempt=call.attempt))


async def _hand_back(call: Call) -> Reply:
    return _done(await acting.hand_back(call.state, call.viewer, call.dossier, seen=call.version, attempt=call.attempt))


async def _declare(call: Call) -> Reply:
    made = await absences.declare(call.state, call.viewer, call.body, attempt=call.attempt)
    return Reply(made, headers={"Location": f"/api/v1/absences/{made.id}"})


async def _absences(call: Call) -> absence_views.AbsencePage:
    return await absences.absences(call.state, call.viewer)


async def _absence(call: Call) -> absence_views.AbsenceView:
    return await absences.absence(call.state, call.viewer, call.id)


async def _cancel(call: Call) -> absence_views.AbsenceView:
    return await absences.cancel(call.state, call.viewer, call.id)


async def _take_over_all(call: Call) -> absence_views.TakeOverAll:
    return await absences.take_over_all(call.state, call.viewer, call.id, attempt=call.attempt)


async def _digest(call: Call) -> absence_views.Digest:
    return await absences.returned(call.state, call.viewer, call.id)


def _done(acted: r.Acted) -> Reply:
    return Reply(acted, etag=acted.version)


def _link(call: Call, following: str | None) -> dict[str, str]:
    """The next page as an address too (RFC 8288)."""
    if following is None:
        return {}
    url = call.request.url.include_query_params(page=following)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}


def _act(
    name: str, does: str, call: Handler, *, takes: type | None = None, refuses: tuple[str, ...] = _ACT
) -> Operation:
    return Operation(
        method="POST", path=f"/dossiers/{{id}}/{name}", name=name.replace("-", "_"), does=does, call=call,
        takes=takes or inputs.Nothing, gives=r.Acted, if_match="must", once=True, etag=True,
        refuses=(*refuses, "invalid") if takes else refuses,
    )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST", path="/session", name="sign_in", does="Sign in, by password or tracking code", call=_sign_in,
        takes=inputs.SignIn, gives=r.SessionOpened, status=201, needs="anybody", forgives=True,
        refuses=("bad_credentials", "invalid", "too_many_requests"),
    ),
    Operation(method="DELETE", path="/session", name="sign_out", does="End the session", call=_sign_out, status=204),
    Operation(method="GET", path="/me", name="me", does="Who is signed in", call=_me, gives=r.Me),
    Operation(
        method="GET", path="/problems", name="problems", does="Every problem that may be answered", call=_problems,
        gives=list[r.ProblemKind], needs="anybody", forgives=True,
    ),
    *CATALOGUE,
    Operation(
        method="POST", path="/documents", name="upload", does="Store a file, to be attached by answers",
        call=uploads.upload, gives=r.Document, status=201, needs="anybody", once=True, upload=True,
        refuses=("not_found",),
    ),
    Operation(
        method="GET", path="/documents/{id}", name="download", does="A file of a dossier", call=_download,
        answers="application/octet-stream",
    ),
    Operation(method="GET", path="/dossiers", name="own_dossiers", does="One's own dossiers", call=_own,
              gives=r.DossierPage, refuses=("not_found",)),
    Operation(
        method="POST", path="/dossiers", name="file", does="File a request, or begin a draft", call=_file,
        takes=inputs.NewDossier, gives=r.Filed, status=201, needs="anybody", once=True, refuses=_FILE,
    ),
    Operation(method="GET", path="/dossiers/{id}", name="dossier", does="One dossier, or draft", call=_dossier,
              gives=r.DossierView, etag=True),
    Operation(
        method="PATCH", path="/dossiers/{id}", name="change_draft", does="Keep a draft's answers", call=_change,
        takes=inputs.DraftChange, gives=r.Scratch, if_match="must", etag=True,
        refuses=("not_allowed", "wrong_state"),
    ),
    Operation(
        method="POST", path="/dossiers/{id}/submit", name="submit", does="File a draft", call=_submit,
        takes=inputs.Submission, gives=r.Filed, if_match="may", once=True, refuses=(*_FILE, "wrong_state"),
    ),
    Operation(method="GET", path="/dossiers/{id}/timeline", name="timeline", does="What happened to it",
              call=_timeline, gives=r.Timeline),
    Operation(method="GET", path="/dossiers/{id}/messages", name="messages", does="The conversation",
              call=_messages, gives=r.MessagePage),
    Operation(
        method="POST", path="/dossiers/{id}/messages", name="write", does="Write to the other side", call=_write,
        takes=inputs.NewMessage, gives=r.Acted, status=201, if_match="may", once=True, etag=True,
        refuses=(*_ACT, "invalid"),
    ),
    Operation(
        method="POST", path="/dossiers/{id}/complete", name="complete", does="Answer a request for completion",
        call=_complete, takes=inputs.Completion, gives=r.Acted, if_match="may", once=True, etag=True,
        refuses=("not_allowed", "wrong_state", "invalid"),
    ),
    Operation(method="GET", path="/dossiers/{id}/brief", name="brief", does="One screen before taking it over",
              call=_brief, gives=r.Brief, refuses=("not_allowed", "wrong_state")),
    Operation(method="GET", path="/dossiers/{id}/scratch/reply", name="typing", does="The reply not sent yet",
              call=_typing, gives=r.Scratch, etag=True, refuses=("not_allowed",)),
    Operation(
        method="PUT", path="/dossiers/{id}/scratch/reply", name="keep_typing", does="Keep the reply not sent yet",
        call=_keep_typing, takes=inputs.Typed, gives=r.Scratch, if_match="must", etag=True, refuses=("not_allowed",),
    ),
    Operation(
        method="GET", path="/queues/{view}", name="queue", does="One page of a queue, with counts and position",
        call=_queue, query=parameters.Queue, gives=r.QueuePage, refuses=("not_allowed", "bad_position"),
    ),
    Operation(method="GET", path="/agents", name="colleagues", does="The agents of one's services", call=_colleagues,
              query=parameters.OfService, gives=r.ColleaguePage, refuses=("not_allowed", "not_found")),
    Operation(method="GET", path="/services", name="services", does="Every service, by directorate", call=_services,
              gives=services.ServicePage, refuses=("not_allowed",)),
    _act("claim", "Take a dossier that nobody holds", _claim),
    _act("release", "Put it back for the service", _release),
    _act("assign", "Give it to an agent of its service", _assign, takes=inputs.Assignment),
    _act("reroute", "Give it to the service that must answer", _reroute, takes=inputs.Rerouting),
    _act("start-review", "Begin to examine it", _start_review),
    _act("act", "Do an action of its procedure's process", _do, takes=process.Chosen, refuses=_DO),
    _act("do-task", "Say that a task of its procedure's process is done", _do_task, takes=process.Done),
    _act("ask-completion", "Ask the citizen for what is missing", _ask_completion, takes=inputs.Asked),
    _act("decide", "Answer the request", _decide, takes=inputs.Decision),
    _act("take-over", "Go on in the place of somebody who is away", _take_over, refuses=_TAKE),
    _act("hand-back", "Give it back to who has returned", _hand_back, refuses=_TAKE),
    Operation(
        method="POST", path="/absences", name="declare_absence", does="Declare an absence", call=_declare,
        takes=inputs.NewAbsence, gives=absence_views.AbsenceView, status=201, once=True,
        refuses=("not_allowed", "not_found", "invalid", "absences_overlap"),
    ),
    Operation(method="GET", path="/absences", name="absences", does="One's own and one's services' absences",
              call=_absences, gives=absence_views.AbsencePage, refuses=("not_allowed",)),
    Operation(method="GET", path="/absences/{id}", name="absence", does="One absence", call=_absence,
              gives=absence_views.AbsenceView, refuses=("not_allowed",)),
    Operation(method="DELETE", path="/absences/{id}", name="cancel_absence", does="Cancel it, or end it now",
              call=_cancel, gives=absence_views.AbsenceView, refuses=("not_allowed", "wrong_state")),
    Operation(
        method="POST", path="/absences/{id}/take-over", name="take_over_all", does="Take all its dossiers over",
        call=_take_over_all, takes=inputs.Nothing, gives=absence_views.TakeOverAll, once=True, refuses=("not_allowed",),
    ),
    Operation(method="GET", path="/absences/{id}/digest", name="digest", does="What happened to its dossiers",
              call=_digest, gives=absence_views.Digest, refuses=("not_allowed",)),
    Operation(
        method="GET", path="/figures/{measure}", name="figure", does="A published measure, for who directs or manages",
        call=_figure, query=parameters.Figure, gives=figures.FigureTable,
        refuses=("not_allowed", "figures_not_ready"),
    ),
    Operation(method="POST", path="/dashboards/tickets", name="dashboard_ticket", does="Open the dashboards, once",
              call=_ticket, gives=dashboards.DashboardTicket, status=201, refuses=("not_allowed",)),
    Operation(
        method="POST", path="/dashboards/readers", name="dashboard_reader", does="The dashboards process: whose it is",
        call=_redeem, takes=inputs.Ticket, gives=dashboards.DashboardReader, needs="anybody", forgives=True,
        refuses=("not_allowed", "not_found"),
    ),
    Operation(
        method="POST", path="/dashboards/readers/alive", name="dashboard_readers", needs="anybody", forgives=True,
        does="The dashboards process: which sessions still live", call=_readers, takes=inputs.Asking,
        gives=dashboards.DashboardReaders, refuses=("not_allowed",),
    ),
    *STUDIO,
    *REVISIONS,
)  # fmt: skip
