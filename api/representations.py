"""What the doors give: typed representations, the same for the REST API and for the pages.

Times are UTC (RFC 3339), dates are local (Europe/Paris), sizes are bytes. Codes are stable; sentences are the pages'.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from api.titled import Titled
from casework.dossiers.contents import Rerouted
from casework.dossiers.model import State
from casework.dossiers.queries import QueueRow

View = Literal["mine", "service", "to-take-over", "awaiting-citizen", "late"]


class Out(Struct, frozen=True, kw_only=True):
    """The base of every representation."""


class Service(Out, frozen=True, kw_only=True):
    id: UUID
    name: str


class Person(Out, frozen=True, kw_only=True):
    """Somebody, by the name to show. A citizen never reads an agent's name: `name` is then the service's."""

    id: UUID | None
    name: str


class Me(Out, frozen=True, kw_only=True):
    """Who is signed in. `id` is null for the bearer of a tracking code, whose one dossier is `dossier_id`."""

    id: UUID | None
    kind: Literal["citizen", "agent", "follower"]
    name: str
    locale: str
    roles: Sequence[str]
    services: Sequence[Service]
    managed: Sequence[UUID]
    dossier_id: UUID | None
    expires_at: datetime


class SessionOpened(Out, frozen=True, kw_only=True):
    """The token is shown once: the cookie holds it too. Machines send it as `Authorization: Bearer`."""

    token: str
    me: Me


class ProcedureSummary(Out, frozen=True, kw_only=True):
    id: UUID
    slug: str
    title: Mapping[str, str]
    summary: Mapping[str, str]
    theme: str
    service: Service
    target_days: int
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    places_left: int | None  # of its quota; null: as many as come
    waiting_list: bool


class ProcedurePage(Out, frozen=True, kw_only=True):
    items: Sequence[ProcedureSummary]
    next: str | None = None


class Commune(Out, frozen=True, kw_only=True):
    code: str
    name: str
    postal_codes: Sequence[str]


class Procedure(ProcedureSummary, frozen=True, kw_only=True):
    """A published procedure: `form` as its package defines it, `example` answers that it accepts."""

    revision: int
    form: Mapping[str, Any]
    closing: Mapping[str, str] | None  # what is said while it is closed
    drafts_until: datetime | None
    example: Mapping[str, Any]
    communes: Sequence[Commune]


class Fault(Out, frozen=True, kw_only=True):
    """Why an input does not hold: where (`address.street`), a code, and what the code's sentence needs."""

    field: str
    code: str
    params: Mapping[str, Any] = {}


class Evaluation(Out, frozen=True, kw_only=True):
    answers: Mapping[str, Any]
    visible: Sequence[str]
    required: Sequence[str]
    faults: Sequence[Fault]
    looked_up: Sequence[str]  # filled by an outside service
    declared: Sequence[str]  # asked, because that service is down
    waiting: Sequence[str]  # to be filled so, once earlier answers are there
    price: int | None = None  # cents


class Document(Out, frozen=True, kw_only=True):
    """A stored file. `claim` is given once, to a person without an account: it lets the answers refer to the file."""

    id: UUID
    filename: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    claim: str | None = None


class Answer(Out, frozen=True, kw_only=True):
    """One answered question; `shown` is its words in the language, or one line for each value."""

    field: str
    kind: str
    label: str
    page: str
    value: Any
    shown: Sequence[str]
    origin: Literal["given", "looked_up", "declared"]
    documents: Sequence[Document] = ()


class ToTakeOver(Out, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The holder is away, and the viewer may go on. `cover` null: the whole service is asked."""

    reason: str
    since: datetime
    until: datetime | None
    from_: Person
    cover: Person | None


class TimelineEntry(Out, frozen=True, kw_only=True):
    """One step. `actor` and `on_behalf_of` as this reader may know them; `set`: column → [before, after]."""

    version: int
    kind: str
    at: datetime
    side: Literal["citizen", "agent", "system"]
    actor: Person | None
    on_behalf_of: Person | None
    set: Mapping[str, tuple[Any, Any]]
    details: Mapping[str, Any]
    names: Mapping[str, str]


class Timeline(Out, frozen=True, kw_only=True):
    items: Sequence[TimelineEntry]
    next: str | None = None


class Message(Out, frozen=True, kw_only=True):
    """One text of the conversation. `fact`: a message, a request to complete, a decision."""

    version: int
    fact: str
    at: datetime
    author: Person | None
    on_behalf_of: str | None
    from_citizen: bool
    body: str


class MessagePage(Out, frozen=True, kw_only=True):
    items: Sequence[Message]
    next: str | None = None


class Scratch(Out, frozen=True, kw_only=True):
    """What the reader is typing there. `revision` is its ETag; 0: nothing yet."""

    revision: int
    body: Any
    updated_at: datetime | None


class DossierView(Out, frozen=True, kw_only=True):
    """A dossier for this reader. `acts`: what may be done to it now by this reader, as the rules have it."""

    id: UUID
    reference: str
    version: int
    state: State
    procedure: ProcedureSummary
    revision: int
    service: Service | None
    applicant: str
    applicant_email: str | None
    channel: str
    holder: Person | None
    taken_over_from: Person | None
    submitted_at: datetime | None
    due_at: datetime | None
    late: bool
    awaiting_since: datetime | None
    decided_at: datetime | None
    citizen_wrote_at: datetime | None
    last_at: datetime | None
    to_take_over: ToTakeOver | None
    rerouted: Rerouted | None = None  # for agents
    step: Titled | None = None  # of its procedure's process, inside the state
    acts: Sequence[str]
    actions: Sequence[Titled] = ()  # of the process, as `acts`
    tasks: Sequence[Titled] = ()  # to be done by the service, by the version that asked
    answers: Sequence[Answer]
    price: int | None = None  # cents, as it was when filing
    waiting: int = 0  # its place on the waiting list, from 1; 0: it has a place, or needs none
    documents: Sequence[Document]
    timeline: Sequence[TimelineEntry]
    messages: Sequence[Message]
    scratch: Scratch | None
    draft_answers: Mapping[str, Any] | None
    position: str


class Filed(Out, frozen=True, kw_only=True):
    """A new dossier, or a draft. `tracking_code` is shown once, and only where nobody was signed in."""

    id: UUID
    reference: str
    version: int
    state: State
    tracking_code: str | None = None


class Acted(Out, frozen=True, kw_only=True):
    """What an act wrote down: the fact, the dossier's new version, and the columns that changed, as they are now."""

    id: UUID
    version: int
    kind: str
    at: datetime
    changes: Mapping[str, Any]


class DossierSummary(Out, frozen=True, kw_only=True):
    """One of a citizen's own dossiers."""

    id: UUID
    reference: str
    version: int
    state: State
    procedure: Mapping[str, str]
    procedure_slug: str
    service: Service | None
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    last_at: datetime | None


class DossierPage(Out, frozen=True, kw_only=True):
    items: Sequence[DossierSummary]
    next: str | None = None
    position: str


class QueuePage(Out, frozen=True, kw_only=True):
    """One page of a queue with its counts, all of one snapshot, and that snapshot's position."""

    items: Sequence[QueueRow]
    next: str | None
    counts: Mapping[str, int]
    position: str


class Colleague(Out, frozen=True, kw_only=True):
    id: UUID
    name: str
    role: str
    away_until: datetime | None


class ColleaguePage(Out, frozen=True, kw_only=True):
    items: Sequence[Colleague]
    next: str | None = None


class OpenPoint(Out, frozen=True, kw_only=True):
    code: str
    since: datetime | None


class Brief(Out, frozen=True, kw_only=True):
    """One screen before going on with a dossier: next due act, last exchanges, open points, what was not sent."""

    dossier: QueueRow
    next_act: str
    due_at: datetime | None
    exchanges: Sequence[Message]
    open_points: Sequence[OpenPoint]
    unsent: str | None
    acts: Sequence[str]


class Missed(Out, frozen=True, kw_only=True):
    """A fact that the caller had not seen."""

    version: int
    kind: str
    at: datetime
    actor: Person | None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `code` is stable; `title` is in the reader's language."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    instance: str | None = None
    faults: Sequence[Fault] = ()
    facts: Sequence[Missed] = ()
    held_by: Person | None = None
    version: int | None = None
    state: str | None = None
    allowed: Sequence[str] = ()
    retry_after: int | None = None


class ProblemKind(Out, frozen=True, kw_only=True):
    """A problem that the API may answer."""

    code: str
    status: int
    title: Mapping[str, str]
