"""The catalogue: the packages of one folder, the organisation that their services belong to, and their themes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from casework.forms.model import Wording
from casework.forms.strict import DefinitionFault, Reader
from casework.procedures.package import BadPackage, Package, load_yaml, parse

SHIPPED = Path(__file__).resolve().parents[2] / "catalogue"
NAME_MAX = 120
_NOT_PACKAGES = ("organisation.yaml", "templates.yaml", "themes.yaml")


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A service as organisation.yaml has it."""

    slug: str
    name: str
    directorate: str  # slug


@dataclass(frozen=True, slots=True)
class DirectorateEntry:
    """A directorate and its services as organisation.yaml has them."""

    slug: str
    name: str
    services: tuple[ServiceEntry, ...]
    review: bool  # whether another designer must read its procedures before they are published


@dataclass(frozen=True, slots=True)
class Theme:
    """A heading of the portal."""

    slug: str
    name: Wording


@dataclass(frozen=True, slots=True)
class Template:
    """A procedure that is good to begin another one from, and what it is called then."""

    slug: str
    name: Wording


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, consistent: each package's service is in its directorate, each theme is known."""

    packages: Mapping[str, Package]  # by slug, in alphabetical order
    directorates: Mapping[str, DirectorateEntry]
    services: Mapping[str, ServiceEntry]
    themes: Mapping[str, Theme]  # in the order of the portal
    templates: tuple[Template, ...]


@cache
def load(folder: Path = SHIPPED) -> Catalogue:
    """The catalogue in this folder, read once. Raises BadPackage with every fault of every file, and OSError."""
    faults: list[DefinitionFault] = []
    directorates = {each.slug: each for each in _organisation(folder, faults)}
    services = {each.slug: each for directorate in directorates.values() for each in directorate.services}
    themes = {each.slug: each for each in _themes(folder, faults)}
    packages = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name in _NOT_PACKAGES:
            continue
        try:
            package = parse(path.read_text("utf-8"))
        except BadPackage as bad:
            faults += [_in_file(fault, path.name) for fault in bad.faults]
            continue
        packages[package.slug] = package
        if path.stem != package.slug:
            faults.append(DefinitionFault(f"{path.name}: slug", "not_its_file", {"expected": f"{package.slug}.yaml"}))
        places = {slug: each.directorate for slug, each in services.items()}
        faults += [_in_file(fault, path.name) for fault in misplaced(package, places, themes)]
    templates = tuple(_templates(folder, packages, faults))
    if faults:
        raise BadPackage(faults)
    return Catalogue(packages, directorates, services, themes, templates)


def misplaced(package: Package, services: Mapping[str, str], themes: Collection[str]) -> Iterator[DefinitionFault]:
    """What of a package names nothing that the community has. `services`: slug → slug of its directorate."""
    if package.theme not in themes:
        yield DefinitionFault("theme", "unknown_theme")
    directorate = services.get(package.service)
    if directorate is None:
        yield DefinitionFault("service", "unknown_service")
    elif directorate != package.directorate:
        yield DefinitionFault("directorate", "not_its_directorate", {"directorate": directorate})
    for i, route in enumerate(package.routing):
        if route.service not in services:
            yield DefinitionFault(f"routing[{i}].service", "unknown_service")
    for i, scenario in enumerate(package.scenarios):
        if scenario.expect.service is not None and scenario.expect.service not in services:
            yield DefinitionFault(f"scenarios[{i}].expect.service", "unknown_service")


def _in_file(fault: DefinitionFault, name: str) -> DefinitionFault:
    return DefinitionFault(f"{name}: {fault.path}", fault.code, fault.params)


def _organisation(folder: Path, faults: list[DefinitionFault]) -> list[DirectorateEntry]:
    source = Reader.of(load_yaml((folder / "organisation.yaml").read_text("utf-8")), "organisation.yaml", faults)
    found: list[DirectorateEntry] = []
    seen: set[str] = set()
    for directorate in source.objects("directorates", least=1, most=50):
        slug, name = directorate.slug("slug"), directorate.text("name", most=NAME_MAX)
        services = []
        for service in directorate.objects("services", least=1, most=50):
            entry = ServiceEntry(service.slug("slug"), service.text("name", most=NAME_MAX), slug)
            if entry.slug in seen:
                service.fault("slug", "twice")
            seen.add(entry.slug)
            service.close()
            services.append(entry)
        review = directorate.boolean("review", default=False)
        directorate.close()
        if slug in {each.slug for each in found}:
            directorate.fault("slug", "twice")
        found.append(DirectorateEntry(slug, name, tuple(services), review))
    source.close()
    return found


def _themes(folder: Path, faults: list[DefinitionFault]) -> list[Theme]:
    source = Reader.of(load_yaml((folder / "themes.yaml").read_text("utf-8")), "themes.yaml", faults)
    found: list[Theme] = []
    for theme in source.objects("themes", least=1, most=30):
        entry = Theme(theme.slug("slug"), theme.needed_wording("name", most=NAME_MAX))
        if entry.slug in {each.slug for each in found}:
            theme.fault("slug", "twice")
        found.append(entry)
        theme.close()
    source.close()
    return found


def _templates(folder: Path, packages: Collection[str], faults: list[DefinitionFault]) -> Iterator[Template]:
    """A folder need not have any."""
    try:
        document = (folder / "templates.yaml").read_text("utf-8")
    except FileNotFoundError:
        return
    source = Reader.of(load_yaml(document), "templates.yaml", faults)
    for each in source.objects("templates", least=1, most=30):
        entry = Template(each.slug("slug"), each.needed_wording("name", most=NAME_MAX))
        if entry.slug not in packages:
            each.fault("slug", "unknown_procedure")
        each.close()
        yield entry
    source.close()
