"""What notebooks are built from: the page, its charts each with its table, the refresh. In French, as its readers."""

import html
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import altair as alt
import jinja2
import panel as pn
import polars as pl
from panel.io.resources import _env

from analytics.access import Reader
from dashboards.figures import Figures, Shelf
from dashboards.readers import Readers

EVERY_MS = 500  # a page looks for new figures
PARIS = ZoneInfo("Europe/Paris")
INK = ("#0b5552", "#c2571a", "#3b6fb6", "#8a5a9e", "#7a7a1f", "#a83250", "#3d3d3d")

_house: dict[str, Any] = {}

Draw = Callable[[Figures, Reader], Sequence[Any]]


def furnish(shelf: Shelf, readers: Readers) -> None:
    """What every page of this process reads from. Called once, before notebooks are served."""
    _house.update(shelf=shelf, readers=readers)


def today() -> date:
    """The local date."""
    return datetime.now(PARIS).date()


def page(title: str, draw: Draw) -> pn.Column:
    """A page that `draw` fills, and fills again when there are new figures, for the reader of this session.

    The reader's rights are those of the instant. One who may read no more gets nothing, whatever the socket still does.
    """
    pn.extension("vega")
    document: Any = pn.state.curdoc
    document.template = _template()
    document.title = f"{title} – Relais"
    session = UUID(document.session_context.token_payload["reader"])
    body = pn.Column(sizing_mode="stretch_width")
    told = pn.pane.HTML("", sizing_mode="stretch_width")
    shown: list[Any] = [None]

    def refresh() -> None:
        known = _house["readers"].known(session)
        if known is None:
            body.clear()
            return
        figures: Figures = _house["shelf"].now()
        if shown[0] == (figures.version, known.rights, today()):
            return
        parts = draw(figures, known.rights)
        if len(parts) == len(body) and all(type(old) is type(new) for old, new in zip(body, parts, strict=True)):
            for old, new in zip(body, parts, strict=True):
                _update(old, new)
        else:
            body[:] = list(parts)
        shown[0] = (figures.version, known.rights, today())
        told.object = f"<p role='status'>Chiffres du {datetime.now(PARIS):%d/%m/%Y à %H:%M:%S}</p>"

    refresh()
    pn.state.add_periodic_callback(refresh, period=EVERY_MS)
    head = pn.pane.HTML(f"<h1>{html.escape(title)}</h1>", sizing_mode="stretch_width")
    return pn.Column(head, told, body, sizing_mode="stretch_width", margin=(0, 16))


def _update(old: Any, new: Any) -> None:
    """New figures in the same place: the reader's scroll and focus stay."""
    if isinstance(old, pn.Column):
        for inner, fresh in zip(old, new, strict=True):
            _update(inner, fresh)
    elif old.object != new.object:
        old.object = new.object


def numbers(*each: tuple[str, int]) -> pn.pane.HTML:
    """A few counts in a row: (what, how many)."""
    cells = "".join(
        f"<div style='padding:12px 20px;border:1px solid #cfd8d6;border-radius:8px'><b style='font-size:1.8rem'>"
        f"{_number(value)}</b><br>{html.escape(what)}</div>"
        for what, value in each
    )
    return pn.pane.HTML(f"<div style='display:flex;gap:12px;flex-wrap:wrap'>{cells}</div>", sizing_mode="stretch_width")


def chart(
    title: str, definition: str, drawing: alt.Chart | alt.LayerChart | alt.FacetChart, table: pl.DataFrame
) -> pn.Column:
    """A chart with what it means, and the same figures as a table: `table`'s columns are its French headings."""
    spec = drawing.properties(width="container", height=280).to_dict()
    return pn.Column(
        pn.pane.HTML(f"<h2>{html.escape(title)}</h2><p>{html.escape(definition)}</p>", sizing_mode="stretch_width"),
        pn.pane.Vega(spec, sizing_mode="stretch_width", height=340, show_actions=False),
        pn.pane.HTML(_table(title, table), sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
    )


def definition(measure: Callable[..., Any]) -> str:
    """The published definition of a measure: its docstring up to the columns."""
    return " ".join((measure.__doc__ or "").partition("Columns:")[0].split())


def since(weeks: int) -> date:
    """The Monday that many weeks ago."""
    day = today() - timedelta(weeks=weeks)
    return day - timedelta(days=day.weekday())


def _table(title: str, rows: pl.DataFrame) -> str:
    heads = "".join(
        f"<th scope='col' style='text-align:left;padding:2px 12px'>{html.escape(name)}</th>" for name in rows.columns
    )
    lines = "".join(
        "<tr>" + "".join(f"<td style='padding:2px 12px'>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in rows.iter_rows()
    )
    return (
        f"<details><summary>Les mêmes chiffres en tableau</summary><table><caption>{html.escape(title)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></details>"
    )


def _cell(value: object) -> str:
    if value is None:
        return "<span title='Moins de cinq dossiers'>caché</span>"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float):
        return f"{value:.1f}".replace(".", ",")
    return _number(value) if isinstance(value, int) else html.escape(str(value))


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _template() -> jinja2.Template:
    """Panel's own page, in French: its language is written in the middle of a tag, out of reach of any block."""
    path = Path(_env.get_template("base.html").filename or "")
    made: jinja2.Template = _env.from_string(path.read_text(encoding="utf-8").replace('lang="en"', 'lang="fr"', 1))
    return made
