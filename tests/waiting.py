"""Waiting for something to become true, with an end: tests never depend on a delay."""

import asyncio
from collections.abc import Callable


async def until(ready: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Look every 5 ms. Fails once `seconds` are over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not ready():
        assert loop.time() < end, f"not within {seconds} s"
        await asyncio.sleep(0.005)
