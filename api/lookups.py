"""Asking outside services what a form's look-ups want to know: before any transaction, each once."""

import asyncio
from collections.abc import Callable

from api.state import State
from casework.forms.check import Checked
from casework.procedures.lookups import DOWN, Answered, Asked, Filler, Lookup
from infra.outside import Unreachable

Check = Callable[[Filler], Checked]


async def filled(
    state: State, lookups: tuple[Lookup, ...], check: Check, answered: Answered | None = None
) -> tuple[Checked, Answered]:
    """The verdict with every look-up made that these answers allow, and what the sources said.

    `check` judges the answers once with what is known; one look-up may need what another has filled.
    """
    known = dict(answered or {})
    for _ in range(len(lookups) + 1):
        filler = Filler(lookups, known)
        checked = check(filler)
        if not filler.wanted:
            break
        wanted = sorted(filler.wanted, key=lambda each: (each.source, each.path))
        known |= dict(zip(wanted, await asyncio.gather(*(_ask(state, each) for each in wanted)), strict=True))
    return checked, known


async def _ask(state: State, asked: Asked) -> object:
    try:
        found: object = await state.outside.get(
            asked.source, asked.path, timeout_seconds=asked.timeout, kept_seconds=asked.keep * 60
        )
    except Unreachable:
        return DOWN
    return found
