"""What notebooks are built from: the page, its charts each with its table, the refresh; in the reader's language."""

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import altair as alt
import jinja2
import panel as pn
import polars as pl
from babel import Locale
from panel.io.resources import _env

from analytics.access import Reader
from analytics.figures import Figures, Shelf
from analytics.published import definition
from dashboards.readers import Readers
from infra.i18n import LOCALES, PARIS, Translator, translator

EVERY_MS = 500  # a page looks for new figures
INK = ("#0b5552", "#c2571a", "#3b6fb6", "#8a5a9e", "#7a7a1f", "#a83250")
OTHERS = "#8c9694"
LINE_PX = 40  # of a name and the bar under it
BAR_PX = 12
# Names stand above their bars, so that a phone's whole width is left to these.
NAMES = alt.Axis(
    title=None, labelAlign="left", labelPadding=0, labelOffset=-14, labelLimit=0, ticks=False, domain=False, grid=False
)
COUNTS = alt.Axis(format=",d", tickMinStep=1)
MONTHS = alt.Axis(format="%b %Y", tickCount="month", labelOverlap="greedy", labelSeparation=8)
DAY = "%-d %B %Y"
LANGUAGE = "langue"  # of the address: the desk's page and the dashboards that it frames speak one language

_house: dict[str, Any] = {}

Draw = Callable[[Figures, Reader, Translator], Sequence[Any]]


def furnish(shelf: Shelf, readers: Readers) -> None:
    """What every page of this process reads from. Called once, before notebooks are served."""
    _house.update(shelf=shelf, readers=readers)


def today() -> date:
    """The local date."""
    return datetime.now(PARIS).date()


def page(title: Callable[[Translator], str], draw: Draw) -> pn.Column:
    """A page that `draw` fills, and fills again when there are new figures, for the reader of this session.

    The reader's rights are those of the instant. One who may read no more gets nothing, whatever the socket still does.
    """
    pn.extension("vega")
    document: Any = pn.state.curdoc
    session = UUID(document.session_context.token_payload["reader"])
    t = translator(_language(document.session_context.request.arguments, session))
    document.template = _template(t.locale)
    document.title = f"{title(t)} – Relais"
    body = pn.Column(sizing_mode="stretch_width")
    told = pn.pane.HTML("", sizing_mode="stretch_width", stylesheets=[_STYLE])
    shown: list[Any] = [None]

    def refresh() -> None:
        known = _house["readers"].known(session)
        if known is None:
            body.clear()
            return
        figures: Figures = _house["shelf"].now()
        if shown[0] == (figures.version, known.rights, today()):
            return
        parts = draw(figures, known.rights, t)
        if len(parts) == len(body) and all(type(old) is type(new) for old, new in zip(body, parts, strict=True)):
            for old, new in zip(body, parts, strict=True):
                _update(old, new)
        else:
            body[:] = list(parts)
        shown[0] = (figures.version, known.rights, today())
        told.object = f"<p role='status'>{html.escape(_freshness(figures, t))}</p>"

    refresh()
    pn.state.add_periodic_callback(refresh, period=EVERY_MS)
    head = pn.pane.HTML(f"<h1>{html.escape(title(t))}</h1>", sizing_mode="stretch_width", stylesheets=[_STYLE])
    return pn.Column(head, told, body, sizing_mode="stretch_width", margin=(0, 16))


def _language(arguments: Mapping[str, list[bytes]], session: UUID) -> str:
    """The one that the address says, else the account's."""
    said = b"".join(arguments.get(LANGUAGE, [])).decode("ascii", "replace")
    known = _house["readers"].known(session)
    return said if said in LOCALES or known is None else str(known.locale)


def _freshness(figures: Figures, t: Translator) -> str:
    if figures.at is None:
        return t("Aucun dossier n’est encore compté.")
    return t("Tout ce qui s’est passé jusqu’au {moment} est compté.").format(moment=t.moment(figures.at))


def _update(old: Any, new: Any) -> None:
    """New figures in the same place: the reader's scroll and focus stay."""
    if isinstance(old, pn.Column):
        for inner, fresh in zip(old, new, strict=True):
            _update(inner, fresh)
    elif old.object != new.object:
        old.object = new.object


def numbers(t: Translator, *each: tuple[str, int]) -> pn.pane.HTML:
    """A few counts in a row: (what, how many)."""
    cells = "".join(
        f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(t.number(value))}</dd></div>" for what, value in each
    )
    return pn.pane.HTML(f"<dl class='numbers'>{cells}</dl>", sizing_mode="stretch_width", stylesheets=[_STYLE])


def chart(
    t: Translator,
    title: str,
    measure: Callable[..., Any],
    drawing: alt.Chart | alt.LayerChart | alt.FacetChart,
    table: pl.DataFrame,
    *,
    lines: int | None = None,
) -> pn.Column:
    """A chart with what it means (the measure's definition), and the same figures as a table: `table`'s columns are its
    headings in the reader's language. `lines`: of a chart that has one for each name."""
    means = html.escape(definition(measure)[t.locale])
    height = 280 if lines is None else max(lines, 1) * LINE_PX
    spec = drawing.properties(width="container", height=height, description=title).configure(
        locale=_vega(t.locale), font=_FONT, axis={"labelFontSize": 13, "titleFontSize": 13}
    )
    return pn.Column(
        pn.pane.HTML(f"<h2>{html.escape(title)}</h2><p>{means}</p>", sizing_mode="stretch_width", stylesheets=[_STYLE]),
        pn.pane.Vega(spec.to_dict(), sizing_mode="stretch_width", show_actions=False),
        pn.pane.HTML(_table(t, title, table), sizing_mode="stretch_width", stylesheets=[_STYLE]),
        sizing_mode="stretch_width",
    )


def _table(t: Translator, title: str, rows: pl.DataFrame) -> str:
    sides = [" class='number'" if kind.is_numeric() else "" for kind in rows.dtypes]
    heads = "".join(
        f"<th scope='col'{side}>{html.escape(name)}</th>" for name, side in zip(rows.columns, sides, strict=True)
    )
    lines = "".join(
        f"<tr>{''.join(f'<td{side}>{_cell(t, value)}</td>' for value, side in zip(row, sides, strict=True))}</tr>"
        for row in rows.iter_rows()
    )
    opener = html.escape(t("Les mêmes chiffres en tableau"))
    return (
        f"<details><summary>{opener}</summary>"
        f"<div class='scroll' tabindex='0' role='group' aria-label='{html.escape(title, quote=True)}'>"
        f"<table><caption>{html.escape(title)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></details>"
    )


def _cell(t: Translator, value: object) -> str:
    if value is None:
        why, hidden = html.escape(t("Moins de cinq dossiers"), quote=True), html.escape(t("caché"))
        return f"<span title='{why}'>{hidden}</span>"
    if isinstance(value, date):
        return html.escape(t.short_day(value))
    if isinstance(value, float):
        return html.escape(t.tenths(value))
    return html.escape(t.number(value) if isinstance(value, int) else str(value))


_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_PAGE_STYLE = f"body {{ font: 1rem/1.5 {_FONT}; color: #1c2423 }}"
# Bokeh draws each part in a shadow of its own: the page's style reaches its font and colour, and no more.
_STYLE = """
:host { font-size: 1rem }
h1 { font-size: 1.75rem; margin: 1rem 0 0 }
h2 { font-size: 1.25rem; margin: 2rem 0 .25rem }
p { margin: 0 0 .5rem; max-width: 75ch }
.numbers { display: flex; flex-wrap: wrap; gap: .75rem; margin: .5rem 0 }
.numbers div { display: flex; flex-direction: column-reverse; padding: .75rem 1.25rem; border: 1px solid #cfd8d6;
  border-radius: .5rem }
.numbers dd { margin: 0; font-size: 1.8rem; line-height: 1.2; font-weight: bold }
summary { padding: .25rem 0; color: #0b5552; cursor: pointer }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; padding: .5rem .75rem; font-weight: bold }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #e3e8e7 }
th.number, td.number { text-align: right }
"""


@cache
def _vega(locale: str) -> dict[str, Any]:
    """How charts write numbers and dates, from the Unicode Consortium's data (d3-format's and d3-time-format's words)."""
    told = Locale.parse("fr_FR" if locale == "fr" else "en_GB")
    symbols = told.number_symbols["latn"]
    days, months = told.days["format"], told.months["format"]

    def week(width: str) -> list[str]:
        return [days[width][each] for each in (6, 0, 1, 2, 3, 4, 5)]  # from Sunday

    return {
        "number": {
            "decimal": symbols["decimal"], "thousands": symbols["group"], "grouping": [3], "currency": ["", "\u00a0€"],
        },
        "time": {
            "dateTime": "%A %e %B %Y %X", "date": "%d/%m/%Y", "time": "%H:%M:%S", "periods": ["", ""],
            "days": week("wide"), "shortDays": week("abbreviated"),
            "months": [months["wide"][each] for each in range(1, 13)],
            "shortMonths": [months["abbreviated"][each] for each in range(1, 13)],
        },
    }  # fmt: skip


@cache
def _template(locale: str) -> jinja2.Template:
    """Panel's own page in this language (which is written in the middle of a tag, out of reach of any block), fit for a
    phone, its content in its one landmark."""
    page = Path(_env.get_template("base.html").filename or "").read_text(encoding="utf-8")
    for found, put in (
        ('lang="en"', f'lang="{locale}"'),
        ('<meta charset="utf-8">', '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
        ("{%  endblock resources %}", f"<style>{_PAGE_STYLE}</style>{{%  endblock resources %}}"),
        ("{%    block contents %}", "<main>{%    block contents %}"),
        ("{%    endblock contents %}", "{%    endblock contents %}</main>"),
    ):
        if page.count(found) != 1:
            raise RuntimeError(f"Panel's page has changed: {found}")
        page = page.replace(found, put)
    made: jinja2.Template = _env.from_string(page)
    return made
