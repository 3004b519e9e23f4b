"""Who lives here and who works here (PURE)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from casework.demo import names
from casework.demo.chance import Urn, new_id, seeded
from casework.dossiers.search import fold
from casework.forms.model import Commune

# A name that the log-in page shows in demo mode: (given name, family name, role, service or directorate).
NAMED = (
    ("Paul", "Martin", "agent", "etat-civil"),
    ("Ines", "Caron", "agent", "etat-civil"),
    ("Claire", "Roux", "manager", "etat-civil"),
    ("Hugo", "Lefort", "director", "relations-usagers"),
    ("Léa", "Fontaine", "designer", "relations-usagers"),
    ("Root", "Administrateur", "administrator", None),
)
# Services whose counters see most of the public have more agents who use the platform.
_CROWDED = (
    "etat-civil",
    "accueil",
    "dechetteries",
    "collecte",
    "scolaire",
    "abonnes-eau",
    "vie-sportive",
    "voirie",
    "urbanisme",
)


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who files requests."""

    id: UUID
    given_name: str
    family_name: str
    email: str
    phone: str
    commune: Commune
    street: str
    created_at: datetime
    demo: bool = False

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who works here, with one role."""

    id: UUID
    given_name: str
    family_name: str
    email: str
    role: str
    service: str | None  # slug; agents and managers
    directorate: str | None  # slug; directors and designers
    demo: bool = False


def street(chance: Random) -> str:
    """A number and a street."""
    number = 1 + int(chance.random() ** 2 * 120)
    suffix = " bis" if chance.random() < 0.04 else ""
    way = _WAYS.draw(chance)
    return f"{number}{suffix} {way} {chance.choice(names.OF_WAYS)}"


_WAYS = Urn(names.WAYS, names.WAY_WEIGHTS)


def given_name(chance: Random) -> str:
    """A first name."""
    return chance.choice(names.WOMEN if chance.random() < 0.56 else names.MEN)


def citizens(
    seed: str, count: int, *, first: datetime, last: datetime, communes: Mapping[str, Commune]
) -> Iterator[Citizen]:
    """Amina, then `count` - 1 others, in the order in which they opened their accounts."""
    chance = seeded(seed, "citizens")
    homes = list(communes.values())
    urn = Urn(homes, [home.population for home in homes])
    largest = max(homes, key=lambda home: home.population)
    yield Citizen(
        new_id(chance, first),
        "Amina",
        "Benali",
        "amina@exemple.fr",
        "+33199001201",
        largest,
        "8 rue des Écoles",
        first,
        demo=True,
    )
    span = (last - first) / max(count, 1)
    for number in range(1, count):
        given, family = given_name(chance), chance.choice(names.FAMILIES)
        at = first + span * number
        yield Citizen(
            id=new_id(chance, at),
            given_name=given,
            family_name=family,
            email=f"{names.mailbox(given, family)}.{number}@usagers.exemple.fr",
            # The range that ARCEP's numbering plan keeps for works of fiction.
            phone=f"+331990{chance.randrange(100000):05d}",
            commune=urn.draw(chance),
            street=street(chance),
            created_at=at - timedelta(minutes=chance.randrange(3, 40)),
        )


def agents(seed: str, count: int, services: Mapping[str, str], *, at: datetime) -> Iterator[Agent]:
    """The named people, a director for each directorate, a manager for each service, then agents: `count` at least.

    `services`: slug → slug of its directorate.
    """
    chance = seeded(seed, "agents")
    taken: set[str] = set()

    def person(role: str, service: str | None, directorate: str | None, named: tuple[str, str] | None = None) -> Agent:
        given, family = named or (given_name(chance), chance.choice(names.FAMILIES))
        mailbox = fold(given) if named else names.mailbox(given, family)
        email, number = f"{mailbox}@{'exemple.fr' if named else 'agents.exemple.fr'}", 1
        while email in taken:
            number += 1
            email = f"{mailbox}{number}@agents.exemple.fr"
        taken.add(email)
        return Agent(new_id(chance, at), given, family, email, role, service, directorate, demo=named is not None)

    made: list[Agent] = []
    for given, family, role, where in NAMED:
        everywhere = role == "administrator"
        in_service = role in ("agent", "manager")
        made.append(
            person(role, where if in_service else None, None if in_service or everywhere else where, (given, family))
        )
    held = {(each.role, each.service or each.directorate) for each in made}
    made += [
        person("director", None, slug) for slug in dict.fromkeys(services.values()) if ("director", slug) not in held
    ]
    made += [person("manager", slug, None) for slug in services if ("manager", slug) not in held]
    slugs = list(services)
    made += [person("agent", slug, None) for slug in slugs for _ in range(2)]
    urn = Urn(slugs, [4.0 if any(part in slug for part in _CROWDED) else 1.0 for slug in slugs])
    while len(made) < count:
        made.append(person("agent", urn.draw(chance), None))
    yield from made


def by_service(people: Sequence[Agent]) -> dict[str, list[Agent]]:
    """Agents and managers of each service."""
    found: dict[str, list[Agent]] = {}
    for agent in people:
        if agent.service:
            found.setdefault(agent.service, []).append(agent)
    return found
