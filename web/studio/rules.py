"""Rules on the screen: rows to be picked, and in words what is richer than rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from casework.forms.model import Form
from casework.forms.rule_language import PROFILE, Known, is_date
from casework.forms.rule_rows import WITHOUT_VALUE, Join, Row, Rows, default, from_rows, possible, to_rows
from infra.i18n import Translator
from web.render import said
from web.studio.words import of

ROWS_MAX = 12
KEEP = object()  # the form shows no rows for this rule: it stays as it is


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a rule can read, as a designer picks it."""

    name: str
    label: str
    known: Known
    choices: tuple[tuple[str, str], ...] = ()  # value, label

    @property
    def tests(self) -> tuple[str, ...]:
        return possible(self.known)


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule as the page shows it: its rows; or (`rows` None) only its words."""

    rows: Rows | None
    words: str


def questions(form: Form, element: str, t: Translator) -> list[Question]:
    """What a rule of this element may read: the questions before it; after the whole form for what is no part of it."""
    found: list[Question] = []
    for page in form.pages:
        if element == f"page:{page.id}":
            break
        before, ended = _before(page.fields, element)
        found += _of(before, t)
        if ended:
            break
    profile = {
        "profile.signed_in": t.gettext("La personne est connectée"),
        "profile.agent": t.gettext("Un agent remplit la demande"),
    }
    return [*found, *(Question(name, label, PROFILE[name]) for name, label in profile.items())]


def _before(fields: Sequence[Any], element: str) -> tuple[list[Any], bool]:
    """The fields before this element, and whether it is one of them or inside one: then those before it in its row too."""
    before: list[Any] = []
    for each in fields:
        if element == f"field:{each.id}":
            return before, True
        inside, found = _before(getattr(each, "fields", ()), element)
        if found:
            return [*before, *inside], True
        before.append(each)
    return before, False


def _of(fields: Sequence[Any], t: Translator) -> list[Question]:
    found = []
    for field in fields:
        label = said({"fr": field.label.fr, "en": field.label.en}, t) or field.id
        choices = tuple(
            (each.value, said({"fr": each.label.fr, "en": each.label.en}, t)) for each in getattr(field, "choices", ())
        )
        for name, known in field.known.items():
            if not possible(known):
                continue
            part = name.partition(".")[2]
            words = f"{label} ({_part(part, t)})" if part else label
            listed = tuple(each for each in choices if each[0] in (known.values or ()))
            found.append(Question(name, words, known, listed if len(listed) == len(known.values or ()) else ()))
    return found


def _part(part: str, t: Translator) -> str:
    return {"citycode": t.gettext("code de la commune")}.get(part, part)


def shown(expression: Any, askable: Sequence[Question], t: Translator) -> Shown:
    """The rule for the page. Rows that read a question that is not there (any more) are shown in words, to be replaced."""
    rows = to_rows(expression)
    by_name = {each.name: each for each in askable}
    if rows is not None and not all(row.name in by_name and row.test in by_name[row.name].tests for row in rows.rows):
        rows = None
    return Shown(rows, "" if expression is None else words(expression, askable, t))


def posted(form: FormData, prefix: str, askable: Sequence[Question]) -> Any:
    """The rule that the rows of a form are: an expression, None for none, KEEP where the form shows no rows of it.

    A question that was just picked gets its usual test and value, so that the rule is whole at once.
    """
    if form.get(f"{prefix}.drop"):
        return None
    if f"{prefix}.join" not in form:
        return KEEP
    by_name = {each.name: each for each in askable}
    rows = []
    for number in range(ROWS_MAX):
        name, was = (str(form.get(f"{prefix}.{number}.{part}") or "") for part in ("name", "was"))
        question = by_name.get(name)
        if question is None:
            continue
        usual = default(name, question.known, [value for value, _ in question.choices])
        test = str(form.get(f"{prefix}.{number}.test") or "")
        if name != was or test not in question.tests:
            rows.append(usual)
            continue
        raw = str(form.get(f"{prefix}.{number}.value") or "").strip()
        rows.append(_row(question, test, raw, usual))
    join: Join = "any" if form.get(f"{prefix}.join") == "any" else "all"
    return from_rows(Rows(tuple(rows), join))


def _row(question: Question, test: str, raw: str, usual: Row) -> Row:
    """The row with the value that was typed; where it is none, a value that is."""
    if test in WITHOUT_VALUE:
        return Row(question.name, test)
    if question.choices:
        values = [value for value, _ in question.choices]
        return Row(question.name, test, raw if raw in values else values[0])
    match question.known.type:
        case "boolean":
            return Row(question.name, test, raw != "false")
        case "number":
            return Row(question.name, test, _number(raw, 1))
        case "date":
            if test.startswith("age"):
                return Row(question.name, test, int(_number(raw, 18)))
            return Row(question.name, test, raw) if is_date(raw) else usual
        case _:
            return Row(question.name, test, raw[:200])


def _number(raw: str, fallback: int) -> int | float:
    try:
        found = float(raw.replace(",", ".").replace("\u202f", "").replace(" ", ""))
    except ValueError:
        return fallback
    return fallback if abs(found) > 1e15 or found != found else int(found) if found.is_integer() else found


def words(expression: Any, askable: Sequence[Question], t: Translator) -> str:
    """Any rule as a sentence of its reader's language."""
    by_name = {each.name: each for each in askable}
    tests = of(t).test

    def operand(node: Any, beside: Question | None = None) -> str:
        if isinstance(node, Mapping) and len(node) == 1:
            operator, given = next(iter(node.items()))
            arguments = given if isinstance(given, list) else [given]
            if operator == "var":
                name = str(arguments[0]) if arguments else ""
                if name == "today":
                    return t.gettext("aujourd’hui")
                return f"« {by_name[name].label} »" if name in by_name else f"« {name} »"
            return sentence(node)
        if isinstance(node, bool):
            return t.gettext("oui") if node else t.gettext("non")
        if isinstance(node, list):
            return ", ".join(operand(each, beside) for each in node)
        labels = dict(beside.choices) if beside else {}
        return f"« {labels[node]} »" if isinstance(node, str) and node in labels else str(node)

    def asked(node: Any) -> Question | None:
        return by_name.get(node["var"]) if isinstance(node, Mapping) and isinstance(node.get("var"), str) else None

    def sentence(node: Any) -> str:
        if not isinstance(node, Mapping) or len(node) != 1:
            return operand(node)
        operator, given = next(iter(node.items()))
        arguments = given if isinstance(given, list) else [given]
        if operator == "var":
            return operand(node)
        if operator in ("and", "or"):
            joined = t.gettext(" et ") if operator == "and" else t.gettext(" ou ")
            inner = [sentence(each) for each in arguments]
            return joined.join(f"({each})" if joined in each or " ou " in each else each for each in inner)
        rows = to_rows(node)
        if rows is not None and len(rows.rows) == 1:
            row = rows.rows[0]
            value = "" if row.test in WITHOUT_VALUE else f" {operand(row.value, by_name.get(row.name))}"
            return f"{operand({'var': row.name})} {tests[row.test]}{value}"
        signs = {"==": tests["is"], "!=": tests["is_not"], ">=": "≥", "<=": "≤", ">": ">", "<": "<"}
        if operator in signs and len(arguments) == 2:
            question = asked(arguments[0]) or asked(arguments[1])
            return f"{operand(arguments[0], question)} {signs[operator]} {operand(arguments[1], question)}"
        if operator == "in" and len(arguments) == 2:
            among, question = t.gettext("est parmi"), asked(arguments[0])
            return f"{operand(arguments[0])} {among} {operand(arguments[1], question)}"
        if operator == "!" and len(arguments) == 1:
            negation = t.gettext("il est faux que")
            return f"{negation} {sentence(arguments[0])}"
        if operator in ("+", "-", "*", "/") and len(arguments) > 1:
            return f" {operator} ".join(operand(each) for each in arguments)
        return f"{operator}({', '.join(operand(each) for each in arguments)})"

    return sentence(expression)
