"""Signing in and out, and following a request by its tracking code."""

from collections.abc import Mapping

from starlette.responses import Response

from api import sessions
from api.demo import people
from api.inputs import SignIn
from casework.errors import BadCredentials, Refused
from web.page import Page, drop_session, local_path, set_session

DEMO_PASSWORD = "demo"  # noqa: S105 - shown on the page, in demo mode alone


async def form(page: Page) -> Response:
    """The sign-in page; in demo mode it names its people."""
    if page.session is not None and page.query.get("suite") is None and page.viewer.kind != "follower":
        return page.go(_home(page.viewer.kind))
    return await _form(page, suite=page.query.get("suite", ""))


async def sign_in(page: Page) -> Response:
    """Open a session, and go back to where one was going."""
    posted = await page.form()
    email, suite = str(posted.get("email") or "").strip()[:254], str(posted.get("suite") or "")
    password = str(posted.get("password") or "")[:1000]
    if not email or not password:
        return await _form(
            page, suite=suite, email=email, wrong=page.t("Indiquez votre adresse et votre mot de passe.")
        )
    try:
        opened = await sessions.open_session(page.state, SignIn(email=email, password=password), address=_address(page))
    except BadCredentials:
        return await _form(page, suite=suite, email=email, wrong=page.t("Adresse ou mot de passe incorrect."))
    except Refused as refused:
        if refused.code != "too_many_requests":
            raise
        wrong = page.t("Trop d’essais : patientez une minute avant de recommencer.")
        return await _form(page, suite=suite, email=email, wrong=wrong, status=429)
    response = page.go(local_path(suite, _home(opened.session.viewer.kind)))
    set_session(page, response, opened.token)
    return response


async def sign_out(page: Page) -> Response:
    """End the session, everywhere it is used."""
    if page.session is not None:
        await sessions.end_session(page.state, page.session)
    response = page.go("/")
    drop_session(page, response)
    return response


async def follow_form(page: Page) -> Response:
    """Asking for a tracking code."""
    return page.show("portal/follow.html", code=page.query.get("code", ""), email="", wrong=None)


async def follow(page: Page) -> Response:
    """Open the one request that a tracking code opens."""
    posted = await page.form()
    code, email = str(posted.get("code") or "").strip()[:40], str(posted.get("email") or "").strip()[:254]
    wrong, status = page.t("Ce code et cette adresse ne correspondent à aucune demande."), 422
    if code and email:
        try:
            asked = SignIn(email=email, tracking_code=code)
            opened = await sessions.open_session(page.state, asked, address=_address(page))
        except BadCredentials:
            pass
        except Refused as refused:
            if refused.code != "too_many_requests":
                raise
            wrong, status = page.t("Trop d’essais : patientez une minute avant de recommencer."), 429
        else:
            response = page.go(f"/dossiers/{opened.session.viewer.only}")
            set_session(page, response, opened.token)
            return response
    else:
        wrong = page.t("Indiquez le code de suivi et l’adresse électronique donnée dans la demande.")
    return page.show("portal/follow.html", status=status, code=code, email=email, wrong=wrong)


async def _form(
    page: Page, *, suite: str, email: str = "", wrong: str | None = None, status: int | None = None
) -> Response:
    known = await people(page.state) if page.state.settings.demo else ()
    named = [(each, _job(each.email, page)) for each in known]
    return page.show(
        "portal/sign_in.html",
        status=status or (422 if wrong else 200),
        suite=local_path(suite, "") if suite else "",
        email=email,
        wrong=wrong,
        people=named,
        password=DEMO_PASSWORD,
        # A live page knows that its session is over before a process that found it a second ago does.
        expired=page.expired or page.query.get("fin") == "session",
    )


def _job(email: str, page: Page) -> str:
    """What the named people of the demo do there."""
    _ = page.t.gettext
    jobs: Mapping[str, str] = {
        "amina": _("usagère : dépose et suit ses demandes"),
        "paul": _("agent de l’état civil"),
        "ines": _("agente de l’état civil, collègue de Paul"),
        "claire": _("responsable de l’état civil"),
        "hugo": _("directeur : tableaux de bord"),
        "lea": _("conceptrice de démarches"),
        "root": _("administratrice de la plateforme"),
    }
    return jobs.get(email.partition("@")[0], "")


def _home(kind: str) -> str:
    return "/agent" if kind == "agent" else "/mes-demandes"


def _address(page: Page) -> str:
    client = page.request.client
    return client.host if client else ""
