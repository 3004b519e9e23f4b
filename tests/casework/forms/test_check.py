"""Judging answers: every fault at once, one written form, nothing hidden kept."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.forms.check import CODES, Checked, check, check_again, visible
from casework.forms.judging import Documents
from casework.forms.model import FILE_MAX, Form
from casework.procedures.catalogue import load
from tests.casework.forms.forms import every_kind, form_of
from tests.casework.forms.strategies import TODAY, answers_to, json_values

PDF, PHOTO, HUGE, WORD = (UUID(int=n, version=4) for n in range(1, 5))
DOCUMENTS: Documents = {
    PDF: ("application/pdf", 1000),
    PHOTO: ("image/jpeg", FILE_MAX),
    HUGE: ("application/pdf", FILE_MAX + 1),
    WORD: ("application/msword", 1000),
}
PACKAGES = tuple(load().packages.values())
FORMS = (every_kind(), *(package.form for package in PACKAGES))
forms = st.sampled_from(FORMS) | st.just(FORMS[0])


def judged(form: Form, answers: Any, documents: Documents = DOCUMENTS) -> Checked:
    return check(form, answers, documents=documents, today=TODAY)


def faults(form: Form, answers: Any) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in judged(form, answers).faults]


CHOICES = {"choices": ["blue", "red", "green"]}
TWO_LEVELS = {"choices": {"road": ["lamp", "hole"], "park": ["bench"]}}
HERE = {"street": "12 rue des Écoles", "postal_code": "86000", "citycode": "86194"}
AWAY = {"street": "1 rue de Rivoli", "postal_code": "75004", "city": "Paris"}


@pytest.mark.parametrize(
    ("kind", "more", "sent", "kept"),
    [
        ("text", {}, "  Zoe\u0301 ", "Zo\u00e9"),
        ("text", {"max_length": 3}, "e\u0301e\u0301e\u0301", "\u00e9\u00e9\u00e9"),
        ("long_text", {}, "un\r\ndeux\rtrois\u2028quatre\n", "un\ndeux\ntrois\nquatre"),
        ("integer", {"min": 1, "max": 3}, 3, 3),
        ("integer", {}, 8.0, 8),
        ("integer", {}, 0, 0),
        ("date", {"max": "today"}, "2026-11-24", "2026-11-24"),
        ("date", {"min": "today-18y"}, "2008-11-24", "2008-11-24"),
        ("choice", CHOICES, "red", "red"),
        ("choices", CHOICES, ["green", "blue", "green"], ["blue", "green"]),
        ("yes_no", {}, False, False),
        ("decimal", {}, 12.5, 12.5),
        ("decimal", {}, 12.0, 12),
        ("decimal", {"digits": 6}, 0.000001, 0.000001),
        ("money", {"min": 0, "max": 0.3}, 0.3, 0.3),
        ("money", {}, -999_999_999, -999_999_999),
        ("time", {"min": "08:00", "max": "18:30"}, " 18:30", "18:30"),
        ("consent", {}, True, True),
        ("linked_choice", TWO_LEVELS, {"second": "lamp", "first": "road"}, {"first": "road", "second": "lamp"}),
        ("dossier", {}, " 2026 0001234 x", "2026-0001234-X"),
        ("point", {}, {"lat": 46.58022449, "lon": 0.34}, {"lat": 46.580224, "lon": 0.34}),
        ("point", {}, {"words": " devant la poste "}, {"words": "devant la poste"}),
        ("point", {"within": "anywhere"}, {"lon": 180.0, "lat": -90}, {"lat": -90, "lon": 180}),
        ("signature", {}, {"name": " Lina Moreau"}, {"name": "Lina Moreau"}),
        (
            "signature",
            {},
            {"name": "L", "strokes": [[[0, 0], [600, 200]]]},
            {"name": "L", "strokes": [[[0, 0], [600, 200]]]},
        ),
        ("signature", {}, {"name": "L", "strokes": []}, {"name": "L"}),
        ("country", {}, "fr ", "FR"),
        ("siret", {}, "732 829 320 00074", "73282932000074"),
        ("siret", {}, "356 000 000 49837", "35600000049837"),  # La Poste: no Luhn, a sum of five times something
        ("rna", {}, "w 861 000 123", "W861000123"),
        ("rna", {}, "W2A1000123", "W2A1000123"),
        ("iban", {}, "fr76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"),
        ("iban", {}, "BE31435411161155", "BE31435411161155"),
        ("number_plate", {}, "ab 123 cd", "AB-123-CD"),
        ("number_plate", {}, "1234ab86", "1234 AB 86"),
        ("number_plate", {}, "123-abc-2a", "123 ABC 2A"),
        ("number_plate", {"foreign": True}, "TÖL-BA 218", "TÖLBA218"),
        ("number_plate", {"foreign": True}, "ab-123-cd", "AB-123-CD"),
        ("email", {}, " Zoe@Exemple.FR", "Zoe@exemple.fr"),
        ("phone", {}, "05 49 00 00 00", "+33549000000"),
        ("phone", {}, "+32 2 555 12 12", "+3225551212"),
        ("address", {}, HERE, HERE),
        ("address", {}, {"street": "12 rue des Écoles", "citycode": "86194"}, HERE),
        ("address", {"within": "anywhere"}, AWAY, AWAY),
        ("address", {"within": "anywhere"}, {**HERE, "city": " "}, HERE),
        ("commune", {}, "86194", "86194"),
        ("attachment", {}, [str(PDF)], [str(PDF)]),
        ("attachment", {"max_count": 2}, [str(PHOTO).upper(), str(PDF)], [str(PHOTO), str(PDF)]),
    ],
)
def test_accepted(kind: str, more: dict[str, Any], sent: Any, kept: Any) -> None:
    checked = judged(form_of({"id": "it", "kind": kind, **more}), {"it": sent})
    assert (checked.answers, checked.faults) == ({"it": kept}, ())
    assert type(checked.answers["it"]) is type(kept)


@pytest.mark.parametrize(
    ("kind", "more", "sent", "code"),
    [
        ("text", {}, 3, "wrong_type"),
        ("text", {}, ["a"], "wrong_type"),
        ("text", {}, "x" * 1001, "too_long"),
        ("text", {"max_length": 3}, "abcd", "too_long"),
        ("text", {}, "x" * 10_000_000, "too_long"),
        ("text", {}, "a\nb", "forbidden_character"),
        ("text", {}, "a\x00b", "forbidden_character"),
        ("text", {}, "a\ud800b", "forbidden_character"),
        ("long_text", {}, "x" * 10_001, "too_long"),
        ("long_text", {}, "a\x1bb", "forbidden_character"),
        ("integer", {}, "3", "wrong_type"),
        ("integer", {}, 3.5, "wrong_type"),
        ("integer", {}, float("nan"), "wrong_type"),
        ("integer", {}, float("inf"), "wrong_type"),
        ("integer", {}, True, "wrong_type"),
        ("integer", {}, 2**53, "too_big"),
        ("integer", {"min": 1}, 0, "too_small"),
        ("integer", {"max": 3}, 4, "too_big"),
        ("date", {}, 20261124, "wrong_type"),
        ("date", {}, "24/11/2026", "bad_date"),
        ("date", {}, "2026-02-30", "bad_date"),
        ("date", {}, "0999-01-01", "too_early"),
        ("date", {}, "9999-01-01", "too_late"),
        ("date", {"max": "today"}, "2026-11-25", "too_late"),
        ("date", {"min": "today-18y"}, "2008-11-23", "too_early"),
        ("date", {"min": "2027-01-01"}, "2026-12-31", "too_early"),
        ("choice", CHOICES, "pink", "not_a_choice"),
        ("choice", CHOICES, ["red"], "wrong_type"),
        ("choices", CHOICES, "red", "wrong_type"),
        ("choices", CHOICES, ["red", "pink"], "not_a_choice"),
        ("choices", CHOICES, ["red", {}], "wrong_type"),
        ("choices", {**CHOICES, "at_most": 1}, ["red", "blue"], "too_many"),
        ("yes_no", {}, "true", "wrong_type"),
        ("yes_no", {}, 1, "wrong_type"),
        ("decimal", {}, "12,5", "wrong_type"),
        ("decimal", {}, True, "wrong_type"),
        ("decimal", {}, float("nan"), "wrong_type"),
        ("decimal", {}, float("inf"), "too_big"),
        ("decimal", {}, 10**400, "too_big"),
        ("decimal", {}, 12.345, "too_many_decimals"),
        ("decimal", {"min": 0.5}, 0.49, "too_small"),
        ("money", {}, 0.1 + 0.2, "too_many_decimals"),
        ("money", {"max": 10}, 10.01, "too_big"),
        ("time", {}, "24:00", "bad_time"),
        ("time", {}, "9:05", "bad_time"),
        ("time", {}, 905, "wrong_type"),
        ("time", {"min": "08:00"}, "07:59", "time_too_early"),
        ("time", {"max": "18:00"}, "18:01", "time_too_late"),
        ("consent", {}, "true", "wrong_type"),
        ("linked_choice", TWO_LEVELS, "road", "wrong_type"),
        ("linked_choice", TWO_LEVELS, {"first": "road", "third": "x"}, "unknown_part"),
        ("dossier", {}, "2026-0001234-K", "bad_dossier"),
        ("dossier", {}, "2026-123-X", "bad_dossier"),
        ("point", {}, "46.58, 0.34", "wrong_type"),
        ("point", {}, {"lat": 46.58, "lon": 0.34, "height": 3}, "unknown_part"),
        ("signature", {}, "Lina", "wrong_type"),
        ("consent", {"required": True}, False, "consent_required"),
        ("country", {}, "FRA", "not_a_country"),
        ("country", {}, "EU", "not_a_country"),
        ("country", {}, 250, "wrong_type"),
        ("siret", {}, "73282932000075", "bad_siret"),
        ("siret", {}, "35600000049838", "bad_siret"),
        ("siret", {}, "7328293200007", "bad_siret"),
        ("siret", {}, 73282932000074, "wrong_type"),
        ("rna", {}, "861000123", "bad_rna"),
        ("rna", {}, "W86100012A", "bad_rna"),
        ("iban", {}, "FR7630006000011234567890188", "bad_iban"),
        ("iban", {}, "FR763000600001123456789018", "bad_iban"),
        ("iban", {}, "XX7630006000011234567890189", "bad_iban"),
        ("iban", {}, "FR\u0667630006000011234567890189", "bad_iban"),
        ("iban", {}, "F" * 61, "too_long"),
        ("number_plate", {}, "SS-123-AB", "bad_number_plate"),
        ("number_plate", {}, "AB-123-SS", "bad_number_plate"),
        ("number_plate", {}, "WW-123-AB", "bad_number_plate"),
        ("number_plate", {}, "AI-123-CD", "bad_number_plate"),
        ("number_plate", {}, "AB-000-CD", "bad_number_plate"),
        ("number_plate", {}, "1234 ABC 86", "bad_number_plate"),
        ("number_plate", {}, "123 AB 96", "bad_number_plate"),
        ("number_plate", {}, "TÖL-BA 218", "bad_number_plate"),
        ("number_plate", {"foreign": True}, "PLAQUE", "bad_number_plate"),
        ("email", {}, "zoe@", "bad_email"),
        ("email", {}, "zoe@localhost", "bad_email"),
        ("email", {}, "zoe@exemple.fr\nBcc: x@y.fr", "forbidden_character"),
        ("email", {}, "z" * 300 + "@exemple.fr", "too_long"),
        ("phone", {}, "12", "bad_phone"),
        ("phone", {}, "05 49 00 00 00 poste 12", "bad_phone"),
        ("phone", {}, 549000000, "wrong_type"),
        ("address", {}, "12 rue des Écoles", "wrong_type"),
        ("address", {}, {**HERE, "floor": "2"}, "unknown_part"),
        ("commune", {}, "75056", "not_a_commune"),
        ("commune", {}, 86194, "wrong_type"),
        ("attachment", {}, str(PDF), "wrong_type"),
        ("attachment", {}, ["not-an-id"], "unknown_document"),
        ("attachment", {}, [str(UUID(int=99, version=4))], "unknown_document"),
        ("attachment", {}, [str(PDF), str(PHOTO)], "too_many"),
        ("attachment", {"max_count": 2}, [str(PDF), str(PDF).upper()], "twice"),
        ("attachment", {"types": ["png"]}, [str(PDF)], "wrong_media_type"),
        ("attachment", {}, [str(WORD)], "wrong_media_type"),
        ("attachment", {}, [str(HUGE)], "file_too_big"),
        ("attachment", {"max_megabytes": 1}, [str(PHOTO)], "file_too_big"),
    ],
)
def test_refused(kind: str, more: dict[str, Any], sent: Any, code: str) -> None:
    checked = judged(form_of({"id": "it", "kind": kind, **more}), {"it": sent})
    assert [(fault.field, fault.code) for fault in checked.faults] == [("it", code)]
    assert checked.answers == {}


@pytest.mark.parametrize(
    ("more", "sent", "where", "code"),
    [
        ({}, {"citycode": "86194"}, "it.street", "required"),
        ({}, {"street": "1"}, "it.citycode", "required"),
        ({}, {"street": "1", "citycode": "75056"}, "it.citycode", "not_a_commune"),
        ({}, {**HERE, "postal_code": "86180"}, "it.postal_code", "not_its_postal_code"),
        ({}, {"street": "1", "citycode": "86115"}, "it.postal_code", "required"),  # Jaunay-Marigny has two
        ({}, {**HERE, "street": ["x"]}, "it.street", "wrong_type"),
        ({}, {**HERE, "street": "x" * 201}, "it.street", "too_long"),
        (
            {"within": "anywhere"},
            {"street": "1", "postal_code": "7500", "city": "Paris"},
            "it.postal_code",
            "bad_postal_code",
        ),
        ({"within": "anywhere"}, {"street": "1", "postal_code": "75004"}, "it.city", "required"),
    ],
)
def test_a_fault_in_an_address_names_its_part(more: dict[str, Any], sent: Any, where: str, code: str) -> None:
    assert faults(form_of({"id": "it", "kind": "address", **more}), {"it": sent}) == [(where, code)]


@pytest.mark.parametrize(
    ("kind", "more", "sent", "where", "code"),
    [
        ("linked_choice", TWO_LEVELS, {"first": "road"}, "it.second", "required"),
        ("linked_choice", TWO_LEVELS, {"second": "lamp"}, "it.first", "required"),
        ("linked_choice", TWO_LEVELS, {"first": "sea", "second": "lamp"}, "it.first", "not_a_choice"),
        ("linked_choice", TWO_LEVELS, {"first": "park", "second": "lamp"}, "it.second", "not_a_choice"),
        ("linked_choice", TWO_LEVELS, {"first": ["road"], "second": "lamp"}, "it.first", "wrong_type"),
        ("point", {}, {"lat": 46.58}, "it.lon", "required"),
        ("point", {}, {"lat": "46.58", "lon": 0.34}, "it.lat", "wrong_type"),
        ("point", {}, {"lat": float("nan"), "lon": 0.34}, "it.lat", "wrong_type"),
        ("point", {}, {"lat": 48.8566, "lon": 2.3522}, "it.lat", "outside"),
        ("point", {"within": "anywhere"}, {"lat": 48.8566, "lon": 181}, "it.lon", "outside"),
        ("point", {}, {"words": "x" * 201}, "it.words", "too_long"),
        ("signature", {}, {"strokes": [[[1, 1]]]}, "it.name", "required"),
        ("signature", {}, {"name": "x" * 101}, "it.name", "too_long"),
        ("signature", {}, {"name": "L", "strokes": "<svg/>"}, "it.strokes", "bad_drawing"),
        ("signature", {}, {"name": "L", "strokes": [[]]}, "it.strokes", "bad_drawing"),
        ("signature", {}, {"name": "L", "strokes": [[[1, 1], [601, 1]]]}, "it.strokes", "bad_drawing"),
        ("signature", {}, {"name": "L", "strokes": [[[1, '1"/><script>']]]}, "it.strokes", "bad_drawing"),
        ("signature", {}, {"name": "L", "strokes": [[[True, 1]]]}, "it.strokes", "bad_drawing"),
        ("signature", {}, {"name": "L", "strokes": [[[1, 1]] * 2001]}, "it.strokes", "drawing_too_big"),
    ],
)
def test_a_fault_in_an_answer_of_parts_names_its_part(
    kind: str, more: dict[str, Any], sent: Any, where: str, code: str
) -> None:
    assert faults(form_of({"id": "it", "kind": kind, **more}), {"it": sent}) == [(where, code)]


def test_a_rule_reads_both_levels_of_a_linked_choice() -> None:
    form = form_of(
        {"id": "about", "kind": "linked_choice", **TWO_LEVELS},
        {"id": "lamp", "kind": "text", "visible_if": {"==": [{"var": "about.second"}, "lamp"]}},
        {"id": "road", "kind": "text", "visible_if": {"==": [{"var": "about.first"}, "road"]}},
    )
    assert visible(form, {"about": {"first": "road", "second": "hole"}}, today=TODAY) == {"about", "road"}
    assert visible(form, {"about": {"first": "road", "second": "lamp"}}, today=TODAY) == {"about", "lamp", "road"}


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}, {"street": " ", "city": None}])
def test_blanks_are_no_answer(blank: Any) -> None:
    assert faults(form_of({"id": "it", "kind": "text", "required": True}), {"it": blank}) == [("it", "required")]
    assert judged(form_of({"id": "it", "kind": "text", "required": False}), {"it": blank}).answers == {}


def test_every_fault_is_told_at_once() -> None:
    form = form_of(
        {"id": "name", "kind": "text", "required": True},
        {"id": "size", "kind": "integer"},
        {"id": "mail", "kind": "email"},
    )
    assert faults(form, {"size": "x", "mail": "y", "extra": 1}) == [
        ("extra", "unknown_field"),
        ("name", "required"),
        ("size", "wrong_type"),
        ("mail", "bad_email"),
    ]


def test_unknown_names_are_told_short_and_encodable() -> None:
    told = judged(
        form_of({"id": "it", "kind": "text"}), {"\ud800" + "x" * 1000: 1, **{str(n): n for n in range(500)}}
    ).faults
    assert len(told) == 20
    assert all(len(fault.field.encode("utf-8")) <= 400 for fault in told)


def test_a_rule_shows_and_a_rule_requires() -> None:
    form = form_of(
        {"id": "delivery", "kind": "choice", "choices": ["post", "email"]},
        {"id": "address", "kind": "address", "required": True, "visible_if": {"==": [{"var": "delivery"}, "post"]}},
        {"id": "reason", "kind": "text", "required": {"==": [{"var": "address.citycode"}, "86194"]}},
    )
    assert visible(form, {}, today=TODAY) == {"delivery", "reason"}
    assert faults(form, {"delivery": "email"}) == []
    assert faults(form, {"delivery": "post"}) == [("address", "required")]
    assert faults(form, {"delivery": "post", "address": HERE}) == [("reason", "required")]
    # Hidden again: its answer is dropped, and the rule that read it no longer sees it.
    checked = judged(form, {"delivery": "email", "address": HERE})
    assert (checked.answers, checked.faults) == ({"delivery": "email"}, ())


def test_a_hidden_page_hides_its_fields() -> None:
    form = form_of(
        [{"id": "pro", "kind": "yes_no"}],
        [{"id": "siret", "kind": "text", "required": True}],
        page_rules={1: {"==": [{"var": "pro"}, True]}},
    )
    assert judged(form, {"pro": False, "siret": "x"}).answers == {"pro": False}
    assert faults(form, {"pro": True}) == [("siret", "required")]


def test_a_wrong_answer_shows_nothing() -> None:
    form = form_of(
        {"id": "size", "kind": "integer", "max": 10},
        {"id": "why", "kind": "text", "visible_if": {">": [{"var": "size"}, 5]}},
    )
    assert visible(form, {"size": 9}, today=TODAY) == {"size", "why"}
    assert visible(form, {"size": 99}, today=TODAY) == {"size"}


def test_a_return_is_not_before_its_departure() -> None:
    form = form_of({"id": "leaves", "kind": "date"}, {"id": "returns", "kind": "date", "not_before": "leaves"})
    assert faults(form, {"leaves": "2026-12-20", "returns": "2026-12-19"}) == [("returns", "too_early")]
    assert faults(form, {"leaves": "2026-12-20", "returns": "2026-12-20"}) == []
    assert faults(form, {"returns": "2026-12-20"}) == []


def test_the_files_of_a_dossier_are_counted_together() -> None:
    many: Documents = {UUID(int=n, version=4): ("image/png", 6 * 2**20) for n in range(1, 23)}
    ids = [str(id_) for id_ in many]
    form = form_of(
        {"id": "first", "kind": "attachment", "max_count": 20}, {"id": "second", "kind": "attachment", "max_count": 20}
    )

    def told(first: list[str], second: list[str]) -> list[tuple[str, str]]:
        return [(f.field, f.code) for f in judged(form, {"first": first, "second": second}, many).faults]

    assert told(ids[:8], ids[8:16]) == []
    assert told(ids[:8], ids[8:17]) == [("second", "files_too_big")]
    assert told(ids[:11], ids[11:22]) == [("second", "too_many_files"), ("second", "files_too_big")]
    assert told(ids[:8], ids[:8]) == []  # the same file twice weighs once
    assert judged(form, {"first": ids[:2], "second": ids[1:3]}, many).documents == tuple(ids[:3])


@pytest.mark.parametrize("answers", [None, 3, "x", [], [1]])
def test_answers_are_an_object(answers: Any) -> None:
    assert faults(FORMS[0], answers) == [("", "wrong_type")]


CHILDREN: dict[str, Any] = {
    "id": "children",
    "kind": "block",
    "fields": [
        {"id": "first_name", "kind": "text", "required": True},
        {"id": "half_board", "kind": "yes_no"},
        {
            "id": "diet",
            "kind": "text",
            "required": True,
            "visible_if": {"and": [{"var": "meals"}, {"var": "half_board"}]},
        },
        {"id": "arrives", "kind": "date"},
        {"id": "leaves", "kind": "date", "not_before": "arrives"},
        {"id": "fee", "kind": "money"},
    ],
    "least": 2,
    "most": 3,
}


def test_rows_are_judged_one_by_one_and_faults_name_theirs() -> None:
    form = form_of({"id": "meals", "kind": "yes_no"}, CHILDREN)
    rows = [
        {"first_name": " Zoé ", "half_board": True},
        {"first_name": "", "half_board": False, "diet": "none", "fee": 0.123},
        {"first_name": "Léo", "arrives": "2026-12-20", "leaves": "2026-12-19", "age": 3},
    ]
    checked = judged(form, {"meals": True, "children": rows})
    assert [(fault.field, fault.code) for fault in checked.faults] == [
        ("children[0].diet", "required"),
        ("children[1].first_name", "required"),
        ("children[1].fee", "too_many_decimals"),
        ("children[2].age", "unknown_field"),
        ("children[2].leaves", "too_early"),
    ]
    assert checked.answers["children"] == [
        {"first_name": "Zoé", "half_board": True},
        {"half_board": False},
        {"first_name": "Léo", "arrives": "2026-12-20"},
    ]
    assert {"children[0].diet", "children[2].fee"} <= checked.visible
    assert "children[1].diet" not in checked.visible
    assert judged(form, {"meals": False, "children": rows[:1] * 2}).faults == ()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"first_name": "Zoé"}], "too_few_rows"),
        ([{"first_name": "Zoé"}] * 4, "too_many_rows"),
        ([{"first_name": "Zoé"}] * 10_000, "too_many_rows"),
        ({"first_name": "Zoé"}, "wrong_type"),
        ([{"first_name": "Zoé"}, "Léo"], "wrong_type"),
        ("Zoé", "wrong_type"),
    ],
)
def test_rows_are_counted(rows: Any, code: str) -> None:
    assert faults(form_of({"id": "meals", "kind": "yes_no"}, CHILDREN), {"children": rows}) == [("children", code)]


def test_no_row_is_no_answer_and_an_empty_one_is_told() -> None:
    optional = {**CHILDREN, "least": 1, "fields": [{"id": "nickname", "kind": "text"}]}
    assert judged(form_of(optional), {"children": []}).answers == {}
    assert faults(form_of(optional), {"children": [{"nickname": "Zo"}, {"nickname": " "}]}) == [
        ("children[1]", "empty_row")
    ]
    assert faults(form_of({**optional, "required": True}), {}) == [("children", "required")]


def test_rules_after_a_block_look_at_all_its_rows() -> None:
    total = {"total": [{"var": "children"}, {"var": "fee"}]}
    form = form_of(
        {"id": "meals", "kind": "yes_no"},
        CHILDREN,
        {"id": "sum", "kind": "computed", "gives": "money", "value": total},
        {"id": "share", "kind": "computed", "gives": "money", "value": {"/": [{"var": "sum"}, 3]}},
        {"id": "why", "kind": "text", "visible_if": {">": [{"var": "sum"}, 20]}},
        {"id": "born", "kind": "date"},
        {"id": "from", "kind": "computed", "gives": "date", "value": {"day_after": [{"var": "born"}, 10]}},
        {
            "id": "big",
            "kind": "computed",
            "gives": "text",
            "value": {"if": [{">": [{"var": "sum"}, 20]}, "big", "small"]},
        },
    )
    rows = [{"first_name": "Zoé", "fee": 10.1}, {"first_name": "Léo", "fee": 10.2}]
    checked = judged(form, {"children": rows, "sum": 3, "born": "2026-11-20"})
    assert checked.faults == ()  # what is computed is not taken from who sends it, nor held against them
    assert checked.answers["sum"] == 20.3
    assert checked.answers["share"] == 6.77
    assert (checked.answers["from"], checked.answers["big"]) == ("2026-11-30", "big")
    assert "why" in checked.visible
    assert "from" not in judged(form, {"children": rows}).answers  # what it needs is missing


def test_files_in_rows_are_attached_and_counted() -> None:
    block = {**CHILDREN, "least": 1, "fields": [{"id": "proof", "kind": "attachment", "required": True}]}
    checked = judged(form_of(block), {"children": [{"proof": [str(PDF)]}, {"proof": [str(PHOTO)]}]})
    assert checked.documents == (str(PDF), str(PHOTO))
    assert faults(form_of(block), {"children": [{"proof": [str(HUGE)]}, {}]}) == [
        ("children[0].proof", "file_too_big"),
        ("children[1].proof", "required"),
    ]


@given(forms, json_values)
def test_no_json_makes_it_fall(form: Form, answers: Any) -> None:
    judged(form, answers)


@given(st.data(), forms)
def test_what_is_kept_is_visible_and_stable(data: st.DataObject, form: Form) -> None:
    checked = judged(form, data.draw(answers_to(form)))
    assert set(checked.answers) <= checked.visible
    assert checked.required <= checked.visible
    assert visible(form, checked.answers, today=TODAY) == checked.visible
    again = judged(form, json.loads(json.dumps(checked.answers)))
    assert again.answers == checked.answers
    missing = {fault.field for fault in checked.faults} | checked.required
    assert {fault.field for fault in again.faults} <= missing
    assert {fault.code for fault in again.faults} <= {"required", "consent_required", "too_few_rows", "empty_row"}
    for fault in checked.faults:
        assert tuple(fault.params) == CODES[fault.code]
        json.dumps(fault.params)


@given(st.data(), forms)
def test_a_hidden_field_never_has_a_value(data: st.DataObject, form: Form) -> None:
    answers = data.draw(answers_to(form))
    checked = judged(form, answers)
    hidden = {field.id for field in form.fields if field.is_asked} - checked.visible
    without = judged(form, {name: value for name, value in answers.items() if name not in hidden})
    assert without == checked


@given(st.data(), forms)
def test_what_a_changed_answer_reaches_is_all_that_is_judged_again(data: st.DataObject, form: Form) -> None:
    before, after = data.draw(answers_to(form)), data.draw(answers_to(form))
    changed = data.draw(st.sets(st.sampled_from(sorted({*before, *after, "none"})), max_size=3))
    kept = {name: value for name, value in before.items() if name not in changed}
    answers = {**kept, **{name: value for name, value in after.items() if name in changed}}
    again = check_again(form, answers, judged(form, before), changed, documents=DOCUMENTS, today=TODAY)
    whole = judged(form, answers)
    assert again == whole
    assert [*again.found] == [*whole.found]


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)))
def test_a_person_is_of_age_on_the_birthday(today: date) -> None:
    form = form_of({"id": "born", "kind": "date", "max": "today-18y"})
    (last,) = [field.bounds(today, {})[1] for field in form.fields]  # type: ignore[attr-defined]
    assert last is not None
    assert today.year - last.year == 18
    assert timedelta(days=6573) <= today - last <= timedelta(days=6576)
