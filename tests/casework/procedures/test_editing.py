"""Edits of a draft: each is taken back exactly, and two that touch different things do not mind who came first."""

import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.procedures.catalogue import load
from casework.procedures.drafting import blank, contacts, element_of, judge, new_field, new_page
from casework.procedures.editing import EditRefused, apply, collide, every_field, fields, id_of, pages, said, touches
from casework.procedures.edits import (
    AddField,
    AddPage,
    ChangeField,
    ChangeForm,
    ChangeHead,
    ChangePage,
    CopyField,
    Edit,
    MoveField,
    MovePage,
    RemoveField,
    RemovePage,
    Several,
)

IDS = [f"q{letter}" for letter in "abcdef"]
PAGES = ["one", "two", "three"]
values = st.none() | st.booleans() | st.sampled_from(["a", "b"]) | st.just({"fr": "x", "en": "y"})
keys = st.dictionaries(st.sampled_from(["label", "help", "required", "kind"]), values, min_size=1, max_size=2)
page_ids, field_ids = st.sampled_from(PAGES), st.sampled_from(IDS)
home_ids = page_ids | st.sampled_from([f"block:{id_}" for id_ in IDS[:2]])
places = st.none() | field_ids


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    ids = draw(st.lists(field_ids, unique=True))

    def some(most: int, *, blocks: bool) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for _ in range(draw(st.integers(0, most))):
            if not ids:
                break
            made.append({"id": ids.pop(), "kind": "text"})
            if blocks and draw(st.booleans()):
                made[-1] |= {"kind": "block", "fields": some(2, blocks=False)}
        return made

    made = [
        {"id": page, "title": {"fr": page, "en": page}, "fields": some(3, blocks=True)}
        for page in draw(st.lists(page_ids, unique=True))
    ]
    return {"slug": "x", "title": {"fr": "X", "en": "X"}, "form": {"pages": made}}


single: st.SearchStrategy[Any] = st.one_of(
    st.builds(ChangeHead, set=st.dictionaries(st.sampled_from(["title", "theme", "routing"]), values, min_size=1)),
    st.builds(ChangeForm, set=st.dictionaries(st.just("eligibility"), values, min_size=1)),
    st.builds(
        lambda id_, before: AddPage(page={"id": id_, "fields": []}, before=before), page_ids, st.none() | page_ids
    ),
    st.builds(ChangePage, page=page_ids, set=st.dictionaries(st.just("title"), values, min_size=1)),
    st.builds(MovePage, page=page_ids, before=st.none() | page_ids),
    st.builds(RemovePage, page=page_ids),
    st.builds(lambda p, f, b: AddField(page=p, field={"id": f, "kind": "text"}, before=b), home_ids, field_ids, places),
    st.builds(CopyField, field=field_ids, copy=field_ids),
    st.builds(ChangeField, field=field_ids, set=keys),
    st.builds(MoveField, field=field_ids, page=home_ids, before=places),
    st.builds(RemoveField, field=field_ids),
)
edits = single | st.builds(Several, edits=st.lists(single, max_size=3))


def normal(definition: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that stand for nothing."""
    return {
        **definition,
        "form": {**definition["form"], "pages": [{**page, "fields": fields(page)} for page in pages(definition)]},
    }


def unordered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fields, those inside blocks too, by id."""
    each_ = [{**each, "fields": unordered(fields(each))} if "fields" in each else each for each in found]
    return sorted(each_, key=lambda field: str(field["id"]))


def contents(definition: dict[str, Any]) -> Any:
    """What is in it, whatever the order: which fields are on which page, and what each says."""
    beside = {key: value for key, value in definition["form"].items() if key != "pages"}
    head = {**{key: value for key, value in definition.items() if key != "form"}, **beside}
    return head, {
        page["id"]: (
            {key: value for key, value in page.items() if key != "fields"},
            unordered(fields(page)),
        )
        for page in pages(definition)
    }


@given(definitions(), edits)
def test_an_edit_is_taken_back_exactly(definition: dict[str, Any], edit: Edit) -> None:
    try:
        edited = apply(definition, edit)
    except EditRefused:
        return
    again = msgspec.convert(msgspec.to_builtins(edited.undo), Edit)  # as the table keeps it
    assert normal(apply(edited.definition, again).definition) == normal(definition)


@given(definitions(), edits, edits)
def test_edits_that_touch_different_things_make_the_same_whoever_came_first(
    definition: dict[str, Any], one: Edit, other: Edit
) -> None:
    if collide(touches(definition, one), touches(definition, other)):
        return
    try:
        first = apply(apply(definition, one).definition, other).definition
        second = apply(apply(definition, other).definition, one).definition
    except EditRefused:
        return  # one needs what the other makes or takes away
    assert contents(first) == contents(second)


def flat(field: dict[str, Any] | None) -> dict[str, Any] | None:
    """A field without those inside it."""
    return None if field is None else {key: value for key, value in field.items() if key != "fields"}


@given(definitions(), edits)
def test_an_edit_changes_nothing_that_it_does_not_say(definition: dict[str, Any], edit: Edit) -> None:
    before = msgspec.json.encode(definition)
    try:
        after = apply(definition, edit).definition
    except EditRefused:
        return
    assert msgspec.json.encode(definition) == before
    touched = touches(definition, edit)
    old, new = every_field(definition), every_field(after)
    for id_ in old.keys() | new.keys():
        if flat(old.get(id_)) != flat(new.get(id_)):
            assert collide({f"field:{id_}"}, touched)
    assert said(definition, edit).code or isinstance(edit, Several)


@given(st.text(), st.lists(st.text(string.ascii_lowercase, max_size=5)))
def test_an_id_is_made_of_any_words(words: str, taken: list[str]) -> None:
    id_ = id_of(words, taken)
    assert id_ not in taken
    edited = apply(
        blank("x", "X", directorate="d", service="s", theme="t"), AddField(page="demande", field={"id": id_})
    )
    assert list(every_field(edited.definition)) == [id_]


def test_ids_are_the_words_of_the_question() -> None:
    assert id_of("Où habitez-vous ?", ()) == "ou_habitez_vous"
    assert id_of("Taille du composteur", {"taille_du_composteur"}) == "taille_du_composteur_2"
    assert id_of("N° d’allocataire", ()) == "n_d_allocataire"
    assert id_of("2 photos", ()) == "n2_photos"
    assert id_of("???", ()) == "question"


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (ChangeHead(set={"slug": "y"}), "bad_element"),
        (ChangeHead(set={"form": {}}), "bad_element"),
        (ChangeForm(set={"pages": []}), "bad_element"),
        (ChangePage(page="demande", set={"fields": []}), "bad_element"),
        (AddField(page="nulle-part", field={"id": "a"}), "no_such_element"),
        (AddField(page="demande", field={"id": "A b"}), "bad_element"),
        (AddField(page="demande", field={}), "bad_element"),
        (AddPage(page={"id": "demande"}), "already_there"),
        (AddPage(page={"id": "autre", "fields": [{"id": "a"}, {"id": "a"}]}), "already_there"),
        (AddPage(page={"id": "autre", "fields": "a"}), "bad_element"),
        (RemoveField(field="a"), "no_such_element"),
        (ChangeHead(set={"summary": "x" * 300_000}), "too_big"),
    ],
)
def test_what_cannot_be_done_is_refused(edit: Edit, code: str) -> None:
    with pytest.raises(EditRefused) as refused:
        apply(blank("x", "X", directorate="d", service="s", theme="t"), edit)
    assert refused.value.code == code


def test_a_blank_procedure_with_one_question_and_the_contact_page_can_be_published() -> None:
    definition = blank("x", "Nouvelle démarche", directorate="dechets-proprete", service="collecte", theme="dechets")
    services, themes = {"collecte": "dechets-proprete"}, load().themes
    assert [each.path for each in judge(definition, services, themes).faults] == ["form.pages[0].fields"]
    for kind in ("choice", "text"):
        field = new_field(definition, "Où habitez-vous ?", kind)
        definition = apply(definition, AddField(page="demande", field=field)).definition
    definition = apply(definition, contacts(definition)).definition
    definition = apply(definition, contacts(definition)).definition  # twice does no harm
    page = new_page(definition, "Vos coordonnées")
    assert page.page["id"] == "vos-coordonnees-3"
    judged = judge(definition, services, themes)
    assert judged.package is not None, judged.faults
    assert judged.package.applicant.email == "email_2"
    assert {each.code for each in judged.remarks} == {"untranslated"}


def test_questions_are_put_into_blocks_and_a_copied_block_has_ids_of_its_own() -> None:
    definition = blank("x", "X", directorate="d", service="s", theme="t")
    definition = apply(definition, AddField(page="demande", field=new_field(definition, "Enfants", "block"))).definition
    name = new_field(definition, "Prénom", "text")
    definition = apply(definition, AddField(page="block:enfants", field=name, before="precision")).definition
    definition = apply(definition, CopyField(field="enfants", copy="enfants_2")).definition
    assert list(every_field(definition)) == ["enfants", "enfants_2", "prenom", "precision", "prenom_2", "precision_2"]
    assert element_of(definition, "form.pages[0].fields[1].fields[0].label") == ("field:prenom_2", "label")
    with pytest.raises(EditRefused):
        apply(definition, MoveField(field="enfants_2", page="block:enfants"))


def test_a_fault_is_told_at_its_element() -> None:
    definition = blank("x", "X", directorate="d", service="s", theme="t")
    definition = apply(definition, AddField(page="demande", field={"id": "a", "kind": "text"})).definition
    assert element_of(definition, "form.pages[0].fields[0].label.en") == ("field:a", "label.en")
    assert element_of(definition, "form.pages[0].title") == ("page:demande", "title")
    assert element_of(definition, "form.pages[7].title") == ("head", "form.pages[7].title")
    assert element_of(definition, "form.eligibility[0].because") == ("form", "eligibility[0].because")
    assert element_of(definition, "title.fr") == ("head", "title.fr")
