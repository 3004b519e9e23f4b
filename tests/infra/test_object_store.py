"""The object store keeps bytes, gives them back and says when they are not there."""

from pathlib import Path

import pytest

from casework.ids import new_id
from infra.object_store import Documents, NoSuchObject, StoreDown


async def test_bytes_come_back_as_they_were_kept(tmp_path: Path) -> None:
    documents, id_ = Documents((tmp_path / "a folder").as_uri()), new_id()
    content = bytes(range(256)) * 1_000
    await documents.keep(id_, content)
    await documents.keep(id_, content)
    assert b"".join([piece async for piece in await documents.read(id_)]) == content


async def test_a_dropped_file_is_not_there_any_more(tmp_path: Path) -> None:
    documents, id_ = Documents(tmp_path.as_uri()), new_id()
    await documents.keep(id_, b"x")
    await documents.drop(id_)
    await documents.drop(id_)
    with pytest.raises(NoSuchObject):
        await documents.read(id_)


async def test_a_store_that_cannot_write_says_so(tmp_path: Path) -> None:
    documents = Documents((tmp_path / "store").as_uri())
    (tmp_path / "store" / "documents").write_text("a file where a folder should be")
    with pytest.raises(StoreDown):
        await documents.keep(new_id(), b"x")
