"""The package of a revision, read once for each process: a revision never changes."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.errors import NotFound
from casework.procedures.package import Package, read
from casework.procedures.process import NONE, Process

MOST = 256
_T = TypeVar("_T")
_DEFINITION = text("select definition from procedure_revisions where procedure_id = :id and revision = :revision")
_packages: OrderedDict[tuple[UUID, int], Package] = OrderedDict()
_processes: OrderedDict[tuple[UUID, int], Process] = OrderedDict()


class Published(Protocol):
    """What of a revision says its package."""

    @property
    def id(self) -> UUID: ...
    @property
    def revision(self) -> int: ...
    @property
    def definition(self) -> Mapping[str, Any]: ...


def package_of(published: Published) -> Package:
    """The package of a revision. Raises BadPackage for one that was not read before it was published."""
    return _package((published.id, published.revision), published.definition)


async def package_of_revision(db: AsyncConnection, procedure_id: UUID | None, revision: int | None) -> Package:
    """The package that a dossier of this revision is bound to. Raises NotFound."""
    if procedure_id is None or revision is None:
        raise NotFound
    known = _packages.get((procedure_id, revision))
    if known is not None:
        return known
    found = (await db.execute(_DEFINITION, {"id": procedure_id, "revision": revision})).scalar_one_or_none()
    if found is None:
        raise NotFound
    return _package((procedure_id, revision), found)


async def process_of(db: AsyncConnection, procedure_id: UUID | None, revision: int | None) -> Process:
    """The process that dossiers of this revision follow; the empty one where it declares none, as most do."""
    if procedure_id is None or revision is None:
        return NONE
    key = (procedure_id, revision)
    process = _processes.get(key)
    if process is None:
        found = (await db.execute(_DEFINITION, {"id": procedure_id, "revision": revision})).scalar_one_or_none()
        declares = isinstance(found, Mapping) and ("process" in found or found.get("silence", "none") != "none")
        process = _keep(_processes, key, _package(key, found).process if declares else NONE)
    return process


def _package(key: tuple[UUID, int], definition: Any) -> Package:
    package = _packages.get(key)
    return package if package is not None else _keep(_packages, key, read(definition))


def _keep(cache: OrderedDict[tuple[UUID, int], _T], key: tuple[UUID, int], value: _T) -> _T:
    cache[key] = value
    if len(cache) > MOST:
        cache.popitem(last=False)
    return value
