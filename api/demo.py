"""The named people of the demo community, whose credentials its sign-in page shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.door import reading
from api.state import State
from casework.accounts import queries


@dataclass(frozen=True, slots=True)
class Named:
    """One of them."""

    name: str
    email: str
    kind: str


async def people(state: State) -> Sequence[Named]:
    """Those of a demo installation; none on any other."""
    if not state.settings.demo:
        return ()
    async with reading(state) as db:
        found = await queries.demo_people(db)
    return [Named(each.name, each.email, each.kind) for each in found if each.email]
