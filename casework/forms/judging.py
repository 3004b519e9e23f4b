"""What judging one answer needs, whatever its kind (PURE)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from casework.forms.model import Form

# Those that the person may attach: media type (from the bytes), size in bytes.
Documents = Mapping[UUID, tuple[str, int]]

_LINES = re.compile(r"\r\n?|[\u2028\u2029\x85]")


class Fault(Exception):
    """Why an answer does not hold: a code, its params, and the part of the answer (`street`) where it has parts."""

    def __init__(self, code: str, part: str | None = None, **params: Any) -> None:
        super().__init__(code, part, params)
        self.code, self.part, self.params = code, part, params


@dataclass(frozen=True, slots=True)
class Context:
    """What an answer is judged against."""

    form: Form
    today: date
    documents: Documents
    answers: Mapping[str, Any]  # those before it that hold


def is_given(value: Any) -> bool:
    """Whether there is an answer at all: nothing, blanks, an empty list and an address of blanks are none."""
    match value:
        case None:
            return False
        case str():
            return bool(value.strip())
        case list() | tuple():
            return bool(value)
        case Mapping():
            return not all(part is None or (isinstance(part, str) and not part.strip()) for part in value.values())
        case _:
            return True


def string(value: Any, expected: str) -> str:
    """The text that this is. Raises Fault."""
    if not isinstance(value, str):
        raise Fault("wrong_type", expected=expected)
    return value


def characters(value: Any, most: int, *, lines: bool = False) -> str:
    """Text without what no database, screen or letter can hold: control characters, half surrogate pairs."""
    text = string(value, "text")
    if len(text) > 4 * most:  # before any work on it; NFC makes nothing four times shorter
        raise Fault("too_long", most=most)
    if lines:
        text = _LINES.sub("\n", text)
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > most:
        raise Fault("too_long", most=most)
    if any(unicodedata.category(c) in ("Cc", "Cs") and not (lines and c in "\n\t") for c in text):
        raise Fault("forbidden_character")
    return text
