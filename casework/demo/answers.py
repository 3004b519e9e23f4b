"""What somebody answers to a form (PURE): plausible, varied, accepted by `casework.forms.check`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from stdnum import iban, luhn

from casework.demo import names, words
from casework.demo.papers import fitting
from casework.demo.people import Citizen, given_name, street
from casework.forms.blocks import BlockField, ComputedField
from casework.forms.kinds import (
    AddressField,
    AttachmentField,
    ChoiceField,
    ChoicesField,
    DateField,
    DecimalField,
    IntegerField,
    LinkedChoiceField,
    LongTextField,
    MoneyField,
    PointField,
    SignatureField,
    TextField,
    TimeField,
    YesNoField,
)
from casework.forms.model import Field, Form
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import NOBODY, Profile
from casework.forms.rule_reading import holds as rule_holds
from casework.forms.rule_reading import value as rule_value

_PLACES = ("la salle des fêtes", "la maison de quartier", "le square", "le parking de l’école", "la place du marché")
_ORGANISATIONS = (
    "Association des riverains",
    "Comité des fêtes",
    "Club de pétanque",
    "Amicale laïque",
    "Les Amis du Clain",
    "Boulangerie du Centre",
    "Café de la Place",
    "Librairie des Carmes",
    "SARL Poitou Travaux",
    "Union sportive",
)
_LETTERS = "ABCDEFGHJKLMNPQRTVXYZ"  # of number plates, without those of which a pair is kept for something else
# What a question named so is answered with; the first part that its id contains.
_BY_PART: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("association_name", _ORGANISATIONS),
    ("business_name", _ORGANISATIONS),
    ("shop_name", _ORGANISATIONS),
    ("organisation", _ORGANISATIONS),
    ("supplier", _ORGANISATIONS),
    (
        "event_name",
        ("Fête du quartier", "Vide-grenier", "Marché de producteurs", "Fête de la musique", "Loto", "Course à pied"),
    ),
    ("funeral_company", ("Pompes funèbres du Clain", "Marbrerie Lavigne")),
    ("birth_place", ("Poitiers, France", "Niort, France", "Paris, France", "Porto, Portugal", "Rabat, Maroc")),
    ("company", ("Verisure", "Sector Alarm", "Télésurveillance de l’Ouest")),
    ("office", ("Étude Faure", "Pompes funèbres du Clain", "Cabinet Lavigne, généalogiste")),
    ("nationality", ("Française", "Portugaise", "Marocaine", "Roumaine", "Britannique")),
    (
        "object",
        ("Un trousseau de clés", "Un téléphone noir", "Un portefeuille marron", "Une écharpe bleue", "Un sac à dos"),
    ),
    ("school", ("École Jules-Ferry", "École Pablo-Neruda", "Collège Henri-IV", "Lycée Victor-Hugo", "École Paul-Bert")),
    ("route", ("Ligne 12", "Ligne 21", "Ligne 30 A", "Ligne 41")),
    ("species", ("Un érable champêtre", "Un tilleul", "Un chêne pubescent", "Un cerisier")),
    ("official_name", ("L’adjointe à l’éducation", "Le maire", "La vice-présidente à la voirie")),
    (
        "subject",
        ("La sécurité devant l’école", "Un projet de jardin partagé", "Le bruit la nuit", "Une aide pour notre club"),
    ),
    ("equipment", ("Un ordinateur portable", "Un deuxième écran", "Un casque", "Un téléphone")),
    ("software", ("Une licence de cartographie", "Un accès à la messagerie", "Un logiciel de dessin")),
    ("allergy", ("Arachides", "Lait de vache", "Œufs", "Fruits à coque")),
    ("vehicle", ("Une citadine", "Un utilitaire", "Un minibus de neuf places")),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers, and the documents that they attach: (id, media type)."""

    answers: dict[str, Any]
    attached: tuple[tuple[UUID, str], ...]


def answers_to(
    form: Form, who: Citizen, *, today: date, chance: Random, document: Callable[[], UUID], profile: Profile = NOBODY
) -> Answered:
    """One person's answers on that day. `document()` gives the id of a new document."""
    attached: list[tuple[UUID, str]] = []

    def holds(rule: Rule | bool | None, given: Mapping[str, Any]) -> bool:
        if rule is None or isinstance(rule, bool):
            return bool(rule)
        return rule_holds(rule, given, today, profile)

    def fill(fields: Iterable[Field], given: dict[str, Any]) -> None:
        for field in fields:
            if field.visible_if is not None and not holds(field.visible_if, given):
                continue
            if (
                isinstance(field, ComputedField)
                and (made := rule_value(field.value, given, today, profile)) is not None
            ):
                given[field.id] = made
            if not field.is_asked:
                continue
            required = holds(field.required, given)
            if not required and chance.random() < 0.35:
                continue
            if isinstance(field, BlockField):
                given[field.id] = [row(field, given) for _ in range(min(field.most, field.least + chance.randrange(3)))]
                continue
            if isinstance(field, AttachmentField):
                media_type = fitting(field.types)
                if media_type is not None:
                    id_ = document()
                    attached.append((id_, media_type))
                    given[field.id] = [str(id_)]
                continue
            value = _answer(field, form, who, given, today, chance)
            if value is not None:
                given[field.id] = value

    def row(block: BlockField, outside: Mapping[str, Any]) -> dict[str, Any]:
        answers = dict(outside)
        while answers.keys() == outside.keys():  # a row says something
            fill(block.fields, answers)
        return {name: value for name, value in answers.items() if name not in outside}

    given: dict[str, Any] = {}
    for page in form.pages:
        if page.visible_if is None or holds(page.visible_if, given):
            fill(page.fields, given)
    return Answered(given, tuple(attached))


def _answer(field: Field, form: Form, who: Citizen, given: Mapping[str, Any], today: date, chance: Random) -> Any:
    match field:
        case TextField():
            return _text(field, who, chance)[: field.max_length].strip()
        case LongTextField():
            return " ".join(chance.sample(words.TEXTS, 1 + chance.randrange(3)))[: field.max_length].strip()
        case IntegerField():
            least = field.min if field.min is not None else 1
            most = field.max if field.max is not None else least + 30
            return least + int((most - least) * min(chance.random() ** 3, 0.999))
        case DecimalField() | MoneyField():
            return _amount(field.min or 0, field.max, chance)
        case TimeField():
            return chance.choice([at for at in words.TIMES if (field.min or at) <= at <= (field.max or at)])
        case DateField():
            return _date(field, given, today, chance).isoformat()
        case ChoiceField():
            return _usual(field.values, chance)
        case ChoicesField():
            most = min(field.at_most or len(field.values), len(field.values), 3)
            chosen = {_usual(field.values, chance) for _ in range(1 + chance.randrange(most))}
            return [value for value in field.values if value in chosen]
        case YesNoField():
            return chance.random() < 0.4
        case AddressField():
            return _address(who, form, chance)
    if field.kind in NUMBERS:
        return NUMBERS[field.kind](chance)
    match field:
        case LinkedChoiceField():
            first = chance.choice(field.choices)
            return {"first": first.value, "second": chance.choice(first.choices).value}
        case PointField():
            return {"words": f"{chance.choice(('Devant', 'Près de', 'À côté de'))} {chance.choice(_PLACES)}"}
        case SignatureField():
            return {"name": who.name}
    return {"consent": True, "country": "FR", "email": who.email, "phone": who.phone, "commune": who.commune.code}.get(
        field.kind
    )


def _usual(values: Sequence[str], chance: Random) -> str:
    """The first answers of a list are the usual ones."""
    return values[int(chance.random() ** 1.7 * len(values))]


def _amount(least: float, most: float | None, chance: Random) -> float:
    wide = 200 if most is None else max(2, min(200, int(most - least)))
    return least + chance.randrange(1, wide)


def _siret(chance: Random) -> str:
    siren = f"{chance.randrange(10_000_000, 99_999_999)}"
    establishment = siren + luhn.calc_check_digit(siren) + f"{chance.randrange(1, 30):04}"
    return establishment + luhn.calc_check_digit(establishment)


def _iban(chance: Random) -> str:
    account = f"30006{chance.randrange(10**18):018}"
    return f"FR{iban.calc_check_digits(f'FR00{account}')}{account}"


def _plate(chance: Random) -> str:
    first, second = (chance.choice(_LETTERS) + chance.choice(_LETTERS) for _ in range(2))
    return f"{first}-{chance.randrange(100, 999)}-{second}"


# Valid and fictional, by kind of field.
NUMBERS: Mapping[str, Callable[[Random], str]] = {
    "siret": _siret,
    "rna": lambda chance: f"W86{chance.randrange(1, 4)}{chance.randrange(10**6):06}",
    "iban": _iban,
    "number_plate": _plate,
}


def _address(who: Citizen, form: Form, chance: Random) -> dict[str, str]:
    commune = who.commune if who.commune.code in form.communes else next(iter(form.communes.values()))
    line = who.street if chance.random() < 0.85 else street(chance)
    return {"street": line, "postal_code": commune.postal_codes[0], "citycode": commune.code}


def _date(field: DateField, given: Mapping[str, Any], today: date, chance: Random) -> date:
    first, last = field.bounds(today, given)
    if first is None and last is None:
        first, last = today + timedelta(days=3), today + timedelta(days=90)
    elif first is None and last is not None:
        # A birth is anywhere in a life; a loss or a wedding is of the last months.
        first = last - timedelta(days=365 * 60 if "born" in field.id or "birth" in field.id else 400)
    elif first is not None and last is None:
        last = first + timedelta(days=120)
    assert first is not None
    assert last is not None
    # What is to come is soon; what is past is anywhere.
    far = chance.random() ** (3 if first >= today - timedelta(days=1) else 1)
    return first + timedelta(days=int((last - first).days * far))


def _text(field: TextField, who: Citizen, chance: Random) -> str:
    known: Mapping[str, str] = {
        "given-name": who.given_name,
        "family-name": who.family_name,
        "name": who.name,
        "street-address": who.street,
        "postal-code": who.commune.postal_codes[0],
    }
    if field.autocomplete and field.autocomplete in known:
        return known[field.autocomplete]
    for part, options in _BY_PART:
        if part in field.id:
            return chance.choice(options)
    if any(
        part in field.id
        for part in (
            "spouse",
            "parents",
            "holder",
            "whom",
            "owner",
            "contact_name",
            "minor_name",
            "approved_by",
            "predecessor",
        )
    ):
        return f"{given_name(chance)} {chance.choice(names.FAMILIES)}"
    if "first_name" in field.id:
        return given_name(chance)
    if "name" in field.id:
        return chance.choice((who.family_name, who.family_name, chance.choice(names.FAMILIES)))
    if any(
        part in field.id
        for part in ("number", "rna", "imei", "card", "plot", "pre_request", "meter", "contract", "reference")
    ):
        return str(chance.randrange(10_000, 99_999))
    if any(part in field.id for part in ("lost_in", "location", "place", "where", "former_commune")):
        return f"{chance.choice(('Devant', 'Près de', 'À côté de'))} {chance.choice(_PLACES)}"
    return chance.choice(words.TEXTS)
