"""What publishing a package asks of it, whoever publishes."""

from collections.abc import Sequence

from casework.errors import NotPublishable, Refused
from casework.forms.strict import DefinitionFault
from casework.procedures.actions import Listing
from casework.procedures.package import Package
from casework.procedures.package_faults import sentence
from casework.procedures.scenarios import differences


def refuse_wrong(
    package: Package | None,
    faults: Sequence[DefinitionFault],
    *,
    played: bool = False,
    refusal: type[Refused] = NotPublishable,
) -> Package:
    """The package, if it is one and, where it is to be `played`, each of its scenarios holds.

    Raises the `refusal` with every fault, its place and its sentence.
    """
    wrong = faults if package is None else differences(package) if played else ()
    if package is None or wrong:
        told = [
            {"field": each.path, "code": each.code, "params": {**each.params, "sentence": sentence(each)}}
            for each in wrong
        ]
        raise refusal(faults=told)
    return package


def listing_of(package: Package) -> Listing:
    """What lists show of it."""
    return Listing(
        package.title.fr, package.title.en, package.theme, internal=package.internal, target_days=package.target_days
    )
