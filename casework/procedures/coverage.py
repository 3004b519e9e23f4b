"""What of a procedure its scenarios reach: rules seen true and false, fields shown and hidden, routes and the process's
actions and automatic steps taken (PURE)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from casework.forms.model import Field
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import holds
from casework.forms.strict import DefinitionFault
from casework.procedures.scenarios import Playable, Result

Part = Literal["rules", "fields", "routes", "process"]


@dataclass(frozen=True, slots=True)
class Share:
    """So many things reached, of so many that there are."""

    reached: int
    of: int

    @property
    def percent(self) -> int:
        """Whole, rounded down: a hundred is all of them. Where there is nothing to reach, all is reached."""
        return 100 * self.reached // self.of if self.of else 100


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the scenarios reach, and what no scenario reaches, each at its place."""

    parts: Mapping[Part, Share]
    unreached: tuple[DefinitionFault, ...]


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something to reach. `seen`: by which results."""

    part: Part
    fault: DefinitionFault
    seen: bool


def coverage(package: Playable, results: Sequence[Result]) -> Coverage:
    """What these results of `play` reach of the package."""
    things = [*_things(package, results)]
    parts: tuple[Part, ...] = ("rules", "fields", "routes", "process")
    shares = {part: [each.seen for each in things if each.part == part] for part in parts}
    return Coverage(
        {part: Share(sum(seen), len(seen)) for part, seen in shares.items()},
        tuple(each.fault for each in things if not each.seen),
    )


def _things(package: Playable, results: Sequence[Result]) -> Iterator[_Thing]:
    for i, page in enumerate(package.form.pages):
        at = f"form.pages[{i}]"
        yield from _rule(f"{at}.visible_if", page.visible_if, results)
        opened = [each for each in results if _holds(page.visible_if, each)]
        for j, each in enumerate(page.fields):
            yield from _field(f"{at}.fields[{j}]", each, opened)
            yield from _sight(f"{at}.fields[{j}]", each, results, may_hide=page.visible_if or each.visible_if)
    for i, condition in enumerate(package.form.conditions):
        yield from _rule(f"form.eligibility[{i}].refuse_if", condition.refuse_if, results)
    for i, way in enumerate(package.routing):
        # A rule is only asked where none before it held: what it would have said elsewhere counts for nothing.
        asked = [each for each in results if not any(_holds(before.when, each) for before in package.routing[:i])]
        yield from _rule(f"routing[{i}].when", way.when, asked)
    happened = {id_ for each in results for id_ in each.taken}
    for i, action in enumerate(package.process.actions):
        yield _Thing(
            "process", DefinitionFault(f"process.actions[{i}]", "never_taken", {"id": action.id}), action.id in happened
        )
    for automatic in package.process.automatic:
        yield _Thing(
            "process", DefinitionFault("process", "never_taken", {"id": automatic.id}), automatic.id in happened
        )
    services = dict.fromkeys([package.service, *(way.service for way in package.routing)])
    for service in services:
        taken = any(each.service == service for each in results)
        yield _Thing("routes", DefinitionFault("routing", "never_routed", {"service": service}), taken)


def _field(at: str, each: Field, opened: Sequence[Result]) -> Iterator[_Thing]:
    yield from _rule(f"{at}.visible_if", each.visible_if, opened)
    if isinstance(each.required, Rule):
        shown = [result for result in opened if each.id in result.checked.visible]
        yield from _rule(f"{at}.required", each.required, shown)


def _sight(at: str, each: Field, results: Sequence[Result], *, may_hide: object) -> Iterator[_Thing]:
    shown = [each.id in result.checked.visible for result in results]
    yield _Thing("fields", DefinitionFault(at, "never_shown", {"field": each.id}), any(shown))
    if may_hide:
        yield _Thing("fields", DefinitionFault(at, "never_hidden", {"field": each.id}), not all(shown))


def _rule(at: str, rule: Rule | None, results: Sequence[Result]) -> Iterator[_Thing]:
    if rule is None:
        return
    said = {_holds(rule, each) for each in results}
    yield _Thing("rules", DefinitionFault(at, "never_true"), True in said)
    yield _Thing("rules", DefinitionFault(at, "never_false"), False in said)


def _holds(rule: Rule | None, result: Result) -> bool:
    scenario = result.scenario
    return rule is None or holds(rule, result.checked.answers, scenario.on, scenario.who)
