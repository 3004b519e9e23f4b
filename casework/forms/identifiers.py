"""Numbers that a register gives: each judged as its standard judges it, in its one written form (PURE).

SIRET: fourteen digits of which the last is Luhn's, but for La Poste's establishments, whose digits add up to a multiple
of five (INSEE, Sirene). IBAN: ISO 13616-1, each country's own structure too. Both by python-stdnum.
RNA: W, then nine signs: digits, of which the second may be a letter in Corsica and overseas (Répertoire national des
associations; no library knows it).
Number plates: arrêté of 9 February 2009 on the registration of vehicles, and for older ones the fichier national des
immatriculations; no library knows them.
Dossiers: our own references, with their check letter.
Countries: the codes of ISO 3166-1 alpha-2, from CLDR.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from babel import Locale
from stdnum import iban
from stdnum.exceptions import ValidationError
from stdnum.fr import siret

from casework.dossiers.reference import is_reference, reference_of

# Codes of CLDR that are no assigned code of ISO 3166-1: reserved exceptionally, or for users.
_UNASSIGNED = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
COUNTRIES: frozenset[str] = frozenset(
    code for code in map(str, Locale("fr").territories) if len(code) == 2 and code.isalpha() and code not in _UNASSIGNED
)

_SEPARATORS = re.compile(r"[\s\u00a0\u202f.\-‐‑–]+")
_RNA = re.compile(r"W\d[0-9A-Z]\d{7}", re.ASCII)
# SIV: I, O and U are not used, SS nowhere, WW not first (those are provisional plates). Mopeds had one letter less.
_LETTERS = "[A-HJ-NP-TV-Z]"
_SIV = re.compile(rf"(?!SS|WW)({_LETTERS}{{2}})(?!000)(\d{{3}})(?!SS)({_LETTERS}{{2}})", re.ASCII)
_MOPED = re.compile(rf"({_LETTERS}{{1,2}})(\d{{2,3}})({_LETTERS})", re.ASCII)
# FNI: a number, letters without I and O, the department.
_FNI = re.compile(
    r"([1-9]\d{0,3})([A-HJ-NP-Z]{1,2}|(?<!\d{4})[A-HJ-NP-Z]{3})(0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-46])", re.ASCII
)
_DOSSIER = re.compile(r"(\d{4})(\d{7,12})([A-Z])", re.ASCII)
_FOREIGN = re.compile(r"(?=.*\d)[0-9A-ZÄÖÜČĆĐŠŽ]{2,12}", re.ASCII)


class BadNumber(ValueError):
    """It is no such number, or one of its digits is wrong."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One family of numbers. `read` gives the one written form, or raises BadNumber; `shown` spaces it for people."""

    read: Callable[[str], str]
    shown: Callable[[str], str]
    pattern: str  # of the written form (ECMA-262), for integrators
    example: str


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()


def _siret(text: str) -> str:
    try:
        return siret.validate(_bare(text))
    except ValidationError as error:
        raise BadNumber from error


def _iban(text: str) -> str:
    bare = _bare(text)
    if not bare.isascii():  # the library reads the digits of every script
        raise BadNumber
    try:
        return iban.validate(bare)
    except ValidationError as error:
        raise BadNumber from error


def _rna(text: str) -> str:
    bare = _bare(text)
    if not _RNA.fullmatch(bare):
        raise BadNumber
    return bare


def french_plate(text: str) -> str:
    """`AB-123-CD`, or of before 2009 `123 ABC 86`. Raises BadNumber."""
    bare = _bare(text)
    if found := _SIV.fullmatch(bare) or _MOPED.fullmatch(bare):
        return "-".join(found.groups())
    if found := _FNI.fullmatch(bare):
        return " ".join(found.groups())
    raise BadNumber


def any_plate(text: str) -> str:
    """A French plate, else what another country's bears: letters and digits, without the signs between. BadNumber."""
    try:
        return french_plate(text)
    except BadNumber:
        bare = unicodedata.normalize("NFC", _bare(text))
        if not _FOREIGN.fullmatch(bare):
            raise
        return bare


def _dossier(text: str) -> str:
    found = _DOSSIER.fullmatch(_bare(text))
    reference = "-".join(found.groups()) if found else ""
    if not is_reference(reference):
        raise BadNumber
    return reference


IDENTIFIERS: Mapping[str, Identifier] = MappingProxyType(
    {
        "siret": Identifier(_siret, siret.format, r"^[0-9]{14}$", "73282932000074"),
        "rna": Identifier(_rna, str, r"^W[0-9][0-9A-Z][0-9]{7}$", "W861000123"),
        "iban": Identifier(_iban, iban.format, r"^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$", "FR7630006000011234567890189"),
        "dossier": Identifier(_dossier, str, r"^[0-9]{4}-[0-9]{7,}-[A-Z]$", reference_of(2026, 1234)),
        "number_plate": Identifier(french_plate, str, r"^[0-9A-Z][0-9A-Z -]+$", "AB-123-CD"),
    }
)
