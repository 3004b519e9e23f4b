"""Words as the search column holds them (PURE): no accent, lower case."""

import unicodedata

MOST_WORDS = 8


def fold(words: str) -> str:
    """`Cœur d’Été` → `coeur d'ete`: what is stored and what is asked are folded alike."""
    plain = words.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def words_of(query: str) -> tuple[str, ...]:
    """The words that must all be found; a page of them is more than anybody types."""
    return tuple(fold(query[:200]).split())[:MOST_WORDS]
