"""Passwords: argon2id, by argon2-cffi's defaults (RFC 9106, low-memory profile). Slow on purpose: call it in a thread."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
# What a wrong e-mail is checked against, so that an unknown person takes the same time as a wrong password.
NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def agrees(stored: str | None, password: str) -> bool:
    """Whether `password` is the one; always False, in the same time, for an account without one."""
    try:
        return _hasher.verify(stored or NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
