"""In whose name an act is done."""

from dataclasses import dataclass
from typing import Literal

from casework.ids import AccountId, MandateId

Capacity = Literal["citizen", "agent", "manager", "substitute", "system"]


@dataclass(frozen=True, slots=True)
class Authority:
    """Made by `casework.access.may` alone, but for `SYSTEM`: who acts, in what capacity, in whose place, by which mandate."""

    actor: AccountId | None
    capacity: Capacity
    on_behalf_of: AccountId | None = None
    mandate_id: MandateId | None = None


SYSTEM = Authority(actor=None, capacity="system")
