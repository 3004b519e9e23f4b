"""Every kind of fact of every stream, and how a payload of an older version is read as one of today's (PURE)."""

from collections.abc import Callable, Mapping
from typing import Any

from casework.accounts import facts as accounts
from casework.continuity import facts as continuity
from casework.dossiers import facts as dossiers
from casework.journal.fact import Kind
from casework.procedures import facts as procedures

KINDS: Mapping[str, Kind] = {**dossiers.KINDS, **continuity.KINDS, **accounts.KINDS, **procedures.KINDS}

# (kind, v) -> the payload one version later. Old facts are never rewritten: whoever reads the journal reads today's.
UPCASTERS: Mapping[tuple[str, int], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {}


def upcast(kind: str, v: int, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload as the kind's present version has it."""
    while (kind, v) in UPCASTERS:
        payload, v = UPCASTERS[kind, v](payload), v + 1
    return payload
