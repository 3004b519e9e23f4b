"""The facts of a session."""

from collections.abc import Mapping

from casework.journal.fact import Kind

KINDS: Mapping[str, Kind] = {
    "session.opened": Kind(frozenset(), frozenset({"kind"})),
    "session.ended": Kind(frozenset({"ended_at"})),
}
