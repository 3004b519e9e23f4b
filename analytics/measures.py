"""The figures. Each function is one measure, its docstring the published definition (French, then English, then its
columns: `analytics.published` reads it); frames in, frames out, no state.

`dossiers` and `facts` are the tables of `analytics.tables`, cut by `analytics.access` for their reader. Days and weeks
are local (Europe/Paris); durations are in days of 24 hours. tests/analytics holds a twin of each measure in plain SQL.
"""

from datetime import date

import polars as pl

LOCAL = "Europe/Paris"
OPEN_STATES = ("submitted", "under_review", "awaiting_citizen")
DECIDED_STATES = ("accepted", "refused", "closed_without_action")


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(LOCAL).dt.date()


def _days(start: str, end: str) -> pl.Expr:
    return (pl.col(end) - pl.col(start)).dt.total_microseconds() / 86_400_000_000


def volumes(dossiers: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Demandes reçues par semaine : les dossiers déposés, comptés à la semaine (lundi) de leur dépôt.

    Requests received by week: the dossiers filed, counted in the week (from Monday) of their filing.

    Columns: week (date), `by`, received.
    """
    return (
        dossiers.filter(pl.col("submitted_at").is_not_null())
        .group_by(_day("submitted_at").dt.truncate("1w").alias("week"), *by)
        .agg(received=pl.len().cast(pl.Int64))
        .sort("week", *by)
    )


def backlog(dossiers: pl.LazyFrame, first: date, last: date) -> pl.LazyFrame:
    """Dossiers en cours en fin de journée : déposés ce jour-là ou avant, et pas encore décidés à minuit.

    Dossiers under way at the end of the day: filed on that day or before, and not decided yet at midnight.

    Columns: day (each from `first` to `last`), open.
    """
    filed = dossiers.filter(pl.col("submitted_at").is_not_null())
    moves = pl.concat(
        [
            filed.select(day=_day("submitted_at"), move=pl.lit(1, pl.Int64)),
            filed.filter(pl.col("decided_at").is_not_null()).select(day=_day("decided_at"), move=pl.lit(-1, pl.Int64)),
        ]
    )
    days = pl.LazyFrame({"day": pl.date_range(first, last, "1d", eager=True)})
    start = moves.filter(pl.col("day") < first).select(pl.col("move").sum().fill_null(0).alias("start"))
    daily = moves.group_by("day").agg(pl.col("move").sum())
    return (
        days.join(daily, on="day", how="left")
        .join(start, how="cross")
        .sort("day")
        .select("day", open=pl.col("move").fill_null(0).cum_sum() + pl.col("start"))
    )


def time_to_decision(dossiers: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Délai de décision : du dépôt à la décision, en jours de 24 h, attente de l'usager comprise ; médiane, et neuvième
    décile (90 % des demandes sont décidées dans ce délai ; interpolation linéaire).

    Time to decision: from filing to decision, in days of 24 hours, the wait for the citizen included; median, and ninth
    decile (90% of requests are decided within this time; linear interpolation).

    Columns: `by`, decided (how many), median, p90 (days).
    """
    return (
        dossiers.filter(pl.col("submitted_at").is_not_null() & pl.col("decided_at").is_not_null())
        .with_columns(days=_days("submitted_at", "decided_at"))
        .group_by(*by)
        .agg(
            decided=pl.len().cast(pl.Int64),
            median=pl.col("days").median(),
            p90=pl.col("days").quantile(0.9, interpolation="linear"),
        )
        .sort(*by)
    )


def continuity(facts: pl.LazyFrame, dossiers: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Continuité : les reprises de dossiers pendant une absence (chaque reprise compte), et le temps, en heures,
    pendant lequel le dossier était à découvert avant d’être repris (médiane).

    Continuity: the times that a dossier was taken over during an absence (each one counts), and the time, in hours,
    for which the dossier had been without its agent before (median).

    Columns: `by`, taken_over (how many), wait (hours).
    """
    taken = facts.filter(pl.col("kind") == "dossier.taken_over", pl.col("uncovered_at").is_not_null()).select(
        "dossier", hours=_days("uncovered_at", "at") * 24
    )
    return (
        taken.join(dossiers.select("dossier", *by), on="dossier")
        .group_by(*by)
        .agg(taken_over=pl.len().cast(pl.Int64), wait=pl.col("hours").median())
        .sort(*by)
    )


def now(dossiers: pl.LazyFrame) -> pl.LazyFrame:
    """En ce moment : les dossiers en cours, ceux en retard sur leur délai annoncé, ceux à reprendre (leur agent est
    absent).

    Right now: the dossiers under way, those late on their announced date, those to take over (their agent is away).

    Columns: open, late, uncovered. One row.
    """
    running = pl.col("state").is_in(OPEN_STATES)
    return dossiers.select(
        open=running.sum().cast(pl.Int64),
        late=(running & pl.col("late").fill_null(value=False)).sum().cast(pl.Int64),
        uncovered=(running & pl.col("uncovered").fill_null(value=False)).sum().cast(pl.Int64),
    )
