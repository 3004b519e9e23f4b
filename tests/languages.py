"""Telling French from English, without a dictionary."""

import re

from casework.organisation.communes import communes

# Small words that every sentence of a language has, and no sentence of the other.
LITTLE = {
    "fr": "le la les du des une est sont pour votre vos vous dans avec sur pas qui que et aux cette ce ou mes mon",
    "en": "the of your you with and for this is are not to it by from who my at",
}
OTHER = {"fr": "en", "en": "fr"}
# Names, and what people wrote: these are in the language that they were written in.
NAMES = ("Défenseur des droits", "12 rue des Écoles", "Il manque le nom de vos parents", "L’acte n’est pas dans nos registres",
         *(each.name for each in communes().values()))  # fmt: skip


def says(text: str, language: str) -> bool:
    """Whether the text has a little word of this language."""
    for name in NAMES:
        text = text.replace(name, "")
    text = re.sub(r"\S*[@/]\S*|\w+[-_]\w[-_\w]*|\{\w*\}|%\(\w+\)s", "", text)  # addresses, codes, places of names
    return re.search(rf"\b({LITTLE[language].replace(' ', '|')})\b", text, re.IGNORECASE) is not None
