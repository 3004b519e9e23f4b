"""Packages that anybody may write: valid ones, of every kind of field that needs nothing of its own, with rules and routes."""

from typing import Any

from hypothesis import strategies as st

from casework.procedures.catalogue import load

BASE = load().packages["composteur"].definition
_WORDS = st.text(st.sampled_from("abcéèœ ’«»:-#'\"{}[]1,&*!%"), min_size=1, max_size=30).map(str.strip).filter(bool)
KINDS = ("text", "long_text", "integer", "date", "yes_no", "email", "phone", "commune", "choice", "explanation")
_LITERALS = {"text": "no", "integer": 3, "date": "2026-01-01", "choice": "un"}


def wordings() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({"fr": _WORDS, "en": _WORDS})


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A valid definition. Its fields are called `champ_0`, `champ_1`… in their order."""
    pages: list[dict[str, Any]] = []
    before: list[tuple[str, str]] = []  # ids and kinds of what a rule may read
    number = 0
    for page in range(draw(st.integers(1, 3))):
        fields = []
        for _ in range(draw(st.integers(1, 4))):
            kind = draw(st.sampled_from(KINDS))
            field: dict[str, Any] = {"id": f"champ_{number}", "kind": kind, "label": draw(wordings())}
            ruled: bool = draw(st.booleans())
            if before and ruled:
                field["visible_if"] = draw(rules(before))
            if kind != "explanation":
                field["required"] = draw(st.booleans())
                before = [*before, (field["id"], kind)] if kind in _LITERALS else before
            if kind == "choice":
                field["choices"] = [{"value": value, "label": draw(wordings())} for value in ("un", "deux", "trois")]
            fields.append(field)
            number += 1
        pages.append({"id": f"page-{page}", "title": draw(wordings()), "fields": fields})
    of_the_form = ("form", "applicant", "price", "routing", "scenarios", "process", "lookups")
    head = {key: BASE[key] for key in BASE if key not in of_the_form}
    return {**head, "title": draw(wordings()), "form": {"pages": pages}}


def rules(before: list[tuple[str, str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Comparisons of one answer, and their negation."""
    plain = st.sampled_from(before).map(lambda each: {"==": [{"var": each[0]}, _LITERALS[each[1]]]})
    return plain | plain.map(lambda rule: {"!": [rule]})
