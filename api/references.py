"""Dossiers that answers name: they must be filed, and the person must see them."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import Viewer
from casework.dossiers import particulars
from casework.forms.blocks import answered
from casework.forms.check import Checked, Fault
from casework.forms.kinds import DossierField
from casework.forms.model import Form


def dossiers_named(form: Form, checked: Checked) -> dict[str, str]:
    """The references that these answers hold, by field."""
    return {
        each.path: str(each.value) for each in answered(form, checked.answers) if isinstance(each.field, DossierField)
    }


async def known_dossiers(db: AsyncConnection, viewer: Viewer, checked: Checked, named: Mapping[str, str]) -> Checked:
    """The verdict, with a fault at each reference of a dossier that is not the person's to name, or is none."""
    if not named:
        return checked
    seen = await particulars.seen_references(db, sorted(set(named.values())), viewer)
    unknown = tuple(Fault(id_, "unknown_dossier") for id_, reference in named.items() if reference not in seen)
    return replace(checked, faults=checked.faults + unknown)
