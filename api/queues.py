"""The agent's queues, and the colleagues of a service."""

from collections.abc import Sequence
from uuid import UUID

from api.door import reading
from api.dossiers import agents_only
from api.pages import PAGE, mark_of, read_mark
from api.representations import Colleague, ColleaguePage, QueuePage
from api.state import State
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers import queries
from casework.dossiers.queues import VIEWS
from casework.dossiers.search import fold, words_of
from casework.errors import NotFound
from casework.journal import read

MOST_IDS = 100


async def page(
    state: State,
    viewer: Viewer,
    view: str,
    *,
    service: UUID | None = None,
    q: str = "",
    page: str | None = None,
    ids: Sequence[UUID] | None = None,
) -> QueuePage:
    """One page of a view over the agent's services, or the one chosen; newest first, 50 rows.

    `q`: words that must all be found. `ids`: only those of these dossiers that the view holds now (what changed on a
    page that is open). Rows, counts and position are of one snapshot. Raises NotAllowed, NotFound, BadPosition.
    """
    agents_only(viewer)
    if view not in VIEWS or viewer.account_id is None or (service is not None and service not in viewer.services):
        raise NotFound
    agent, services = viewer.account_id, sorted(viewer.services) if service is None else [service]
    of, secret = f"{view}:{service or ''}:{q}", state.settings.secret_key
    before = read_mark(page, of=of, secret=secret) if page is not None else None
    async with reading(state) as db:
        if ids is not None:
            rows = await queries.in_queue(db, view, agent=agent, services=services, ids=ids[:MOST_IDS])
        else:
            words = words_of(q) or (("\uffff",) if q.strip() else ())  # no folded text holds that sign
            rows = await queries.queue(
                db, view, agent=agent, services=services, words=words, before=before, most=PAGE + 1
            )
        counts = await queries.counts(db, agent=agent, services=services)
        position = await read.now(db)
    more = ids is None and len(rows) > PAGE
    shown = rows[:PAGE] if more else rows
    following = mark_of(shown[-1].submitted_at, shown[-1].id, of=of, secret=secret) if more else None
    return QueuePage(items=shown, next=following, counts=counts, position=str(position))


async def colleagues(state: State, viewer: Viewer, service: UUID | None = None) -> ColleaguePage:
    """The agents of the viewer's services (or of one of them), by name, to choose a substitute or an assignee from."""
    agents_only(viewer)
    if service is not None and service not in viewer.services:
        raise NotFound
    async with reading(state) as db:
        found = await accounts.colleagues(db, sorted(viewer.services) if service is None else [service])
    return ColleaguePage(
        items=[
            Colleague(id=each.id, name=each.name, role=each.role, away_until=each.away_until)
            for each in sorted(found, key=lambda each: fold(each.name))
        ]
    )
