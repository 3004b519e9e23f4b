"""The communes of the community, from the official geographic code (INSEE, as Etalab publishes it on npm)."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from casework.forms.model import Box, Commune

# Around the forty communes, with a few kilometres to spare: a point outside is a mistake, not a border case.
TERRITORY = Box(south=46.30, west=-0.15, north=46.85, east=0.95)
COMMUNITY = "200069854"  # SIREN of the communauté urbaine du Grand Poitiers
_SOURCE = Path(__file__).resolve().parents[2] / "node_modules" / "@etalab" / "decoupage-administratif" / "data"


class CommunesMissingError(RuntimeError):
    """The npm package with the communes is not there, or it does not know the community."""


@cache
def communes(community: str = COMMUNITY) -> Mapping[str, Commune]:
    """The communes of an intercommunality by INSEE code, in the order of their names. Read once.

    Raises CommunesMissingError.
    """
    try:
        groups = json.loads((_SOURCE / "epci.json").read_bytes())
        every = json.loads((_SOURCE / "communes.json").read_bytes())
    except OSError as error:
        raise CommunesMissingError(f"{_SOURCE}: run `npm ci --ignore-scripts`") from error
    members = next(({m["code"] for m in group["membres"]} for group in groups if group["code"] == community), None)
    if not members:
        raise CommunesMissingError(f"no intercommunality has the number {community}")
    found = [
        Commune(each["code"], each["nom"], tuple(each["codesPostaux"]), each["population"])
        for each in every
        if each["type"] == "commune-actuelle" and each["code"] in members
    ]
    return MappingProxyType({each.code: each for each in sorted(found, key=lambda each: each.name)})
