"""What anybody may send, and the forms that anybody may write."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from casework.forms.identifiers import IDENTIFIERS
from casework.forms.model import Form

TODAY = date(2026, 11, 24)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.text(st.characters(codec=None), max_size=10)  # half surrogate pairs too
    | st.sampled_from(["", " ", "\x00", "2026-02-29", "2026-11-24", "camille@example.org", "+33549000000", "86194"])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def answers_to(form: Form) -> st.SearchStrategy[dict[str, Any]]:
    """Answers to the questions of this form, of which most do not hold."""
    by_field: dict[str, st.SearchStrategy[Any]] = {}
    for field in form.fields:
        likely: list[Any] = [
            True,
            False,
            1,
            3,
            "2026-11-20",
            "2026-12-30",
            "texte",
            "camille@example.org",
            "0549000000",
        ]
        likely += list(getattr(field, "values", ()))
        likely += [[value] for value in getattr(field, "values", ())]
        likely += [
            {"street": "12 rue des Écoles", "citycode": "86194"},
            {"street": "1", "postal_code": "75011", "city": "Paris"},
        ]
        likely += [12.5, 12.345, "14:30", "FR", *(each.example for each in IDENTIFIERS.values())]
        likely += [{"first": "a", "second": "a1"}, {"first": "b", "second": "a1"}]
        likely += [{"lat": 46.58, "lon": 0.34}, {"words": "devant la poste"}, {"lat": 48.85, "lon": 2.35}]
        likely += [{"name": "Lina"}, {"name": "Lina", "strokes": [[[0, 0], [600, 200]]]}, {"name": "x", "strokes": 3}]
        likely += [[{"first_name": "Zoé", "fee": 3.5}, {"first_name": "Léo", "allergic": True}], [{}, {"born": "x"}]]
        likely += [[{"first_name": "Zoé"}] * n for n in (1, 3, 4)]
        likely += ["86194", ["00000000-0000-4000-8000-000000000001"]]
        by_field[field.id] = st.sampled_from(likely) | json_values
    return st.fixed_dictionaries({}, optional=by_field)
