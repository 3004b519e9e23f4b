"""A package's rules: read from it with their faults noted, and held against answers (PURE)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from casework.forms.model import Form
from casework.forms.rule_language import TODAY, BadRule, Known, Rule, evaluate, parse
from casework.forms.strict import Reader


def known_in(form: Form) -> dict[str, Known]:
    """What a rule that comes after the whole form may read."""
    return {name: known for field in form.fields for name, known in field.known.items()}


def read_rule(reader: Reader, key: str, known: Mapping[str, Known], *, optional: bool = False) -> Rule | None:
    """The rule under `key`; None where it is left out (a fault unless it is optional) or no rule, which is noted."""
    expression = reader.get(key, optional=optional)
    if expression is None:
        return None
    try:
        return parse(expression, known)
    except BadRule as bad:
        reader.fault(key, f"rule_{bad.code}", at=bad.path, **bad.params)
        return None


def holds(rule: Rule, answers: Mapping[str, Any], today: date) -> bool:
    """Whether the rule holds. `answers`: normalised, those of hidden fields left out; `today`: Europe/Paris."""
    read = {name: answers[name] for name in rule.reads if name in answers}
    return evaluate(rule, {**read, TODAY: today.isoformat()})
