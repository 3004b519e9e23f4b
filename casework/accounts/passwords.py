"""Passwords: argon2id, by argon2-cffi's defaults (RFC 9106, low-memory profile). Slow on purpose: call it in a thread."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """What a wrong e-mail is checked against, so that an unknown person takes the same time as a wrong password.

    Not made at import: a process that starts after a kill has better things to do.
    """
    return _hasher.hash("nobody has this password")


def agrees(stored: str | None, password: str) -> bool:
    """Whether `password` is the one; always False, in the same time, for an account without one."""
    nobody = _nobody()  # before the choice: the first call takes longer, whoever it is for
    try:
        return _hasher.verify(stored or nobody, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
