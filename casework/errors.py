"""What casework refuses. A refusal is a code and its facts; the doors give it a status and a sentence."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Refused(Exception):
    """The act was not done and nothing was written."""

    code: ClassVar[str] = "refused"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts: Mapping[str, Any] = facts


class NotFound(Refused):
    """There is no such thing, or the reader may not know of it: one answer for both."""

    code = "not_found"


class NotAllowed(Refused):
    """The reader sees the thing and may not do this to it."""

    code = "not_allowed"


class Stale(Refused):
    """Something happened since `seen` that this act must take into account: `facts`, `held_by`, `version`."""

    code = "stale"


class AlreadyHeld(Refused):
    """Somebody holds this dossier: `held_by`."""

    code = "already_held"


class QuotaFull(Refused):
    """All the places of the procedure are taken, and nobody waits for one."""

    code = "quota_full"


class NotTheHolder(Refused):
    """Only the holder may do this: `held_by`."""

    code = "not_the_holder"


class WrongState(Refused):
    """The act does not exist in this state: `state`, `allowed`."""

    code = "wrong_state"


class NothingToTakeOver(Refused):
    """The dossier is not waiting for a substitute."""

    code = "nothing_to_take_over"


class NotAtThisStep(Refused):
    """The process offers no such action here and now: `step`, `allowed` (the actions that start from it)."""

    code = "not_at_this_step"


class Invalid(Refused):
    """The input does not hold: `faults`, each {field, code, …}."""

    code = "invalid"


class ProcedureClosed(Refused):
    """The procedure takes no request now."""

    code = "procedure_closed"


class BadPosition(Refused):
    """A position or a page mark that this platform did not make."""

    code = "bad_position"


class KeyReused(Refused):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_key_reused"


class AbsencesOverlap(Refused):
    """The agent has another absence in these dates: `absence`."""

    code = "absences_overlap"


class BadCredentials(Refused):
    """The same answer for an unknown person and a wrong password."""

    code = "bad_credentials"


class EditConflict(Refused):
    """Somebody changed the same thing of a draft meanwhile: `elements`, the last such `change`, `version`."""

    code = "edit_conflict"


class NothingToUndo(Refused):
    """The draft has no change of this designer that could be taken back."""

    code = "nothing_to_undo"


class NotPublishable(Refused):
    """The draft cannot be published as it is: `faults`, each {field, code, …}."""

    code = "not_publishable"


class NeedsApproval(Refused):
    """The directorate wants another designer to read the draft before it is published."""

    code = "needs_approval"
