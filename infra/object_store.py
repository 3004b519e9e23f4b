"""Where files' bytes are: a folder or an S3 bucket, by address. The database has the row, this has the bytes."""

from collections.abc import AsyncIterator
from urllib.parse import unquote, urlsplit
from uuid import UUID

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

CHUNK = 64 * 1024  # bytes


class NoSuchObject(Exception):
    """The bytes are not there."""


class StoreDown(Exception):
    """The store does not answer, or is full."""


class Documents:
    """Files under their ids. A file never changes once it is written."""

    def __init__(self, url: str) -> None:
        """`file:///…` (made where it is not there) or `s3://bucket/prefix`, as OBJECTS_URL has it."""
        parts = urlsplit(url)
        self._store: ObjectStore = (
            LocalStore(prefix=unquote(parts.path), mkdir=True) if parts.scheme == "file" else from_url(url)
        )

    async def keep(self, id_: UUID, content: bytes) -> None:
        """Write the file; the same id a second time writes the same bytes. Raises StoreDown."""
        try:
            await self._store.put_async(_path(id_), content)
        except (BaseError, OSError) as error:
            raise StoreDown(str(error)) from error

    async def read(self, id_: UUID) -> AsyncIterator[bytes]:
        """The file, piece by piece. Raises NoSuchObject and StoreDown before the first piece."""
        try:
            found = await self._store.get_async(_path(id_))
        except FileNotFoundError as error:
            raise NoSuchObject(str(id_)) from error
        except (BaseError, OSError) as error:
            raise StoreDown(str(error)) from error

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

        return pieces()

    async def drop(self, id_: UUID) -> None:
        """Delete the file; nothing happens when it is not there. Raises StoreDown."""
        try:
            await self._store.delete_async(_path(id_))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreDown(str(error)) from error


def _path(id_: UUID) -> str:
    # Two levels, from the random end of the id (its beginning is the time), so that no folder grows without end.
    name = id_.hex
    return f"documents/{name[-2:]}/{name}"
