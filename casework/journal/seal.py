"""What the journal keeps of a text that can be erased (PURE but for the salt)."""

import hashlib
import os
from typing import Any

from casework.journal.fact import canonical


def seal(body: Any) -> tuple[bytes, str]:
    """A new salt, and SHA-256(salt ‖ body) in hexadecimal. Erasing text and salt leaves a number that says nothing."""
    salt = os.urandom(16)
    return salt, hashlib.sha256(salt + canonical(body)).hexdigest()
