"""Fixtures of the live sockets."""

from collections.abc import AsyncIterator

import pytest

from tests.realtime.stage import Stage, stage


@pytest.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    """A web process with a small community, and nobody connected yet."""
    async with stage(database_url, redis_url) as made:
        yield made
