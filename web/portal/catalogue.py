"""Home, the catalogue by theme and search, and the presentation of one procedure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from api.procedures import procedure, procedures
from api.representations import ProcedureSummary
from casework.forms.kinds import KINDS
from casework.forms.model import Wording
from casework.procedures.catalogue import load
from web.page import Page
from web.render import said

_ENDS = " \u00a0\u202f?:…"  # what a question ends with, once in a list


@dataclass(frozen=True, slots=True)
class ThemeShelf:
    """A theme and those of its procedures that are shown."""

    slug: str
    name: Wording
    procedures: tuple[ProcedureSummary, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the form, told before one begins."""

    title: str
    questions: str


async def home(page: Page) -> Response:
    """The first page: what do you want to do?"""
    found = await procedures(page.state, page.viewer)
    return page.show("portal/home.html", themes=shelves(found.items))


async def catalogue(page: Page) -> Response:
    """Every procedure, or those that hold the words looked for."""
    q = page.query.get("q", "").strip()[:100]
    found = await procedures(page.state, page.viewer, q=q)
    return page.show("portal/catalogue.html", themes=shelves(found.items), q=q, count=len(found.items))


async def presentation(page: Page) -> Response:
    """What a procedure is, what it asks, how long it takes."""
    found = await procedure(page.state, page.viewer, page.param("slug"))
    files = [
        said(field["label"], page.t) for step in found.form["pages"] for field in step["fields"] if _is_file(field)
    ]
    steps = [Step(said(step["title"], page.t), _questions(step["fields"], page)) for step in found.form["pages"]]
    return page.show("portal/procedure.html", procedure=found, steps=steps, files=", ".join(files))


async def places(page: Page) -> Response:
    """How many places are left, for the page that asks again every few seconds."""
    found = await procedure(page.state, page.viewer, page.param("slug"))
    return page.show("portal/places.html", procedure=found)


def shelves(items: Iterable[ProcedureSummary]) -> list[ThemeShelf]:
    """The procedures by theme, in the portal's order; a theme that the catalogue does not name comes last."""
    by_theme: dict[str, list[ProcedureSummary]] = {}
    for item in items:
        by_theme.setdefault(item.theme, []).append(item)
    names = {theme.slug: theme.name for theme in load().themes.values()}
    order = [slug for slug in names if slug in by_theme] + sorted(set(by_theme) - set(names))
    return [ThemeShelf(slug, names.get(slug, Wording(slug, slug)), tuple(by_theme[slug])) for slug in order]


def _is_file(field: Mapping[str, Any]) -> bool:
    return field["kind"] == "attachment" and "visible_if" not in field


def _questions(fields: Iterable[Mapping[str, Any]], page: Page) -> str:
    asked = [said(field["label"], page.t).rstrip(_ENDS) for field in fields if KINDS[field["kind"]].is_asked]
    return " · ".join(asked)
