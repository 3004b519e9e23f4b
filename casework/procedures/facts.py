"""The facts of a procedure."""

from collections.abc import Mapping

from casework.journal.fact import Kind

KINDS: Mapping[str, Kind] = {
    "procedure.published": Kind(
        frozenset({"service_id", "revision", "opens_at", "closes_at", "drafts_until", "quota", "waiting_list"}),
        frozenset({"again"}),
    ),
    "procedure.closed": Kind(frozenset()),
}
