"""A small community of people with a job, for every test that needs somebody.

Two services of two directorates; Paul, Ines and Claire (their manager) work in the first, Omar in the second; Hugo
directs the first directorate, Lea and Max write its procedures, Nora those of the second; Amina and Bilal are citizens.
One procedure goes to the first service, one to the second.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access import Viewer
from casework.authority import SYSTEM, Authority
from casework.dossiers import actions
from casework.ids import AccountId, DirectorateId, DossierId, ServiceId, Version, new_id
from casework.journal.fact import Recorded
from casework.procedures.actions import Listing, publish

_DIRECTORATE = text("insert into directorates (id, slug, name) values (:id, :slug, :name)")
_SERVICE = text("insert into services (id, directorate_id, slug, name) values (:id, :directorate_id, :slug, :name)")
_ACCOUNT = text(
    "insert into accounts (id, kind, email, given_name, family_name) values (:id, :kind, :email, :given_name, :family_name)"
)
_ROLE = text(
    """
    insert into roles (account_id, role, service_id, directorate_id)
    values (:account_id, :role, cast(:service_id as uuid), cast(:directorate_id as uuid))
    """
)

# The least form that a procedure can have; tests of forms use the catalogue's.
DEFINITION: dict[str, Any] = {"form": {"pages": []}}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with what a door would know of them."""

    id: AccountId
    viewer: Viewer

    @property
    def as_agent(self) -> Authority:
        return Authority(self.id, "agent")

    @property
    def as_citizen(self) -> Authority:
        return Authority(self.id, "citizen")


@dataclass(frozen=True, slots=True)
class Community:
    """Who is there. `filing` says where a request of each procedure goes."""

    paul: Person
    ines: Person
    claire: Person
    omar: Person
    hugo: Person
    lea: Person
    max: Person
    nora: Person
    root: Person
    amina: Person
    bilal: Person
    etat_civil: ServiceId
    voirie: ServiceId
    usagers: DirectorateId
    technique: DirectorateId
    birth: UUID
    lamp: UUID

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (
            self.paul, self.ines, self.claire, self.omar, self.hugo, self.lea, self.max, self.nora, self.root,
            self.amina, self.bilal,
        )  # fmt: skip

    async def file(
        self,
        db: AsyncConnection,
        citizen: Person | None = None,
        *,
        procedure: str = "birth",
        at: "Neighbours | None" = None,
        target_days: int = 10,
        **answers: Any,
    ) -> Recorded:
        """A request, filed by `citizen` (Amina), in the caller's transaction; `at`: for another service than these two."""
        who = citizen or self.amina
        birth = procedure == "birth"
        return await actions.file(
            db,
            DossierId(new_id()),
            answers=answers or {"nom": "Benali"},
            documents=(),
            filing={
                "procedure_id": at.procedure if at else self.birth if birth else self.lamp,
                "revision": 1,
                "service_id": at.service if at else self.etat_civil if birth else self.voirie,
                "directorate_id": self.usagers if birth else self.technique,
                "citizen_id": who.id,
                "channel": "online",
                "commune": "86194",
            },
            target_days=target_days,
            applicant={
                "applicant": "Amina Benali",
                "applicant_email": "amina@exemple.fr",
                "search": "amina benali",
                "tracking_hash": None,
            },
            by=who.as_citizen,
        )


@dataclass(frozen=True)
class Neighbours:
    """Another service of the first directorate: two agents and a procedure."""

    service: ServiceId
    procedure: UUID
    agents: tuple[Person, Person]


async def settle(db: AsyncConnection) -> Community:
    """Make the community in an empty database, in the caller's transaction."""
    usagers, technique = DirectorateId(new_id()), DirectorateId(new_id())
    etat_civil, voirie = ServiceId(new_id()), ServiceId(new_id())
    for id_, slug, name in (
        (usagers, "usagers", "Relations aux usagers"),
        (technique, "technique", "Services techniques"),
    ):
        await db.execute(_DIRECTORATE, {"id": id_, "slug": slug, "name": name})
    for service, directorate, slug, name in (
        (etat_civil, usagers, "etat-civil", "État civil"),
        (voirie, technique, "voirie", "Voirie"),
    ):
        await db.execute(_SERVICE, {"id": service, "directorate_id": directorate, "slug": slug, "name": name})

    async def person(
        name: str, family: str, kind: str = "agent", *held: tuple[str, UUID | None, UUID | None]
    ) -> Person:
        return await _person(db, name, family, kind, *held)

    return Community(
        paul=await person("Paul", "Martin", "agent", ("agent", etat_civil, None)),
        ines=await person("Ines", "Caron", "agent", ("agent", etat_civil, None)),
        claire=await person("Claire", "Roux", "agent", ("manager", etat_civil, None)),
        omar=await person("Omar", "Diallo", "agent", ("agent", voirie, None)),
        hugo=await person("Hugo", "Lefort", "agent", ("director", None, usagers)),
        lea=await person("Lea", "Fontaine", "agent", ("designer", None, usagers)),
        max=await person("Max", "Royer", "agent", ("designer", None, usagers)),
        nora=await person("Nora", "Faure", "agent", ("designer", None, technique)),
        root=await person("Root", "Administrateur", "agent", ("administrator", None, None)),
        amina=await person("Amina", "Benali", "citizen"),
        bilal=await person("Bilal", "Moreau", "citizen"),
        etat_civil=etat_civil,
        voirie=voirie,
        usagers=usagers,
        technique=technique,
        birth=(await _publish(db, "acte-de-naissance", "Acte de naissance", etat_civil)).subject_id,
        lamp=(await _publish(db, "eclairage-public", "Éclairage public", voirie)).subject_id,
    )


async def _person(
    db: AsyncConnection, name: str, family: str, kind: str, *held: tuple[str, UUID | None, UUID | None]
) -> Person:
    id_ = AccountId(new_id())
    email = f"{name.lower()}@exemple.fr"
    await db.execute(_ACCOUNT, {"id": id_, "kind": kind, "email": email, "given_name": name, "family_name": family})
    for role, service, directorate in held:
        await db.execute(_ROLE, {"account_id": id_, "role": role, "service_id": service, "directorate_id": directorate})
    services = {service for role, service, _ in held if service}
    viewer = Viewer(
        id_,
        kind,
        services=frozenset(services),
        managed=frozenset(service for role, service, _ in held if role == "manager" and service),
        directed=frozenset(directorate for role, _, directorate in held if role == "director" and directorate),
        designed=frozenset(directorate for role, _, directorate in held if role == "designer" and directorate),
        administrator=any(role == "administrator" for role, _, _ in held),
    )
    return Person(id_, viewer)


async def neighbours(db: AsyncConnection, community: Community, number: int) -> list[Neighbours]:
    """More services, for tests of many screens, in the caller's transaction."""
    made = []
    for each in range(1, number + 1):
        service = ServiceId(new_id())
        name = f"Mairie de quartier {each}"
        row = {"id": service, "directorate_id": community.usagers, "slug": f"quartier-{each}", "name": name}
        await db.execute(_SERVICE, row)
        first = await _person(db, f"Noé{each}", "Petit", "agent", ("agent", service, None))
        second = await _person(db, f"Lou{each}", "Grand", "agent", ("agent", service, None))
        procedure = (await _publish(db, f"attestation-{each}", f"Attestation {each}", service)).subject_id
        made.append(Neighbours(service, procedure, (first, second)))
    return made


async def _publish(db: AsyncConnection, slug: str, title: str, service: UUID) -> Recorded:
    listing = Listing(title, title, "etat-civil", internal=False, target_days=10)
    recorded = await publish(db, slug, definition=DEFINITION, listing=listing, service_id=service, by=SYSTEM)
    assert recorded is not None
    return recorded


def version_of(recorded: Recorded | None) -> Version:
    """The version that a caller has seen after its own act."""
    assert recorded is not None
    return Version(recorded.version)
