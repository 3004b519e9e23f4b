"""A request being filled in: the form's pages with what the answers make of them (PURE)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.procedures import Judged
from api.representations import Evaluation, Fault, Procedure
from web.portal.answers import Carried, questions_shown


@dataclass(slots=True)
class Filling:
    """A request being filled in: the procedure, what is carried, and what these answers make of the form."""

    procedure: Procedure
    carried: Carried
    basis: Judged

    @property
    def judged(self) -> Evaluation:
        """What the carried answers make of the form."""
        return self.basis.evaluation

    @property
    def pages(self) -> list[Mapping[str, Any]]:
        """The pages that have a question to ask, in order."""
        return [each for each in self.procedure.form["pages"] if questions_shown(each, self.judged.visible)]

    @property
    def refusals(self) -> list[Fault]:
        """Why this procedure is not for this person, as far as the answers say."""
        return [each for each in self.judged.faults if each.code == "not_eligible"]

    def page(self, id_: str | None) -> Mapping[str, Any]:
        """The page of this id, else the first one."""
        return next((each for each in self.pages if each["id"] == id_), self.pages[0])

    def beside(self, page: Mapping[str, Any], step: int) -> str | None:
        """The id of the page before (-1) or after (+1); None beyond the ends."""
        ids = [each["id"] for each in self.pages]
        place = ids.index(page["id"]) + step
        return ids[place] if 0 <= place < len(ids) else None

    def faults_on(self, page: Mapping[str, Any]) -> list[Fault]:
        """What does not hold on this page, in the order of its questions."""
        order = [each["id"] for each in page["fields"]]
        found = [each for each in self.judged.faults if question_of(each.field) in order]
        return sorted(found, key=lambda fault: order.index(question_of(fault.field)))


def question_of(place: str) -> str:
    """The field of the page that a fault is about: `children` of `children[0].first_name`."""
    return re.split(r"[.\[]", place, maxsplit=1)[0]
