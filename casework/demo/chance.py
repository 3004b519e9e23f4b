"""Chance from a seed: the same every time."""

import hashlib
import math
from bisect import bisect
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar
from uuid import UUID

from casework.journal.fact import canonical

T = TypeVar("T")


def seeded(*seed: object) -> Random:
    """A generator of its own for each part, so that a change in one leaves the others as they were."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - a demo, not a secret


def new_id(chance: Random, at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7) of this instant."""
    milliseconds = int(at.timestamp() * 1000) & 0xFFFFFFFFFFFF
    bits = chance.getrandbits(74)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | (bits & ((1 << 62) - 1)))


class Urn(Generic[T]):
    """Things drawn by weight."""

    __slots__ = ("_sums", "_things")

    def __init__(self, things: Sequence[T], weights: Sequence[float]) -> None:
        self._things, self._sums = things, list(accumulate(weights))

    def draw(self, chance: Random) -> T:
        return self._things[min(bisect(self._sums, chance.random() * self._sums[-1]), len(self._things) - 1)]


def lognormal(chance: Random, median: float, sigma: float) -> float:
    """A duration: most are near the median, some are much longer."""
    return median * math.exp(chance.gauss(0, sigma))


def seal(chance: Random, body: Any) -> tuple[bytes, str]:
    """As `casework.journal.seal.seal`, with a salt from the seed."""
    salt = chance.randbytes(16)
    return salt, hashlib.sha256(salt + canonical(body)).hexdigest()
