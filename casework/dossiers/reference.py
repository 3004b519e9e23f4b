"""A dossier's reference: year, sequence, check letter. For people to read and say; it authorises nothing (PURE)."""

# 23 letters without those read as digits or as each other (I, O, U); 23 is prime: any one wrong digit changes the letter.
_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"


def reference_of(year: int, number: int) -> str:
    """`2026-0001234-K`."""
    return f"{year}-{number:07d}-{_LETTERS[(year * 10_000_000 + number) % 23]}"


def is_reference(written: str) -> bool:
    """Whether this can be a reference: its letter agrees with its digits."""
    parts = written.strip().upper().split("-")
    if len(parts) != 3 or not (parts[0].isascii() and parts[0].isdigit() and parts[1].isascii() and parts[1].isdigit()):
        return False
    return len(parts[0]) == 4 and len(parts[1]) >= 7 and reference_of(int(parts[0]), int(parts[1])) == "-".join(parts)
