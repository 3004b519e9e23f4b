"""The parts of a page, in each language: numbers, dates, definitions, what is hidden."""

from datetime import date
from typing import Any

import altair as alt
import polars as pl
import pytest

from analytics import measures
from analytics.published import definition
from dashboards import blocks
from infra.i18n import translator

ROWS = pl.DataFrame(
    {"week": [date(2026, 8, 31), None], "received": [12_345, None], "median": [36.0, 4.25]},
    schema={"week": pl.Date, "received": pl.Int64, "median": pl.Float64},
)
WRITTEN = {
    "fr": ("31\u00a0août 2026", "12\u202f345", "36,0", "4,2", "caché", "Moins de cinq dossiers"),
    "en": ("31 Aug 2026", "12,345", "36.0", "4.2", "hidden", "Fewer than five dossiers"),
}
DRAWN = {"fr": (",", "\u202f", "lundi", "août"), "en": (".", ",", "Monday", "August")}


@pytest.mark.parametrize("language", WRITTEN)
def test_a_chart_and_its_table_are_written_in_the_readers_language(language: str) -> None:
    drawing = alt.Chart(ROWS).mark_bar().encode(x="week:T", y="received:Q")
    parts: Any = blocks.chart(translator(language), "Titre <b>", measures.volumes, drawing, ROWS)
    head, picture, table = parts
    assert definition(measures.volumes)[language].partition(":")[0].strip() in head.object
    for words in WRITTEN[language]:
        assert words in table.object
    assert table.object.count("class='number'") == 2 + 2 * ROWS.height, "figures stand on the right"
    assert "<b>" not in head.object + table.object, "words are escaped"
    locale = picture.object["config"]["locale"]
    days, months = locale["time"]["days"], locale["time"]["months"]
    assert (locale["number"]["decimal"], locale["number"]["thousands"], days[1], months[7]) == DRAWN[language]
    assert picture.object["description"] == "Titre <b>", "what is said of a picture that is not seen"


@pytest.mark.parametrize(("language", "written"), [("fr", "1\u202f234"), ("en", "1,234")])
def test_counts_are_written_in_the_readers_language(language: str, written: str) -> None:
    shown = blocks.numbers(translator(language), ("a & b", 1234))
    assert f"<dd>{written}</dd>" in shown.object
    assert "<dt>a &amp; b</dt>" in shown.object
