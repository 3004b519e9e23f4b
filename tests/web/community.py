"""The people of `tests.people` with passwords, and the whole catalogue that ships, published: what pages need."""

from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.accounts.passwords import hash_password
from casework.authority import SYSTEM
from casework.ids import DirectorateId, ServiceId, new_id
from casework.procedures.actions import Listing, publish
from casework.procedures.catalogue import load
from casework.procedures.opening import opening_of
from tests.people import Community, settle

PASSWORD = "demo"
_DIRECTORATE = text(
    "insert into directorates (id, slug, name) values (:id, :slug, :name) on conflict (slug) do nothing"
)
_SERVICE = text(
    """
    insert into services (id, directorate_id, slug, name)
    values (:id, (select id from directorates where slug = :directorate), :slug, :name)
    on conflict (slug) do update set name = excluded.name returning id
    """
)
_PASSWORDS = text("update accounts set password_hash = :hash, demo = true")


async def open_portal(db: AsyncConnection) -> Community:
    """Settle the people, and publish every procedure, in the caller's transaction."""
    community = await settle(db)
    catalogue = load()
    for directorate in catalogue.directorates.values():
        row = {"id": DirectorateId(new_id()), "slug": directorate.slug, "name": directorate.name}
        await db.execute(_DIRECTORATE, row)
    services: dict[str, ServiceId] = {}
    for service in catalogue.services.values():
        row = {
            "id": ServiceId(new_id()),
            "slug": service.slug,
            "name": service.name,
            "directorate": service.directorate,
        }
        services[service.slug] = (await db.execute(_SERVICE, row)).scalar_one()
    for package in catalogue.packages.values():
        listing = Listing(
            package.title.fr,
            package.title.en,
            package.theme,
            internal=package.internal,
            target_days=package.target_days,
        )
        await publish(
            db, package.slug, definition=package.definition, listing=listing, service_id=services[package.service],
            opening=replace(opening_of(package), opens_at=None, closes_at=None), by=SYSTEM,
        )  # fmt: skip
    await db.execute(_PASSWORDS, {"hash": hash_password(PASSWORD)})
    return community
