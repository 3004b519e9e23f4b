"""The parts of the overview: a measure, cut for the reader, and its drawing."""

import altair as alt
import panel as pn
import polars as pl

from analytics import access, measures
from analytics.access import Reader
from dashboards import blocks
from dashboards.figures import Figures

WEEKS = 52
_COUNT = alt.Axis(format=",d", tickMinStep=1)


def now(figures: Figures, reader: Reader) -> pn.pane.HTML:
    """The counts of this instant, over what the reader directs."""
    row = measures.now(access.detail(figures["dossiers"], reader)).collect().row(0, named=True)
    filed = measures.volumes(access.detail(figures["dossiers"], reader)).filter(pl.col("week") >= blocks.since(0))
    week = filed.select(pl.col("received").sum()).collect().item()
    return blocks.numbers(
        ("en cours", row["open"]), ("en retard", row["late"]), ("à reprendre", row["uncovered"]),
        ("reçus cette semaine", week),
    )  # fmt: skip


def volumes(figures: Figures, reader: Reader) -> pn.Column:
    """Received by week and directorate, the whole community."""
    cells = measures.volumes(figures["dossiers"].filter(access.filed()), "directorate_id").filter(
        pl.col("week") >= blocks.since(WEEKS)
    )
    rows = _named(figures, access.hide_small(cells, reader, count="received", hides=(), within=("week",)))
    drawing = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("week:T", title="Semaine du"),
            y=alt.Y("received:Q", title="Demandes reçues", axis=_COUNT),
            color=alt.Color("directorate:N", title="Direction", scale=alt.Scale(range=list(blocks.INK))),
            tooltip=[alt.Tooltip("directorate:N", title="Direction"), alt.Tooltip("received:Q", title="Reçues")],
        )
    )
    table = rows.sort("week", "directorate", descending=[True, False]).select(
        pl.col("week").alias("Semaine du"), pl.col("directorate").alias("Direction"), pl.col("received").alias("Reçues")
    )
    return blocks.chart("Demandes reçues par semaine", blocks.definition(measures.volumes), drawing, table)


def backlog(figures: Figures, reader: Reader) -> pn.Column:
    """Open at the end of each day, over what the reader directs."""
    rows = measures.backlog(access.detail(figures["dossiers"], reader), blocks.since(WEEKS), blocks.today()).collect()
    drawing = (
        alt.Chart(rows)
        .mark_area(color=blocks.INK[0], opacity=0.6, line=True)
        .encode(
            x=alt.X("day:T", title="Jour"),
            y=alt.Y("open:Q", title="Dossiers en cours", axis=_COUNT),
            tooltip=[alt.Tooltip("day:T", title="Jour"), alt.Tooltip("open:Q", title="En cours")],
        )
    )
    table = rows.reverse().head(60).select(pl.col("day").alias("Jour"), pl.col("open").alias("En cours"))
    return blocks.chart("Dossiers en cours", blocks.definition(measures.backlog), drawing, table)


def delays_by_directorate(figures: Figures, reader: Reader) -> pn.Column:
    """Median and P90, the whole community by directorate."""
    cells = measures.time_to_decision(_recent(figures["dossiers"]), "directorate_id")
    rows = _named(figures, access.hide_small(cells, reader, count="decided", hides=("median", "p90")))
    return _delays("Délai de décision par direction", rows.rename({"directorate": "what"}), "Direction")


def delays_by_procedure(figures: Figures, reader: Reader) -> pn.Column:
    """Median and P90 of the procedures that the reader directs."""
    own = access.detail(_recent(figures["dossiers"]), reader)
    rows = (
        measures.time_to_decision(own, "procedure_id")
        .join(figures["procedures"], on="procedure_id", how="left")
        .rename({"procedure": "what"})
        .sort("what")
        .collect()
    )
    return _delays("Délai de décision par démarche", rows, "Démarche")


def continuity(figures: Figures, reader: Reader) -> pn.Column:
    """Taken over, and how long they had waited, the whole community by directorate."""
    recent = figures["facts"].filter(pl.col("at") >= pl.lit(blocks.since(WEEKS)).cast(pl.Datetime("us", "UTC")))
    cells = measures.continuity(recent, figures["dossiers"], "directorate_id")
    rows = _named(figures, access.hide_small(cells, reader, count="taken_over", hides=("wait",)))
    drawing = (
        alt.Chart(rows)
        .mark_bar(color=blocks.INK[1])
        .encode(
            y=alt.Y("directorate:N", title=None),
            x=alt.X("taken_over:Q", title="Dossiers repris en douze mois", axis=_COUNT),
            tooltip=[
                alt.Tooltip("taken_over:Q", title="Repris"),
                alt.Tooltip("wait:Q", title="Attente médiane (h)", format=".1f"),
            ],
        )
    )
    table = rows.select(
        pl.col("directorate").alias("Direction"), pl.col("taken_over").alias("Repris"),
        pl.col("wait").alias("Attente médiane (heures)"),
    )  # fmt: skip
    return blocks.chart("Continuité", blocks.definition(measures.continuity), drawing, table)


def _delays(title: str, rows: pl.DataFrame, what: str) -> pn.Column:
    base = alt.Chart(rows).encode(y=alt.Y("what:N", title=None))
    drawing = alt.layer(
        base.mark_rule(color=blocks.INK[0]).encode(x=alt.X("median:Q", title="Jours"), x2="p90:Q"),
        base.mark_point(filled=True, size=80, color=blocks.INK[0]).encode(
            x="median:Q", tooltip=[alt.Tooltip("median:Q", title="Médiane (jours)", format=".1f")]
        ),
        base.mark_point(filled=True, size=80, color=blocks.INK[1]).encode(
            x="p90:Q", tooltip=[alt.Tooltip("p90:Q", title="90 % en moins de (jours)", format=".1f")]
        ),
    )
    table = rows.select(
        pl.col("what").alias(what), pl.col("decided").alias("Décidés"), pl.col("median").alias("Médiane (jours)"),
        pl.col("p90").alias("90 % en moins de (jours)"),
    )  # fmt: skip
    return blocks.chart(title, blocks.definition(measures.time_to_decision), drawing, table)


def _recent(dossiers: pl.LazyFrame) -> pl.LazyFrame:
    return dossiers.filter(pl.col("decided_at") >= pl.lit(blocks.since(WEEKS)).cast(pl.Datetime("us", "UTC")))


def _named(figures: Figures, cells: pl.LazyFrame) -> pl.DataFrame:
    directorates = figures["services"].select("directorate_id", "directorate").unique()
    return cells.join(directorates, on="directorate_id", how="left").sort("directorate").collect()
