"""A file that arrives as multipart/form-data."""

import asyncio
import hashlib
from dataclasses import replace

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from api import documents
from api.http import Call, attempt_of
from api.problems import BadForm, TooLarge, TooSlow, WrongMediaType, WrongShape
from api.representations import Document
from casework.forms.model import FILE_MAX

OVERHEAD = 64 * 1024  # bytes: boundaries, headers of parts
BODY_MAX = FILE_MAX + OVERHEAD
SECONDS = 300.0  # 25 MB from a phone on a bad line


async def upload(call: Call) -> Document:
    """The one field `file`. Raises WrongMediaType, BadForm, WrongShape, TooLarge, TooSlow."""
    content_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "multipart/form-data":
        raise WrongMediaType(detail="multipart/form-data")
    filename, content = await _file(call)
    attempt = attempt_of(call.request, call.session, b"")
    if attempt is not None:
        what = hashlib.sha256(filename.encode("utf-8", "replace") + b"\x00" + content).digest()
        attempt = replace(attempt, body_hash=what)
    return await documents.store(call.state, call.anybody, filename=filename, content=content, attempt=attempt)


async def _file(call: Call) -> tuple[str, bytes]:
    try:
        async with asyncio.timeout(SECONDS), call.request.form(max_files=1, max_fields=0) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or len(form.multi_items()) != 1:
                raise WrongShape(faults=[{"field": "file", "code": "required"}])
            content = await file.read(FILE_MAX + 1)
            filename = file.filename or "document"
    except TimeoutError as error:
        raise TooSlow from error
    except (MultiPartException, HTTPException, KeyError, UnicodeDecodeError) as error:
        if isinstance(error, HTTPException) and error.status_code == 413:
            raise TooLarge(detail=f"{FILE_MAX} bytes") from error
        raise BadForm from error
    if len(content) > FILE_MAX:
        raise TooLarge(detail=f"{FILE_MAX} bytes")
    return filename, content
