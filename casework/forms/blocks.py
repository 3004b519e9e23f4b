"""Fields made of others: blocks of questions asked several times, and what is computed (PURE)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from casework.forms.model import ROWS_MAX, Field, Form, Page, Wording
from casework.forms.rule_language import Known, Rule, TypeName

Gives = Literal["number", "money", "text", "date", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedField(Field):
    """What a rule makes of earlier answers: shown, kept, never asked. Without the answers that it needs it has none."""

    kind = "computed"
    is_asked = False
    gives: Gives
    value: Rule

    @property
    def known(self) -> dict[str, Known]:
        if self.gives in ("number", "money"):
            return {self.id: Known("number", decimal=True)}
        return {self.id: Known(cast("TypeName", self.gives))}

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (self.value,) if self.visible_if is None else (self.visible_if, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockField(Field):
    """Questions asked as often as there are children, vehicles, works… The answer is a list of rows, by field id.

    A rule inside reads the answers before the block and those before it in its own row; a rule after it says something
    of all rows. No field outside has the id of one inside, so that a name means one thing.
    """

    kind = "block"
    fields: tuple[Field, ...]
    row: Wording  # what one row is: “Enfant”, told as “Enfant 1”
    least: int = 1  # where there is any
    most: int = ROWS_MAX

    @property
    def known(self) -> dict[str, Known]:
        return {
            self.id: Known("rows", fields={name: each for inside in self.fields for name, each in inside.known.items()})
        }

    @property
    def reads(self) -> frozenset[str]:
        return frozenset(name for rule in self.rules for name in rule.reads).union(
            *(each.reads for each in self.fields)
        )

    @property
    def looks_at_files(self) -> bool:
        return any(inside.looks_at_files for inside in self.fields)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question that was answered. `path`: its field's id, or `children[0].first_name`."""

    path: str
    page: Page
    field: Field
    value: Any
    block: BlockField | None = None
    row: int = 0  # from 1; 0 outside blocks


def every_field(form: Form) -> Iterator[Field]:
    """The fields of a form, those inside its blocks too."""
    for field in form.fields:
        yield field
        if isinstance(field, BlockField):
            yield from field.fields


def row_path(block: str, index: int) -> str:
    """Where a row is, `index` from 0: `children[0]`."""
    return f"{block}[{index}]"


def answered(form: Form, answers: Mapping[str, Any]) -> Iterator[Answered]:
    """Each answer with its question, in the form's order. `answers`: as `check` gives them."""
    for page in form.pages:
        for field in page.fields:
            if field.id not in answers:
                continue
            value = answers[field.id]
            if not isinstance(field, BlockField):
                yield Answered(field.id, page, field, value)
                continue
            for index, row in enumerate(value):
                for inside in field.fields:
                    if inside.id in row:
                        path = f"{row_path(field.id, index)}.{inside.id}"
                        yield Answered(path, page, inside, row[inside.id], field, index + 1)
