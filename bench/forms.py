"""A form judged on the server after one answer changed: what the page waits for, beside judging everything again.

    python -m bench.forms [--changes 4000] [--repetitions 3] [--json PATH]

The form has 60 questions of every common kind and 40 rules (visibility, requirement, computations on dates, amounts and
lists). A person fills it in; then one answer at a time is changed, at random, right or wrong, by a seed that all targets
share. Three targets, in turn within each repetition:

- only what the changed answer can reach (`check_again`), as the portal does;
- the whole form again (`check`);
- the limit: the forty rules alone, evaluated by the engine on answers that are ready, nothing judged.

The first two must give the same verdict, or the run does not count.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.table import Budget, Column, budgets, heading, percentile, table
from casework.forms.check import Checked, check, check_again
from casework.forms.definition import read_form
from casework.forms.model import Form
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import holds
from casework.forms.strict import DefinitionFault, Reader
from casework.organisation.communes import communes

TODAY = date(2026, 11, 24)
QUESTIONS, RULES = 60, 40
COLUMNS = [Column("p50", "p50 µs", 0), Column("p99", "p99 µs", 0), Column("max", "max µs", 0)]
CHANGED, WHOLE, LIMIT = "what the changed answer can reach", "the whole form again", "limit: the 40 rules alone"


def _wording(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}


def _question(number: int) -> dict[str, Any]:
    kinds = ("yes_no", "integer", "date", "choice", "choices", "text", "email", "phone", "commune", "address")
    kind = kinds[number % len(kinds)]
    field: dict[str, Any] = {"id": f"q{number}", "kind": kind, "label": _wording(f"Question {number}")}
    if kind in ("choice", "choices"):
        field["choices"] = [{"value": each, "label": _wording(each)} for each in ("bike", "car", "bus", "foot")]
    return field


def _rule(chance: random.Random, number: int) -> dict[str, Any]:
    """A rule on the answers of earlier questions, of the kind that packages have."""
    before = {name: number - 10 * chance.randrange(1, 1 + number // 10) for name in ("a", "b")}
    first = before["a"] - before["a"] % 10
    yes, count, day, one, several = ({"var": f"q{first + place}"} for place in range(5))
    return chance.choice(
        [
            {"==": [yes, True]},
            {">": [count, 12]},
            {"and": [{">=": [{"age": [day]}, 18]}, {"!=": [one, "car"]}]},
            {"or": [{"in": ["bike", several]}, {"in": [one, ["bus", "foot"]]}]},
            {">": [{"*": [count, 12.5]}, 400]},
            {"<": [{"working_days": [{"var": "today"}, day]}, 20]},
        ]
    )


def form_of(seed: int) -> Form:
    """60 questions on six pages, 40 of them with a rule that says whether they show or are required."""
    chance = random.Random(seed)
    ruled = chance.sample(range(10, QUESTIONS), RULES)
    questions = [_question(number) for number in range(QUESTIONS)]
    for place, number in enumerate(sorted(ruled)):
        questions[number]["visible_if" if place % 2 else "required"] = _rule(chance, number)
    pages = [{"id": f"page{i}", "title": _wording("Page"), "fields": questions[10 * i : 10 * i + 10]} for i in range(6)]
    faults: list[DefinitionFault] = []
    form = read_form(Reader.of({"pages": pages}, "form", faults), communes())
    assert not faults, faults
    return form


def _answer(chance: random.Random, kind: str) -> Any:
    right: dict[str, Callable[[], Any]] = {
        "yes_no": lambda: chance.random() < 0.5,
        "integer": lambda: chance.randrange(60),
        "date": lambda: date(
            1950 + chance.randrange(80), 1 + chance.randrange(12), 1 + chance.randrange(28)
        ).isoformat(),
        "choice": lambda: chance.choice(["bike", "car", "bus", "foot"]),
        "choices": lambda: chance.sample(["bike", "car", "bus", "foot"], 2),
        "text": lambda: "Camille Martin",
        "email": lambda: "camille.martin@example.org",
        "phone": lambda: f"05 49 {chance.randrange(10, 99)} 00 12",
        "commune": lambda: "86194",
        "address": lambda: {
            "street": f"{chance.randrange(99)} rue des Écoles",
            "citycode": "86194",
            "postal_code": "86000",
        },
    }
    return "?" if chance.random() < 0.05 else right[kind]()


def changes(form: Form, count: int, seed: int) -> list[tuple[dict[str, Any], str]]:
    """The answers after each change, and the question that changed."""
    chance = random.Random(seed)
    fields = [*form.fields]
    answers = {field.id: _answer(chance, field.kind) for field in fields}
    made = [(dict(answers), "")]
    for _ in range(count):
        field = chance.choice(fields)
        answers = {**answers, field.id: _answer(chance, field.kind)}
        made.append((answers, field.id))
    return made


def _rules(form: Form) -> list[Rule]:
    return [rule for field in form.fields for rule in (field.visible_if, field.required) if isinstance(rule, Rule)]


def run(target: str, form: Form, made: Sequence[tuple[dict[str, Any], str]]) -> tuple[dict[str, float], list[Checked]]:
    """One target over all changes: microseconds each, and the verdicts that it gave."""
    rules = _rules(form)
    verdict = check(form, made[0][0], documents={}, today=TODAY)
    verdicts, taken = [], []
    for answers, name in made[1:]:
        begun = time.perf_counter_ns()
        if target == CHANGED:
            verdict = check_again(form, answers, verdict, (name,), documents={}, today=TODAY)
        elif target == WHOLE:
            verdict = check(form, answers, documents={}, today=TODAY)
        else:
            for rule in rules:
                holds(rule, verdict.answers, TODAY)
        taken.append((time.perf_counter_ns() - begun) / 1000)
        verdicts.append(verdict)
    taken.sort()
    return {"p50": percentile(taken, 0.5), "p99": percentile(taken, 0.99), "max": taken[-1]}, verdicts


def main() -> None:
    """Measure, print the table, and write the figures where they are asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--changes", type=int, default=4000)
    arguments.add_argument("--repetitions", type=int, default=3)
    arguments.add_argument("--json", type=Path)
    asked = arguments.parse_args()
    runs: dict[str, list[dict[str, float]]] = {CHANGED: [], WHOLE: [], LIMIT: []}
    for repetition in range(asked.repetitions):
        form = form_of(repetition)
        assert len(_rules(form)) == RULES
        made = changes(form, asked.changes, repetition)
        verdicts = {}
        for target, figures in runs.items():
            measured, verdicts[target] = run(target, form, made)
            figures.append(measured)
        if verdicts[CHANGED] != verdicts[WHOLE]:
            raise SystemExit("The two ways gave different verdicts: the run does not count.")
    title = f"A form of {QUESTIONS} questions and {RULES} rules, one answer changed"
    conditions = f"{asked.changes:,} changes, one process, no database."
    print(
        heading(
            title,
            versions=f"datalogic-py {version('datalogic-py')}",
            repetitions=asked.repetitions,
            conditions=conditions,
        )
    )
    print(table(COLUMNS, runs))
    print(budgets([Budget("p99 after one answer changed, ms", max(each["p99"] for each in runs[CHANGED]) / 1000, 5.0)]))
    if asked.json:
        asked.json.write_text(json.dumps(runs))


if __name__ == "__main__":
    main()
