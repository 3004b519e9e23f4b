"""What the doors take. An unknown field is refused, so that a misspelt one is never dropped in silence."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

Text = Annotated[str, Meta(max_length=10_000)]
Line = Annotated[str, Meta(max_length=254)]
Needed = Annotated[str, Meta(min_length=1, max_length=10_000)]
Slug = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9-]+$")]


class In(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every input."""


class SignIn(In, frozen=True, kw_only=True):
    """E-mail and password; or the tracking code of a dossier and the e-mail that it was filed with."""

    email: Line
    password: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    tracking_code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class Answers(In, frozen=True, kw_only=True):
    """Answers by field, as the procedure's form asks them."""

    answers: dict[str, Any]
    claims: Annotated[dict[UUID, str], Meta(max_length=20)] = field(default_factory=dict)


class NewLink(In, frozen=True, kw_only=True):
    """Answers that a form is to come filled in with, and for how many days."""

    answers: dict[str, Any]
    days: Annotated[int, Meta(ge=1, le=90)] = 30


class NewDossier(In, frozen=True, kw_only=True):
    """A request to file at once, or (`draft`) to keep. `claims`: id → claim of documents stored without account."""

    procedure: Slug
    answers: dict[str, Any] = field(default_factory=dict)
    draft: bool = False
    claims: Annotated[dict[UUID, str], Meta(max_length=20)] = field(default_factory=dict)


class DraftChange(In, frozen=True, kw_only=True):
    """The draft's answers so far, whole, and the page (from 0) that its author is on."""

    answers: dict[str, Any]
    page: Annotated[int, Meta(ge=0, le=100)] | None = None


class Submission(In, frozen=True, kw_only=True):
    """Filing a draft: its last answers where they are not saved yet."""

    answers: dict[str, Any] | None = None
    claims: Annotated[dict[UUID, str], Meta(max_length=20)] = field(default_factory=dict)


class NewMessage(In, frozen=True, kw_only=True):
    message: Needed


class Completion(In, frozen=True, kw_only=True):
    """The citizen's answer to a request for completion."""

    message: Needed
    documents: Annotated[Sequence[UUID], Meta(max_length=20)] = ()
    claims: Annotated[dict[UUID, str], Meta(max_length=20)] = field(default_factory=dict)


class Assignment(In, frozen=True, kw_only=True):
    agent: UUID


class Rerouting(In, frozen=True, kw_only=True):
    """The service that must answer, and why, in words for its agents."""

    service: UUID
    reason: Needed


class Asked(In, frozen=True, kw_only=True):
    """Why the citizen must complete the request, in words for the citizen."""

    reason: Needed


class Decision(In, frozen=True, kw_only=True):
    """`reason` may be empty for an acceptance only."""

    outcome: Literal["accepted", "refused", "closed_without_action"]
    reason: Text = ""


class Nothing(In, frozen=True, kw_only=True):
    """An act without particulars."""


class FromHalfDay(In, frozen=True, kw_only=True, rename={"day": "date"}):
    """`now`: unplanned, from this instant (`date` is today's)."""

    day: date
    half: Literal["am", "pm", "now"]


class UntilHalfDay(In, frozen=True, kw_only=True, rename={"day": "date"}):
    day: date
    half: Literal["am", "pm"]


class NewAbsence(In, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Both ends included, noon at 12:30. `agent` is left out for one's own. Unplanned: without `from`."""

    until: UntilHalfDay
    reason: Annotated[str, Meta(max_length=500)]
    from_: FromHalfDay | None = None
    agent: UUID | None = None
    substitutes: Annotated[Sequence[UUID], Meta(max_length=20)] = ()


class Typed(In, frozen=True, kw_only=True):
    """What is typed and not sent."""

    body: Annotated[str, Meta(max_length=20_000)]


class Ticket(In, frozen=True, kw_only=True):
    """What the dashboards' address bears."""

    ticket: Annotated[str, Meta(min_length=1, max_length=100)]


class Asking(In, frozen=True, kw_only=True):
    """Sessions that have dashboards open."""

    sessions: Annotated[list[UUID], Meta(max_length=1_000)]
