"""Whether answers hold, all faults at once, and what the person sees meanwhile (PURE)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from types import MappingProxyType
from typing import Any

from casework.forms import values
from casework.forms.model import (
    BYTES_PER_DOSSIER,
    FILES_PER_DOSSIER,
    AttachmentField,
    Explanation,
    Field,
    Form,
)
from casework.forms.rule_language import Rule, printable
from casework.forms.rule_reading import holds
from casework.forms.values import Context, Documents, is_given

MAX_UNKNOWN = 20  # unknown fields named in one answer; more would only repeat

# Every code that `check` gives, with the names of its params. The doors have a sentence for each.
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "required": (),
        "unknown_field": (),
        "wrong_type": ("expected",),
        "too_long": ("most",),
        "forbidden_character": (),
        "too_small": ("least",),
        "too_big": ("most",),
        "bad_date": (),
        "too_early": ("least",),
        "too_late": ("most",),
        "not_a_choice": (),
        "too_many": ("most",),
        "bad_email": (),
        "bad_phone": (),
        "unknown_part": (),
        "bad_postal_code": (),
        "not_a_commune": (),
        "not_its_postal_code": ("expected",),
        "twice": (),
        "unknown_document": (),
        "wrong_media_type": ("types",),
        "file_too_big": ("most",),
        "too_many_files": ("most",),
        "files_too_big": ("most",),
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an answer does not hold. `field`: its id, or `id.part` (`address.street`). `params` are JSON."""

    field: str
    code: str
    params: Mapping[str, Any] = default(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers, judged. `answers` holds those of visible fields that hold, in their one written form."""

    answers: Mapping[str, Any]
    faults: tuple[Fault, ...]
    visible: frozenset[str]
    required: frozenset[str]
    documents: tuple[str, ...] = ()  # ids of those that the answers attach, each once


def check(form: Form, answers: Any, *, documents: Documents, today: date) -> Checked:
    """Judge the answers. `answers`: any JSON value; `documents`: id → (media type, size in bytes) of those that the
    person may attach; `today`: the local date, Europe/Paris.

    A hidden field has no value: what was sent for it is dropped without a word (a page without JavaScript sends it).
    Nothing is converted but the writing of a same value; blanks count as no answer. Never raises.
    """
    if not isinstance(answers, Mapping):
        return Checked(
            {}, (Fault("", "wrong_type", {"expected": "object"}),), visible(form, {}, today=today), frozenset()
        )
    walk = _Walk(form, today, documents)
    for page_field, shown in walk.fields(answers):
        if shown:
            walk.judge(page_field, answers.get(page_field.id))
    walk.judge_files()
    known = {each.id for each in form.fields if not isinstance(each, Explanation)}
    unknown = sorted(printable(name, 100) for name in answers if name not in known)[:MAX_UNKNOWN]
    faults = [Fault(name, "unknown_field") for name in unknown] + walk.faults
    return Checked(
        walk.answers,
        tuple(faults),
        frozenset(walk.visible),
        frozenset(walk.required),
        tuple(dict.fromkeys(walk.attached)),
    )


def visible(form: Form, answers: Mapping[str, Any], *, today: date) -> frozenset[str]:
    """Ids of the fields that the person sees with these answers. A wrong answer counts as none."""
    walk = _Walk(form, today, {})
    for page_field, shown in walk.fields(answers):
        if shown:
            walk.judge(page_field, answers.get(page_field.id))
    return frozenset(walk.visible)


class _Walk:
    """Through the form from first field to last: a rule reads only what comes before, so once is enough."""

    def __init__(self, form: Form, today: date, documents: Documents) -> None:
        self.answers: dict[str, Any] = {}
        self.context = Context(form, today, documents, self.answers)
        self.faults: list[Fault] = []
        self.visible: set[str] = set()
        self.required: set[str] = set()
        self.attached: list[str] = []

    def holds(self, rule: Rule | None) -> bool:
        return rule is None or holds(rule, self.answers, self.context.today)

    def fields(self, answers: Mapping[str, Any]) -> Iterator[tuple[Field, bool]]:
        for page in self.context.form.pages:
            page_shown = self.holds(page.visible_if)
            for each in page.fields:
                shown = page_shown and self.holds(each.visible_if)
                if shown:
                    self.visible.add(each.id)
                yield each, shown

    def judge(self, each: Field, value: Any) -> None:
        if isinstance(each, Explanation):
            return
        required = self.holds(each.required) if isinstance(each.required, Rule) else each.required
        if required:
            self.required.add(each.id)
        if not is_given(value):
            if required:
                self.faults.append(Fault(each.id, "required"))
            return
        try:
            self.answers[each.id] = values.normalised(each, value, self.context)
        except values.Fault as fault:
            where = each.id if fault.part is None else f"{each.id}.{fault.part}"
            self.faults.append(Fault(where, fault.code, fault.params))
            return
        if isinstance(each, AttachmentField):
            self.attached += self.answers[each.id]

    def judge_files(self) -> None:
        """The limits of a whole dossier, told on the last field that attaches something."""
        count, size = values.total(self.context.documents, self.attached)
        last = next((f.id for f in reversed([*self.context.form.fields]) if self._attaches(f)), "")
        if count > FILES_PER_DOSSIER:
            self.faults.append(Fault(last, "too_many_files", {"most": FILES_PER_DOSSIER}))
        if size > BYTES_PER_DOSSIER:
            self.faults.append(Fault(last, "files_too_big", {"most": BYTES_PER_DOSSIER}))

    def _attaches(self, each: Field) -> bool:
        return isinstance(each, AttachmentField) and each.id in self.answers
