"""Whether answers hold, all faults at once, and what the person sees meanwhile (PURE)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as default
from datetime import date
from types import MappingProxyType
from typing import Any, Protocol

from casework.forms import values
from casework.forms.blocks import BlockField, ComputedField, row_path
from casework.forms.judging import Context, Documents
from casework.forms.judging import Fault as BadAnswer
from casework.forms.kinds import AttachmentField, ConsentField
from casework.forms.model import BYTES_PER_DOSSIER, FILES_PER_DOSSIER, Field, Form
from casework.forms.rule_language import Rule, printable
from casework.forms.rule_reading import NOBODY, Profile, holds
from casework.forms.rule_reading import value as rule_value
from casework.forms.values import is_answer

MAX_UNKNOWN = 20  # unknown fields named in one answer; more would only repeat

# Every code that `check` gives, with the names of its params. The doors have a sentence for each.
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "required": (),
        "lookup_down": (),
        "not_eligible": ("because",),
        "unknown_field": (),
        "wrong_type": ("expected",),
        "too_long": ("most",),
        "forbidden_character": (),
        "too_small": ("least",),
        "too_big": ("most",),
        "too_many_decimals": ("most",),
        "bad_date": (),
        "too_early": ("least",),
        "too_late": ("most",),
        "bad_time": (),
        "time_too_early": ("least",),
        "time_too_late": ("most",),
        "consent_required": (),
        "not_a_choice": (),
        "too_many": ("most",),
        "bad_email": (),
        "bad_phone": (),
        "unknown_part": (),
        "bad_postal_code": (),
        "not_a_commune": (),
        "not_its_postal_code": ("expected",),
        "not_a_country": (),
        "bad_siret": (),
        "bad_rna": (),
        "bad_iban": (),
        "bad_number_plate": (),
        "bad_dossier": (),
        "unknown_dossier": (),
        "outside": ("least", "most"),
        "bad_drawing": (),
        "drawing_too_big": ("most",),
        "too_few_rows": ("least",),
        "too_many_rows": ("most",),
        "empty_row": (),
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
    """Why an answer does not hold. `field`: its id, `id.part` (`address.street`), or in a row of a block
    `children[0].first_name`. `params` are JSON."""

    field: str
    code: str
    params: Mapping[str, Any] = default(default_factory=dict)

    @property
    def of(self) -> str:
        """The id of the field of the form that it is in."""
        return field_of(self.field)


def field_of(path: str) -> str:
    """The id of the field of the form that a fault, or a field of a row, is in: `children` of `children[0].age`."""
    return path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers, judged. `answers` holds those of visible fields that hold, in their one written form; a row of a block
    holds those of its own that do. Fields of rows are named as faults name them."""

    answers: Mapping[str, Any]
    faults: tuple[Fault, ...]
    visible: frozenset[str]
    required: frozenset[str]
    documents: tuple[str, ...] = ()  # ids of those that the answers attach, each once
    looked_up: frozenset[str] = frozenset()  # fields that an outside service filled
    declared: frozenset[str] = frozenset()  # fields that it should have filled: the person said instead
    waiting: frozenset[str] = frozenset()  # fields that it will fill, once the answers that it needs are there
    found: Mapping[str, Fault] = default(default_factory=dict, repr=False)  # by field: for `check_again`


class Fills(Protocol):
    """What fills fields from outside: `casework.procedures.lookups.Filler`."""

    @property
    def fields(self) -> frozenset[str]: ...
    def fill(self, field: str, answers: Mapping[str, Any], today: date, profile: Profile) -> tuple[str, Any]: ...


def check(
    form: Form,
    answers: Any,
    *,
    documents: Documents,
    today: date,
    profile: Profile = NOBODY,
    fills: Fills | None = None,
) -> Checked:
    """Judge the answers. `answers`: any JSON value; `documents`: id → (media type, size in bytes) of those that the
    person may attach; `today`: the local date, Europe/Paris; `profile`: who asks; `fills`: what fills fields from outside.

    A hidden field has no value: what was sent for it is dropped without a word (a page without JavaScript sends it).
    Nothing is converted but the writing of a same value; blanks count as no answer. Never raises.
    """
    if not isinstance(answers, Mapping):
        shown = visible(form, {}, today=today, profile=profile)
        return Checked({}, (Fault("", "wrong_type", {"expected": "object"}),), shown, frozenset())
    walk = _Walk(form, today, documents, profile, fills)
    for each, shown_ in walk.fields():
        if shown_:
            walk.judge(each, answers.get(each.id))
    return walk.verdict(answers)


def check_again(
    form: Form,
    answers: Mapping[str, Any],
    before: Checked,
    changed: Collection[str],
    *,
    documents: Documents,
    today: date,
    profile: Profile = NOBODY,
    fills: Fills | None = None,
) -> Checked:
    """The same verdict as `check`, where `before` is the verdict of answers that differed in `changed` alone, on the
    same day, of the same person. Only what a changed answer can reach is judged; files always are.
    """
    walk = _Walk(form, today, documents, profile, fills)
    touched = set(changed) | (fills.fields if fills else frozenset())
    for page in form.pages:
        page_touched = page.visible_if is not None and not touched.isdisjoint(page.visible_if.reads)
        page_shown: bool | None = None
        for each in page.fields:
            if not (
                page_touched or each.id in touched or not touched.isdisjoint(form.reads[each.id]) or each.looks_at_files
            ):
                walk.keep(each, before)
                continue
            if page_shown is None:
                page_shown = walk.holds(page.visible_if)
            if page_shown and walk.holds(each.visible_if):
                walk.visible.add(each.id)
                walk.judge(each, answers.get(each.id))
            if walk.answers.get(each.id) != before.answers.get(each.id):
                touched.add(each.id)
    return walk.verdict(answers)


def visible(form: Form, answers: Mapping[str, Any], *, today: date, profile: Profile = NOBODY) -> frozenset[str]:
    """Ids of the fields that the person sees with these answers. A wrong answer counts as none."""
    walk = _Walk(form, today, {}, profile)
    for each, shown in walk.fields():
        if shown:
            walk.judge(each, answers.get(each.id))
    return frozenset(walk.visible)


class _Walk:
    """Through the form from first field to last: a rule reads only what comes before, so once is enough."""

    def __init__(
        self,
        form: Form,
        today: date,
        documents: Documents,
        profile: Profile,
        fills: Fills | None = None,
        outside: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.answers: dict[str, Any] = dict(outside)  # what a row of a block reads of the answers before the block
        self.context = Context(form, today, documents, self.answers)
        self.profile = profile
        self.fills = fills
        self.looked_up: set[str] = set()
        self.declared: set[str] = set()
        self.waiting: set[str] = set()
        self.found: dict[str, Fault] = {}
        self.visible: set[str] = set()
        self.required: set[str] = set()
        self.attached: list[str] = []
        self.attaching = ""  # the last field that attaches something

    def holds(self, rule: Rule | None) -> bool:
        return rule is None or holds(rule, self.answers, self.context.today, self.profile)

    def fields(self) -> Iterator[tuple[Field, bool]]:
        for page in self.context.form.pages:
            page_shown = self.holds(page.visible_if)
            for each in page.fields:
                shown = page_shown and self.holds(each.visible_if)
                if shown:
                    self.visible.add(each.id)
                yield each, shown

    def judge(self, each: Field, value: Any) -> None:
        if isinstance(each, ComputedField):
            self.compute(each)
            return
        if not each.is_asked or (self.fills is not None and self.filled(each, self.fills)):
            return
        if each.id in self.declared and not is_answer(each, value):
            self.declared.discard(each.id)
        required = self.holds(each.required) if isinstance(each.required, Rule) else each.required
        if required:
            self.required.add(each.id)
        if not is_answer(each, value):
            if required:
                code = "consent_required" if isinstance(each, ConsentField) else "required"
                self.found[each.id] = Fault(each.id, code)
            return
        if isinstance(each, BlockField):
            self.judge_rows(each, value)
            return
        try:
            self.answers[each.id] = values.normalised(each, value, self.context)
        except BadAnswer as fault:
            where = each.id if fault.part is None else f"{each.id}.{fault.part}"
            self.found[each.id] = Fault(where, fault.code, fault.params)
            return
        if isinstance(each, AttachmentField):
            self.attached += self.answers[each.id]
            self.attaching = each.id

    def compute(self, each: ComputedField) -> None:
        value = rule_value(each.value, self.answers, self.context.today, self.profile)
        if value is not None:
            self.answers[each.id] = values.cents(value) if each.gives == "money" else value

    def judge_rows(self, block: BlockField, rows: Any) -> None:
        """Each row by itself. A row keeps those of its answers that hold, so that what rules show stays shown."""
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            self.found[block.id] = Fault(block.id, "wrong_type", {"expected": "rows"})
            return
        if len(rows) > block.most:
            self.found[block.id] = Fault(block.id, "too_many_rows", {"most": block.most})
            return
        if len(rows) < block.least:
            self.found[block.id] = Fault(block.id, "too_few_rows", {"least": block.least})
        self.answers[block.id] = [self.judge_row(block, row, row_path(block.id, i)) for i, row in enumerate(rows)]

    def judge_row(self, block: BlockField, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """One row, judged as a form of its own that also reads what was answered before the block."""
        inner = _Walk(self.context.form, self.context.today, self.context.documents, self.profile, outside=self.answers)
        for each in block.fields:
            if inner.holds(each.visible_if):
                inner.visible.add(each.id)
                inner.judge(each, given.get(each.id))
        named = {each.id for each in block.fields if each.has_answer}
        for name in sorted(printable(name, 100) for name in given if name not in named)[:MAX_UNKNOWN]:
            self.found[f"{where}.{name}"] = Fault(f"{where}.{name}", "unknown_field")
        row = {each.id: inner.answers[each.id] for each in block.fields if each.id in inner.answers}
        if not row and not inner.found:
            self.found[where] = Fault(where, "empty_row")
        for id_, fault in inner.found.items():
            self.found[f"{where}.{id_}"] = replace(fault, field=f"{where}.{fault.field}")
        self.visible |= {f"{where}.{id_}" for id_ in inner.visible}
        self.required |= {f"{where}.{id_}" for id_ in inner.required}
        self.attached += inner.attached
        if inner.attaching:
            self.attaching = f"{where}.{inner.attaching}"
        return row

    def filled(self, each: Field, fills: Fills) -> bool:
        """Whether an outside service settles this field; otherwise the person is asked."""
        status, value = fills.fill(each.id, self.answers, self.context.today, self.profile)
        if status == "found":
            try:
                self.answers[each.id] = values.normalised(each, value, self.context)
            except BadAnswer:
                status = "declared"  # what came is no answer to this question: as if nothing had come
            else:
                self.looked_up.add(each.id)
        if status == "waiting":
            self.waiting.add(each.id)
        elif status == "down":
            self.found[each.id] = Fault(each.id, "lookup_down")
        elif status == "declared":
            self.declared.add(each.id)
        return status in ("found", "waiting", "down")

    def keep(self, each: Field, before: Checked) -> None:
        """What was judged of this field holds still."""
        if isinstance(each, BlockField):
            rows = f"{each.id}["
            self.visible |= {name for name in before.visible if name.startswith(rows)}
            self.required |= {name for name in before.required if name.startswith(rows)}
        if each.id in before.visible:
            self.visible.add(each.id)
        if each.id in before.required:
            self.required.add(each.id)
        if each.id in before.found:
            self.found[each.id] = before.found[each.id]
        if isinstance(each, BlockField):
            self.found |= {name: fault for name, fault in before.found.items() if name.startswith(rows)}
        if each.id in before.answers:
            self.answers[each.id] = before.answers[each.id]

    def verdict(self, answers: Mapping[str, Any]) -> Checked:
        form = self.context.form
        unknown = sorted(printable(name, 100) for name in answers if name not in form.answered)[:MAX_UNKNOWN]
        faults = [Fault(name, "unknown_field") for name in unknown]
        faults += [*self.found.values(), *self.files(), *self.refused()]
        return Checked(
            self.answers,
            tuple(faults),
            frozenset(self.visible),
            frozenset(self.required),
            tuple(dict.fromkeys(self.attached)),
            frozenset(self.looked_up),
            frozenset(self.declared),
            frozenset(self.waiting),
            self.found,
        )

    def refused(self) -> Iterator[Fault]:
        """What the procedure is not for, told at the last question that says so."""
        for condition in self.context.form.conditions:
            if self.holds(condition.refuse_if):
                asked = [each.id for each in self.context.form.fields if each.id in condition.refuse_if.reads]
                because = {"fr": condition.because.fr, "en": condition.because.en}
                yield Fault(asked[-1] if asked else "", "not_eligible", {"because": because})

    def files(self) -> Iterator[Fault]:
        """The limits of a whole dossier, told on the last field that attaches something."""
        if not self.attached:
            return
        count, size = values.total(self.context.documents, self.attached)
        if count > FILES_PER_DOSSIER:
            yield Fault(self.attaching, "too_many_files", {"most": FILES_PER_DOSSIER})
        if size > BYTES_PER_DOSSIER:
            yield Fault(self.attaching, "files_too_big", {"most": BYTES_PER_DOSSIER})
