"""The house for each test of the door."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.settings import Settings
from tests.api.house import House, open_house


@pytest.fixture
async def house(settings: Settings, engine: AsyncEngine) -> AsyncIterator[House]:
    """The application with its people, on a fresh database."""
    async with open_house(settings, engine) as opened:
        yield opened
