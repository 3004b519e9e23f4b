"""What of the figures a reader may see: the detail of what they direct or manage, the whole community by directorate.

Nothing that is not cut here reaches a chart. Cells under SMALL are hidden where the reader has no right to the dossiers
behind them: a count of two, crossed with what one knows, is somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

SMALL = 5  # dossiers: a cell under it is hidden


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose detail somebody may see. Ids as the tables write them."""

    directorates: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


def detail(dossiers: pl.LazyFrame, reader: Reader) -> pl.LazyFrame:
    """The dossiers that the reader could open at the desk: those of their directorates and services (as
    `casework.access.VISIBLE` has it, drafts left out)."""
    return dossiers.filter(
        pl.col("directorate_id").is_in(sorted(reader.directorates))
        | pl.col("service_id").is_in(sorted(reader.services)),
        filed(),
    )


def filed() -> pl.Expr:
    """Whether a dossier was ever filed: drafts are their authors' alone."""
    return pl.col("submitted_at").is_not_null()


def hide_small(
    cells: pl.LazyFrame, reader: Reader, *, count: str, hides: Sequence[str], within: Sequence[str] = ()
) -> pl.LazyFrame:
    """The cells with `count` and `hides` made null where fewer than SMALL dossiers are behind them.

    Cells have a `directorate_id`; the reader's own are shown. Within each group of `within` (each table that has a
    total), one hidden cell alone could be computed from the others: the smallest other one is hidden with it.
    """
    own = pl.col("directorate_id").is_in(sorted(reader.directorates))
    group = [pl.col(name) for name in within] or [pl.lit(1)]
    small = (pl.col(count) < SMALL) & (pl.col(count) > 0) & ~own
    others = pl.when(~small & ~own & (pl.col(count) > 0)).then(pl.col(count))
    return (
        cells.with_columns(small=small, rank=others.rank("ordinal").over(group))
        .with_columns(alone=pl.col("small").sum().over(group) == 1)
        .with_columns(hidden=pl.col("small") | (pl.col("alone") & (pl.col("rank") == 1)).fill_null(value=False))
        .with_columns(pl.when(~pl.col("hidden")).then(pl.col(name)).alias(name) for name in (count, *hides))
        .drop("small", "rank", "alone")
    )
