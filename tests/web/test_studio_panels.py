"""The editor's forms as edits: only what was changed, English that follows the French, values that stay."""

from typing import Any

import pytest
from starlette.datastructures import FormData

from casework.forms.rule_language import Known
from casework.procedures.drafting import blank, form_of, new_field
from casework.procedures.editing import apply, every_field
from casework.procedures.edits import AddField
from infra.i18n import translator
from web.studio import panels, rules
from web.studio.rules import Question

T = translator("fr")
HOUSING = Question(
    "housing",
    "Vous habitez…",
    Known("text", frozenset({"house", "flat"})),
    (("house", "Maison"), ("flat", "Appartement")),
)
BORN = Question("born", "Naissance", Known("date"))
ASKABLE = [HOUSING, BORN]


def form(**values: str) -> FormData:
    return FormData({name.replace("__", "."): value for name, value in values.items()})


def field(was: dict[str, Any], **values: str) -> dict[str, Any]:
    return panels.field_edit("a", form(**values), was, ASKABLE).set


def words(fr: str, en: str | None = None) -> dict[str, str]:
    return {"fr": fr, "en": en or fr}


def test_only_what_was_changed_is_an_edit() -> None:
    was = {"id": "a", "kind": "text", "label": words("Nom", "Name"), "required": True, "unknown": 1}
    same = {
        "kind": "text",
        "label__fr": "Nom",
        "label__en": "Name",
        "help__fr": "",
        "help__en": "",
        "required": "always",
    }
    rows = {"visible_if__join": "all", "required_if__join": "all"}
    assert field(was, **same, **rows) == {}
    assert field(was, **{**same, "required": "never"}, **rows) == {"required": None}
    assert field(was, **{**same, "help__fr": "Comme à l’état civil"}, **rows) == {"help": words("Comme à l’état civil")}


def test_the_english_follows_the_french_until_it_is_written() -> None:
    assert panels.wording(form(x__fr="Rue", x__en=""), "x", None) == words("Rue")
    assert panels.wording(form(x__fr="Voie", x__en="Rue"), "x", words("Rue")) == words("Voie")
    assert panels.wording(form(x__fr="Voie", x__en="Street"), "x", words("Rue")) == words("Voie", "Street")
    assert panels.wording(form(x__fr="Voie", x__en="Street"), "x", words("Rue", "Street")) == words("Voie", "Street")
    assert panels.wording(form(x__fr=" ", x__en=""), "x", words("Rue")) is None


def test_a_kind_that_changes_takes_its_particulars_with_it() -> None:
    was = {"id": "a", "kind": "integer", "label": words("N"), "min": 1, "max": 3}
    made = field(was, kind="choice", label__fr="N", label__en="N")
    assert made["min"] is None
    assert made["max"] is None
    assert len(made["choices"]) == 2
    was = {"id": "a", "kind": "choice", "label": words("N"), "choices": made["choices"]}
    assert field(was, kind="choices", label__fr="N", label__en="N") == {"kind": "choices"}


def test_choices_keep_their_values_when_their_words_change() -> None:
    old = [{"value": "house", "label": words("Maison", "House")}, {"value": "flat", "label": words("Appart")}]
    made = panels.choices("Maison\nAppartement", "House\nAppart", old)
    assert made == [
        {"value": "house", "label": words("Maison", "House")},
        {"value": "flat", "label": words("Appartement")},
    ]
    made = panels.choices("Appart\nMaison\nBateau", "", old)
    assert [each["value"] for each in made] == ["flat", "house", "bateau"]
    assert made[1]["label"]["en"] == "House"
    assert [each["value"] for each in panels.choices("A\nA\nA", "", [])] == ["a", "a_2", "a_3"]
    assert panels.choices("", "", old) == []
    assert panels.choices("Maison\nYourte", "House\nYurt", old)[1]["label"] == words("Yourte", "Yurt")


def test_choices_of_two_levels_are_pairs_of_lines() -> None:
    made = panels.linked("Poitiers > Centre\nPoitiers > Gare\nBuxerolles > Bourg", "", [])
    assert [(each["value"], [inside["value"] for inside in each["choices"]]) for each in made] == [
        ("poitiers", ["centre", "gare"]),
        ("buxerolles", ["bourg"]),
    ]
    again = panels.linked("Poitiers > Centre-ville\nPoitiers > Gare\nBuxerolles > Bourg", "", made)
    assert again[0]["choices"][0] == {"value": "centre", "label": words("Centre-ville")}
    assert panels.linked("", "", made) == []


def test_picking_a_question_is_a_whole_rule_and_taking_it_out_none() -> None:
    was = {"id": "a", "kind": "text", "label": words("N")}
    base = {"kind": "text", "label__fr": "N", "label__en": "N", "visible_if__join": "all"}
    picked = field(was, **base, visible_if__0__name="housing")
    assert picked == {"visible_if": {"==": [{"var": "housing"}, "house"]}}
    shown = rules.shown(picked["visible_if"], ASKABLE, T)
    assert shown.rows is not None
    row = {"visible_if__0__name": "housing", "visible_if__0__was": "housing", "visible_if__0__test": "is_not"}
    changed = field({**was, **picked}, **base, **row, visible_if__0__value="flat", visible_if__1__name="born")
    assert changed == {
        "visible_if": {"and": [{"!=": [{"var": "housing"}, "flat"]}, {">=": [{"age": [{"var": "born"}]}, 18]}]}
    }
    assert field({**was, **picked}, **base, visible_if__0__name="") == {"visible_if": None}


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        (
            True,
            {"required": "always", "required_if__0__name": "housing"},
            {"required": {"==": [{"var": "housing"}, "house"]}},
        ),
        ({"var": "x"}, {"required": "always"}, {"required": True}),
        ({"var": "x"}, {"required": "rule"}, {"required": None}),
        (None, {"required": "never"}, {}),
        (None, {"required": "always"}, {"required": True}),
    ],
)
def test_an_answer_is_needed_always_never_or_by_rule(
    before: Any, values: dict[str, str], after: dict[str, Any]
) -> None:
    was = {"id": "a", "kind": "text", "label": words("N"), "required": before}
    base = {"kind": "text", "label__fr": "N", "label__en": "N", "required_if__join": "all"}
    assert field(was, **base, **values) == after


def test_a_rule_richer_than_rows_stays_until_it_is_taken_out() -> None:
    rich = {"==": [{"+": [{"age": [{"var": "born"}]}, 1]}, 2]}
    shown = rules.shown(rich, ASKABLE, T)
    assert shown.rows is None
    assert "Naissance" in shown.words
    was = {"id": "a", "kind": "text", "label": words("N"), "visible_if": rich}
    base = {"kind": "text", "label__fr": "N", "label__en": "N"}
    assert field(was, **base) == {}
    assert field(was, **base, visible_if__drop="1") == {"visible_if": None}


def test_rules_are_told_in_words() -> None:
    rule = {"or": [{"==": [{"var": "housing"}, "flat"]}, {"<": [{"age": [{"var": "born"}]}, 18]}]}
    said = rules.words(rule, ASKABLE, T)
    assert "Vous habitez…" in said
    assert "Appartement" in said
    assert " ou " in said


def test_a_rule_reads_only_the_questions_before_it() -> None:
    definition = blank("x", "X", directorate="d", service="s", theme="t")
    for label in ("Un", "Deux", "Trois"):
        definition = apply(
            definition, AddField(page="demande", field=new_field(definition, label, "yes_no"))
        ).definition
    form_ = form_of(definition)
    asked = [each.name for each in rules.questions(form_, "field:deux", T)]
    assert asked == ["un", "profile.signed_in", "profile.agent"]
    assert [each.name for each in rules.questions(form_, "aiguillage", T)][:3] == list(every_field(definition))
    assert rules.questions(form_, "page:demande", T)[0].name == "profile.signed_in"


def test_refusals_are_picked_told_and_taken_out() -> None:
    def edit(was: dict[str, Any], **values: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for each in panels.conditions_edit(form(**values), was, ASKABLE).edits:
            made |= getattr(each, "set", {})
        return made

    first = edit({}, refusal__0__refuse_if__join="all", refusal__0__refuse_if__0__name="born", price="12,5")
    rule = {">=": [{"age": [{"var": "born"}]}, 18]}
    assert first == {"eligibility": [{"refuse_if": rule, "because": panels.REFUSED}], "price": 12.5}
    picked = {"0__name": "born", "0__was": "born", "0__test": "age_at_least", "0__value": "18", "join": "all"}
    kept = {f"refusal__0__refuse_if__{name}": value for name, value in picked.items()} | {"price": "12.5"}
    told = edit(first, **kept, refusal__0__because__fr="Pour les enfants", refusal__0__because__en="")
    assert told["eligibility"][0]["because"] == words("Pour les enfants")
    gone = edit(first, refusal__0__refuse_if__join="all", refusal__0__refuse_if__0__name="", price="12.5")
    assert gone == {"eligibility": None}
    assert edit({"price": {"var": "x"}}, price__drop="1") == {"price": None}


def test_mails_that_leave_by_themselves_are_written_and_taken_out_beside_the_rest() -> None:
    def edit(was: dict[str, Any], **values: str) -> Any:
        return panels.mails_edit(form(**values), was).set.get("process", "same")

    first = edit({}, mail__0__on="under_review")
    assert first == {"automatic": [{"id": "message", "on": "under_review", "do": {"mail": panels.MAIL}}]}
    other = {"id": "end", "on": "awaiting_citizen", "do": {"close": "refused"}}
    process = {"steps": [], "automatic": [other, *first["automatic"]]}
    said_ = {"mail__1__subject__fr": "Bonjour", "mail__1__body__fr": "Nous lisons."}
    told = edit({"process": process}, mail__1__on="accepted", mail__1__days="3", **said_)
    assert told["automatic"][0] == other
    assert told["automatic"][1]["do"]["mail"] == {"subject": words("Bonjour"), "body": words("Nous lisons.")}
    assert (told["automatic"][1]["on"], told["automatic"][1]["after"]) == ("accepted", {"working_days": 3})
    assert edit({"process": process}, mail__1__on="") == {"steps": [], "automatic": [other]}
    assert edit({"process": first}, mail__0__on="") is None
    assert edit({}, mail__0__on="") == "same"


def test_routes_are_picked_moved_and_taken_out() -> None:
    def edit(was: dict[str, Any], **values: str) -> Any:
        return panels.routing_edit(form(**values), was, ASKABLE).set.get("routing", "same")

    first = edit({}, route__0__service="voirie")
    assert first == [{"service": "voirie"}]
    one = edit(
        {"routing": first}, route__0__service="voirie", route__0__when__join="all", route__0__when__0__name="housing"
    )
    rule = {"==": [{"var": "housing"}, "house"]}
    assert one == [{"when": rule, "service": "voirie"}]
    kept = {"route__0__when__join": "all", "route__0__when__0__name": "housing", "route__0__when__0__was": "housing",
            "route__0__when__0__test": "is", "route__0__when__0__value": "house"}  # fmt: skip
    two = edit({"routing": one}, route__0__service="voirie", route__1__service="eau", **kept)
    assert [each["service"] for each in two] == ["voirie", "eau"]
    moved = edit({"routing": two}, route__0__service="voirie", route__1__service="eau", act="route-up:1", **kept)
    assert [each["service"] for each in moved] == ["eau", "voirie"]
    assert edit({"routing": one}, route__0__service="", **kept) is None
