"""Rules of a package outside its form: they read every answer, and today (PURE)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from casework.forms.model import Form
from casework.forms.rule_language import TODAY, BadRule, Known, Rule, evaluate, parse
from casework.forms.strict import Reader


def known_in(form: Form) -> dict[str, Known]:
    """What a rule that comes after the whole form may read."""
    return {name: known for field in form.fields for name, known in field.known.items()}


def read_rule(reader: Reader, key: str, known: Mapping[str, Known]) -> Rule | None:
    """The rule under `key`; None where it is missing or does not hold, which is noted as a fault."""
    expression = reader.get(key)
    if expression is None:
        return None
    try:
        return parse(expression, known)
    except BadRule as bad:
        reader.fault(key, f"rule_{bad.code}", at=bad.path, **bad.params)
        return None


def data_of(rule: Rule, answers: Mapping[str, Any], today: date) -> dict[str, Any]:
    """What this rule is evaluated on: the answers that it reads, and the local date."""
    read = {name: answers[name] for name in rule.reads if name in answers}
    return {**read, TODAY: today.isoformat()}


def holds(rule: Rule, answers: Mapping[str, Any], today: date) -> bool:
    """Whether the rule holds. `answers`: normalised, those of hidden fields left out."""
    return evaluate(rule, data_of(rule, answers, today))
