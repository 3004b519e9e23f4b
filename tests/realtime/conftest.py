"""Fixtures of the live sockets."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from tests.realtime.stage import Stage, stage


@pytest.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    """A web process with a small community, and nobody connected yet."""
    async with stage(database_url, redis_url) as made:
        yield made


@pytest.fixture
def desk_people() -> tuple[UUID, UUID]:
    """Two ids of people."""
    return UUID(int=1), UUID(int=2)
