"""The parts of the overview: a published measure, for the reader, and its drawing in the reader's language."""

import altair as alt
import panel as pn
import polars as pl

from analytics import measures, published
from analytics.access import Reader
from analytics.figures import Figures
from analytics.published import alphabetical
from dashboards import blocks
from infra.i18n import Translator

MOST_COLOURS = 6  # directorates that a chart tells apart; its table names all of them


def title(t: Translator) -> str:
    """What the page is called."""
    return t("Vue d’ensemble")


def now(figures: Figures, reader: Reader, t: Translator) -> pn.pane.HTML:
    """The counts of this instant, and of this week, over what the reader directs."""
    today = blocks.today()
    row = published.now(figures, reader, published.usual(today)).collect().row(0, named=True)
    week = published.Asked(first=published.monday(today), last=today, by="procedure")
    received = published.volumes(figures, reader, week).select(pl.col("received").sum()).collect().item()
    return blocks.numbers(
        t,
        (t("en cours"), row["open"]),
        (t("en retard"), row["late"]),
        (t("à reprendre"), row["uncovered"]),
        (t("reçues cette semaine"), received),
    )


def volumes(figures: Figures, reader: Reader, t: Translator) -> pn.Column:
    """Received by week and directorate, the whole community."""
    rows = published.volumes(figures, reader, published.usual(blocks.today())).collect()
    others, received = t("Autres directions"), pl.col("received").sum()
    seen = rows.filter(pl.col("received") > 0)
    sizes = seen.group_by("directorate").agg(received).sort("received", "directorate", descending=[True, False])
    named = sizes["directorate"].head(MOST_COLOURS).to_list()
    told_apart = pl.when(pl.col("directorate").is_in(named)).then("directorate").otherwise(pl.lit(others))
    drawn = seen.group_by("week", told_apart.alias("directorate")).agg(received).sort("week", "directorate")
    domain = [*named, *([others] if sizes.height > MOST_COLOURS else [])]
    colours = alt.Scale(domain=domain, range=[*blocks.INK[: len(named)], blocks.OTHERS])
    drawing = (
        alt.Chart(drawn)
        .mark_bar()
        .encode(
            x=alt.X("week:T", title=t("Semaine du"), axis=blocks.MONTHS),
            y=alt.Y("received:Q", title=t("Demandes reçues"), axis=blocks.COUNTS),
            color=alt.Color(
                "directorate:N",
                title=t("Direction"),
                scale=colours,
                legend=alt.Legend(orient="bottom", direction="vertical", columns=1, labelLimit=0, labelFontSize=13),
            ),
            tooltip=[
                alt.Tooltip("week:T", title=t("Semaine du"), format=blocks.DAY),
                alt.Tooltip("directorate:N", title=t("Direction")),
                alt.Tooltip("received:Q", title=t("Reçues"), format=",d"),
            ],
        )
    )
    table = rows.sort("week", alphabetical("directorate"), descending=[True, False]).select(
        pl.col("week").alias(t("Semaine du")),
        pl.col("directorate").alias(t("Direction")),
        pl.col("received").alias(t("Reçues")),
    )
    return blocks.chart(t, t("Demandes reçues par semaine"), measures.volumes, drawing, table)


def backlog(figures: Figures, reader: Reader, t: Translator) -> pn.Column:
    """Open at the end of each day, over what the reader directs."""
    rows = published.backlog(figures, reader, published.usual(blocks.today())).collect()
    drawing = (
        alt.Chart(rows)
        .mark_area(color=blocks.INK[0], opacity=0.6, line=True)
        .encode(
            x=alt.X("day:T", title=t("Jour"), axis=blocks.MONTHS),
            y=alt.Y("open:Q", title=t("Dossiers en cours"), axis=blocks.COUNTS),
            tooltip=[
                alt.Tooltip("day:T", title=t("Jour"), format=blocks.DAY),
                alt.Tooltip("open:Q", title=t("Dossiers en cours"), format=",d"),
            ],
        )
    )
    table = rows.reverse().head(60).select(pl.col("day").alias(t("Jour")), pl.col("open").alias(t("Dossiers en cours")))
    return blocks.chart(t, t("Dossiers en cours"), measures.backlog, drawing, table)


def delays_by_directorate(figures: Figures, reader: Reader, t: Translator) -> pn.Column:
    """Median and P90, the whole community by directorate."""
    rows = published.time_to_decision(figures, reader, published.usual(blocks.today())).collect()
    named = rows.rename({"directorate": "what"})
    return _delays(t, t("Délai de décision par direction"), named, t("Direction"))


def delays_by_procedure(figures: Figures, reader: Reader, t: Translator) -> pn.Column:
    """Median and P90 of the procedures that the reader directs."""
    rows = published.time_to_decision(figures, reader, published.usual(blocks.today(), "procedure")).collect()
    named = rows.with_columns(what=pl.col("procedure" if t.locale == "fr" else "procedure_en"))
    return _delays(t, t("Délai de décision par démarche"), named.sort(alphabetical("what")), t("Démarche"))


def continuity(figures: Figures, reader: Reader, t: Translator) -> pn.Column:
    """Taken over, and how long they had waited, the whole community by directorate."""
    rows = published.continuity(figures, reader, published.usual(blocks.today())).collect()
    shown = rows.filter(pl.col("taken_over").is_not_null())
    drawing = (
        alt.Chart(shown)
        .mark_bar(color=blocks.INK[1], height=blocks.BAR_PX)
        .encode(
            y=alt.Y("directorate:N", axis=blocks.NAMES, sort=shown["directorate"].to_list()),
            x=alt.X("taken_over:Q", title=t("Dossiers repris en douze mois"), axis=blocks.COUNTS),
            tooltip=[
                alt.Tooltip("directorate:N", title=t("Direction")),
                alt.Tooltip("taken_over:Q", title=t("Repris"), format=",d"),
                alt.Tooltip("wait:Q", title=t("Attente médiane (heures)"), format=".1f"),
            ],
        )
    )
    table = rows.select(
        pl.col("directorate").alias(t("Direction")),
        pl.col("taken_over").alias(t("Repris")),
        pl.col("wait").alias(t("Attente médiane (heures)")),
    )
    return blocks.chart(t, t("Continuité"), measures.continuity, drawing, table, lines=shown.height)


def _delays(t: Translator, title: str, rows: pl.DataFrame, what: str) -> pn.Column:
    median, p90 = t("Médiane (jours)"), t("90 % en moins de (jours)")
    shown = rows.filter(pl.col("decided").is_not_null())
    base = alt.Chart(shown).encode(y=alt.Y("what:N", axis=blocks.NAMES, sort=shown["what"].to_list()))
    said = alt.Tooltip("what:N", title=what)
    drawing = alt.layer(
        base.mark_rule(color=blocks.INK[0]).encode(
            x=alt.X("median:Q", title=t("Jours (● médiane, ◆ 90 % des décisions)")), x2="p90:Q"
        ),
        base.mark_point(filled=True, size=80, color=blocks.INK[0]).encode(
            x="median:Q", tooltip=[said, alt.Tooltip("median:Q", title=median, format=".1f")]
        ),
        base.mark_point(filled=True, size=80, shape="diamond", color=blocks.INK[1]).encode(
            x="p90:Q", tooltip=[said, alt.Tooltip("p90:Q", title=p90, format=".1f")]
        ),
    )
    table = rows.select(
        pl.col("what").alias(what),
        pl.col("decided").alias(t("Décidés")),
        pl.col("median").alias(median),
        pl.col("p90").alias(p90),
    )
    return blocks.chart(t, title, measures.time_to_decision, drawing, table, lines=shown.height)
