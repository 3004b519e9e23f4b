"""`relais procedure …`: what a designer does with packages on a machine of their own. Only `export` and `import` need
the database."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.errors import NotFound
from casework.forms.strict import DefinitionFault
from casework.organisation import queries as organisation
from casework.procedures import drafts, queries
from casework.procedures.catalogue import load, misplaced
from casework.procedures.coverage import Part, coverage
from casework.procedures.difference import difference
from casework.procedures.difference_words import sentence as in_words
from casework.procedures.export import to_yaml
from casework.procedures.package import BadPackage, Package, parse
from casework.procedures.package_faults import sentence
from casework.procedures.package_schema import package_schema
from casework.procedures.scenarios import play
from infra.database import engine as make_engine
from infra.database import reading, transaction
from infra.settings import Failed, Settings

_PARTS: Mapping[Part, str] = {"rules": "règles", "fields": "champs", "routes": "services", "process": "suites"}


def check(files: Sequence[Path]) -> None:
    """Say every fault and every remark of these packages, a line each: file, path, sentence. Raises Failed for a fault."""
    packages = _read(files)
    for file, package in packages.items():
        fields = sum(1 for _ in package.form.fields)
        print(f"{file} : la démarche « {package.title.fr} » est correcte ({fields} champs).")
        _tell(file, package.remarks)
    if wrong := len(files) - len(packages):
        raise Failed(f"{wrong} démarche(s) à corriger sur {len(files)}.")


def test(files: Sequence[Path]) -> None:
    """Play the scenarios of these packages: what differs, then what none of them reaches. Raises Failed where one is
    red, or a package wrong.
    """
    packages = _read(files)
    red = 0
    for file, package in packages.items():
        if not package.scenarios:
            print(f"{file} : aucun scénario.")
            continue
        results = play(package)
        failed = [each for each in results if each.differences]
        print(f"{file} : {len(results) - len(failed)} scénario(s) réussi(s) sur {len(results)}.")
        for each in failed:
            _tell(file, each.differences)
        reached = coverage(package, results)
        shares = (f"{_PARTS[part]} {each.percent} % ({each.reached}/{each.of})" for part, each in reached.parts.items())
        print(f"{file} : couverture : {', '.join(shares)}.")
        _tell(file, reached.unreached)
        red += bool(failed)
    if wrong := len(files) - len(packages) + red:
        raise Failed(f"{wrong} démarche(s) à corriger sur {len(files)}.")


def diff(before: Path, after: Path) -> None:
    """Say what changes from one package to another, a line each: place, sentence."""
    for change in difference(_definition(before), _definition(after)):
        print(f"{change.path} : {in_words(change, 'fr')}")


def schema() -> None:
    """Print the JSON Schema of packages, for editors that check while one writes."""
    print(json.dumps(package_schema(), ensure_ascii=False, indent=2))


async def export(settings: Settings, slug: str) -> None:
    """Print what is published of this procedure, as a file that `import_` takes. Raises Failed."""
    async with _database(settings) as engine, reading(engine) as db:
        try:
            published = await queries.by_slug(db, slug)
        except NotFound as none:
            raise Failed(f"la démarche {slug} n’est pas publiée.") from none
    print(to_yaml(published.definition), end="")


async def import_(settings: Settings, file: Path) -> None:
    """Make a draft of this file, for the designers of its directorate to read, try and publish. Raises Failed."""
    packages = _read([file])
    if not packages:
        raise Failed("1 démarche(s) à corriger sur 1.")
    package = packages[file]
    async with _database(settings) as engine, transaction(engine) as db:
        services = {each.slug: each for each in await organisation.every_service(db)}
        faults = tuple(
            misplaced(package, {each.slug: each.directorate_slug for each in services.values()}, load().themes)
        )
        if faults:
            _tell(file, faults)
            raise Failed("1 démarche(s) à corriger sur 1.")
        if await drafts.find(db, package.slug) is not None:
            raise Failed(f"la démarche {package.slug} a déjà un brouillon : publiez-le ou jetez-le d’abord.")
        try:
            base: int | None = (await queries.by_slug(db, package.slug)).revision
        except NotFound:
            base = None
        directorate = services[package.service].directorate_id
        await drafts.begin(db, package.slug, directorate, package.definition, base=base, by=None)
    print(f"{file} : le brouillon de « {package.title.fr} » attend dans l’atelier des démarches.")


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(settings.database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


def _definition(file: Path) -> Mapping[str, Any]:
    try:
        return parse(_text(file)).definition
    except BadPackage as bad:
        _tell(file, bad.faults)
        raise Failed("1 démarche(s) à corriger sur 1.") from bad


def _read(files: Sequence[Path]) -> dict[Path, Package]:
    """Those that are packages; the faults of the others are told."""
    packages = {}
    for file in files:
        try:
            packages[file] = parse(_text(file))
        except BadPackage as bad:
            _tell(file, bad.faults)
    return packages


def _tell(file: Path, found: Sequence[DefinitionFault]) -> None:
    for each in found:
        print(f"{file}: {each.path or '.'} : {sentence(each)}")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Failed(f"{file} n’est pas un texte en UTF-8.") from error
    except OSError as error:
        raise Failed(f"{file} n’est pas lisible : {error.strerror}.") from error
