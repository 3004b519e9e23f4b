"""The house of the door's tests, with a browser in front of it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.api.conftest import house, portal
from tests.api.house import House
from tests.web.desk import Office

__all__ = ["house", "portal"]


@pytest.fixture
async def office(house: House, browser: Browser) -> AsyncIterator[Office]:
    """Agents and their screens."""
    made = Office(house, browser)
    yield made
    await made.close()
