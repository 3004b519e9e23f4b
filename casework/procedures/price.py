"""What a request costs, by the rule `price` of its procedure (PURE)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from casework.forms.rule_language import Rule
from casework.forms.rule_reading import NOBODY, Profile, value


class Priced(Protocol):
    """What of a package says what is paid."""

    @property
    def price(self) -> Rule | None: ...


def price_of(package: Priced, answers: Mapping[str, Any], *, today: date, profile: Profile = NOBODY) -> int | None:
    """What these answers cost, in cents, never below zero; None where nothing is to be paid, or it is not known yet."""
    if package.price is None:
        return None
    euros = value(package.price, answers, today, profile)
    return max(0, round(euros * 100)) if isinstance(euros, int | float) else None
