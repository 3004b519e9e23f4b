"""In whose name an act is done."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from casework.ids import AccountId, MandateId

if TYPE_CHECKING:
    from casework.dossiers.model import Dossier

Capacity = Literal["citizen", "agent", "manager", "substitute", "system"]


@dataclass(frozen=True, slots=True)
class Authority:
    """Made by `casework.access.may` alone, but for `SYSTEM`: who acts, in what capacity, in whose place, by which mandate."""

    actor: AccountId | None
    capacity: Capacity
    on_behalf_of: AccountId | None = None
    mandate_id: MandateId | None = None
    # The dossier under the lock under which this was judged: the act goes on with it, and reads it no second time.
    over: "Dossier | None" = field(default=None, compare=False, repr=False)


SYSTEM = Authority(actor=None, capacity="system")
