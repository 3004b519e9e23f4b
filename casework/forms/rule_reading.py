"""A package's rules: read from it with their faults noted, and held against answers (PURE)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

from casework.forms import rule_engine
from casework.forms.model import Form
from casework.forms.rule_language import PROFILE, TODAY, BadRule, Known, Rule, TypeName, parse
from casework.forms.strict import Reader


@dataclass(frozen=True, slots=True)
class Profile:
    """What rules may read of who asks. What is not known is None, and no rule that needs it holds."""

    signed_in: bool = False
    agent: bool = False
    commune: str | None = None  # INSEE code
    service: str | None = None  # an agent's first service: its slug


NOBODY = Profile()


def known_in(form: Form) -> dict[str, Known]:
    """What a rule that comes after the whole form may read."""
    return {**PROFILE, **{name: known for field in form.fields for name, known in field.known.items()}}


def known_before(form: Form, ids: Collection[str]) -> dict[str, Known]:
    """What may be read before the first of these fields."""
    before = takewhile(lambda field: field.id not in ids, form.fields)
    return {**PROFILE, **{name: known for field in before for name, known in field.known.items()}}


def read_rule(
    reader: Reader,
    key: str,
    known: Mapping[str, Known],
    *,
    optional: bool = False,
    gives: TypeName = "boolean",
    later: Collection[str] = (),
) -> Rule | None:
    """The rule under `key`; None where it is left out (a fault unless it is optional) or no rule, which is noted."""
    expression = reader.get(key, optional=optional)
    if expression is None:
        return None
    try:
        return parse(expression, known, gives=gives, later=later)
    except BadRule as bad:
        reader.fault(key, f"rule_{bad.code}", at=bad.path, **bad.params)
        return None


def holds(rule: Rule, answers: Mapping[str, Any], today: date, profile: Profile = NOBODY) -> bool:
    """Whether the rule holds. `answers`: normalised, those of hidden fields left out; `today`: Europe/Paris."""
    return rule_engine.evaluate(rule, _data(rule, answers, today, profile))


def value(
    rule: Rule, answers: Mapping[str, Any], today: date, profile: Profile = NOBODY
) -> bool | int | float | str | None:
    """What the rule gives; None where an answer that it needs is missing."""
    return rule_engine.value(rule, _data(rule, answers, today, profile))


def _data(rule: Rule, answers: Mapping[str, Any], today: date, profile: Profile) -> dict[str, Any]:
    day = today.isoformat()
    data = {name: _with_day(answers[name], day) for name in rule.reads if name in answers}
    known = {
        "signed_in": profile.signed_in,
        "agent": profile.agent,
        "commune": profile.commune,
        "service": profile.service,
    }
    return {**data, TODAY: day, "profile": known}


def _with_day(answer: Any, day: str) -> Any:
    """A rule on the rows of a block sees one row, and the day."""
    if isinstance(answer, list) and answer and isinstance(answer[0], Mapping):
        return [{**row, TODAY: day} for row in answer]
    return answer
