"""Forms that come filled in: from a signed link, from the person's last request, from the account."""

import base64
import binascii
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from api.door import reading
from api.inputs import NewLink
from api.procedures import package_of, published_to, today
from api.representations import Fault, Out
from api.state import State
from casework.access import Viewer
from casework.accounts import queries as accounts
from casework.dossiers import contents
from casework.errors import Invalid, NotAllowed
from casework.forms.check import check
from casework.forms.model import Form
from casework.procedures.prefill import Origin, proposed

LINK_MAX = 4_000  # characters of the signed part: mail programs cut longer addresses
DAY = 86_400


class Prefill(Out, frozen=True, kw_only=True):
    """Answers to begin with, and where each comes from. Those that the form would not accept are left out."""

    answers: Mapping[str, Any]
    origins: Mapping[str, Origin]


class PrefilledLink(Out, frozen=True, kw_only=True):
    """The address of a form that comes filled in, and until when it does."""

    url: str
    until: datetime


async def prefill(state: State, viewer: Viewer, slug: str, signed: str = "") -> Prefill:
    """What this person's form begins with. A link that is mangled, old or another procedure's fills nothing in.
    Raises NotFound."""
    published = await published_to(state, viewer, slug)
    form = package_of(published).form
    async with reading(state) as db:
        citizen = viewer.account_id if viewer.kind == "citizen" else None
        account = await accounts.contact(db, viewer.account_id) if viewer.account_id else {}
        earlier = await contents.last_answers(db, citizen, published.id) if citizen else {}
        profile = await accounts.profile(db, viewer)
    link = _opened(signed, slug, state.settings.secret_key) if signed else {}
    answers, origins = proposed(form, link=link, earlier=earlier, account=account)
    wrong = {
        fault.field.partition(".")[0].partition("[")[0]
        for fault in check(form, answers, documents={}, today=today(), profile=profile).faults
    }
    kept = {name: value for name, value in answers.items() if name not in wrong}
    return Prefill(answers=kept, origins={name: origin for name, origin in origins.items() if name in kept})


async def link(state: State, viewer: Viewer, slug: str, asked: NewLink) -> PrefilledLink:
    """The address of this form filled in with these answers, for somebody else to go on with. It is signed, not secret:
    who has it reads it. Raises NotFound, NotAllowed (agents make them), Invalid."""
    if viewer.kind != "agent":
        raise NotAllowed
    published = await published_to(state, viewer, slug)
    _judge(package_of(published).form, asked.answers)
    until = int(time.time()) + asked.days * DAY
    signed = _signed(slug, asked.answers, until, state.settings.secret_key)
    if len(signed) > LINK_MAX:
        raise Invalid(faults=[Fault(field="answers", code="too_long", params={"most": LINK_MAX})])
    url = f"{state.settings.public_url}/demarches/{quote(slug)}/demande?lien={signed}"
    return PrefilledLink(url=url, until=datetime.fromtimestamp(until, UTC))


def _judge(form: Form, answers: Mapping[str, Any]) -> None:
    """Part of a form may be answered; what is answered must hold."""
    faults = check(form, answers, documents={}, today=today()).faults
    wrong: Sequence[Any] = [fault for fault in faults if fault.code != "required"]
    if wrong:
        raise Invalid(faults=wrong)


def _signed(slug: str, answers: Mapping[str, Any], until: int, secret: str) -> str:
    body = msgspec.json.encode([slug, answers, until])
    return _text(body) + "." + _text(_mac(body, secret))


def _opened(signed: str, slug: str, secret: str) -> Mapping[str, Any]:
    body, _, mac = signed.partition(".")
    try:
        raw = _bytes(body)
        if not hmac.compare_digest(_bytes(mac), _mac(raw, secret)):
            return {}
        of, answers, until = msgspec.json.decode(raw, type=tuple[str, dict[str, Any], int])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return {}
    return answers if of == slug and time.time() < until else {}


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"prefill:" + body, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
