"""Who asks for what, when (PURE)."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from casework.demo.calendar import filed_at, season_of, weight
from casework.demo.chance import seeded
from casework.procedures.package import Package

# How often each procedure is asked for beside an ordinary one.
_POPULAR: Mapping[str, float] = {
    "acte-de-naissance": 7.0,
    "acte-de-mariage": 2.2,
    "acte-de-deces": 2.0,
    "rdv-papiers-identite": 5.0,
    "carte-decheterie": 4.5,
    "encombrants": 3.2,
    "cantine-scolaire": 3.5,
    "transport-scolaire": 3.0,
    "pass-sport": 3.4,
    "stationnement-resident": 2.6,
    "accueil-de-loisirs": 2.4,
    "eclairage-public": 2.0,
    "velo-electrique": 1.6,
    "eau-abonnement": 2.4,
    "composteur": 1.4,
    "subvention-association": 0.9,
    "concession-cimetiere": 0.5,
    "donnees-personnelles": 0.15,
    "document-administratif": 0.2,
    "dossier-mariage": 0.9,
    "service-fait": 1.6,
    "candidature-emploi": 1.4,
    "plantation-arbre": 0.5,
    "rdv-elu": 0.4,
}
# A request in ten comes by another way than the portal.
CHANNELS = (("online", 88.0), ("counter", 6.0), ("phone", 4.0), ("mail", 2.0))


@dataclass(frozen=True, slots=True, order=True)
class Filing:
    """A request at its instant; `number` is its rank among all, from 0."""

    at: datetime
    slug: str


def filings(seed: str, count: int, packages: Mapping[str, Package], *, first: date, last: date) -> list[Filing]:
    """`count` requests in the order of time: few at first, more and more as people learn that it works."""
    chance = seeded(seed, "filings")
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    # Few at first, then more and more; and what everybody asks for in the last days is still on the desks.
    growth = [0.3 + 1.9 * (n / max(len(days), 1)) ** 1.6 for n in range(len(days))]
    growth[-24:] = [2.7 * grown for grown in growth[-24:]]
    weights = {slug: _POPULAR.get(slug, 1.0) for slug in packages}
    whole = sum(weights.values())
    made: list[Filing] = []
    reached = 0.0
    for slug in packages:
        season = season_of(slug)
        sums = list(accumulate(weight(day, season) * grown for day, grown in zip(days, growth, strict=True)))
        reached += weights[slug]
        for _ in range(round(count * reached / whole) - len(made)):  # so that the shares make the whole, at every scale
            day = days[min(bisect(sums, chance.random() * sums[-1]), len(days) - 1)]
            made.append(Filing(filed_at(chance, day), slug))
    made.sort()
    return made
