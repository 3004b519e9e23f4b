"""The facts of an absence. Its reason is free text, and stands in the journal as `content` alone."""

from collections.abc import Mapping

from casework.journal.fact import Kind

KINDS: Mapping[str, Kind] = {
    "absence.declared": Kind(
        frozenset({"starts_at", "ends_at", "declared_by", "state"}), frozenset({"substitutes", "content"})
    ),
    "absence.begun": Kind(frozenset({"state"})),
    "absence.ended": Kind(frozenset({"state"})),
    "absence.cancelled": Kind(frozenset({"state", "ends_at"})),
}
