"""What a designer begins with, and what is told of an unfinished definition, each thing at its element (PURE)."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casework.dossiers.model import CHANNELS
from casework.forms.definition import read_form
from casework.forms.model import Form
from casework.forms.rule_language import RESERVED
from casework.forms.strict import DefinitionFault, Reader
from casework.organisation.communes import communes
from casework.procedures.catalogue import misplaced
from casework.procedures.editing import every_field, id_of, pages
from casework.procedures.edits import AddPage, ChangeHead, Several
from casework.procedures.package import BadPackage, Package, read
from casework.procedures.routing import Route, read_routing

TARGET_DAYS = 15
_STEP = re.compile(r"form\.pages\[(\d+)\](?:\.fields\[(\d+)\](?:\.fields\[(\d+)\])?)?\.?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Judged:
    """A definition, judged: the package where it is one; what does not hold; what its designer should know."""

    package: Package | None
    faults: tuple[DefinitionFault, ...]
    remarks: tuple[DefinitionFault, ...]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where requests of an unfinished definition go, as far as it says."""

    service: str
    routing: tuple[Route, ...]


def destination(definition: Mapping[str, Any], form: Form) -> Destination:
    """Its service and those of its routes that can be read."""
    routing, _ = read_routing(Reader.of(definition, "", []), form)
    return Destination(str(definition.get("service", "")), routing)


def judge(definition: Mapping[str, Any], services: Mapping[str, str], themes: Collection[str]) -> Judged:
    """Every fault of this definition at once, those of the community's services and themes too.

    `services`: slug → slug of its directorate.
    """
    try:
        package = read(definition)
    except BadPackage as bad:
        unreadable = any(fault.code == "too_deep" and not fault.path for fault in bad.faults)
        return Judged(None, bad.faults, () if unreadable else tuple(_untranslated(definition, "")))
    untranslated = tuple(_untranslated(definition, ""))
    faults = tuple(misplaced(package, services, themes))
    return Judged(None if faults else package, faults, package.remarks + untranslated)


def form_of(definition: Mapping[str, Any]) -> Form:
    """The form of a definition that may be unfinished: what does not hold is left out of it, harmless."""
    return read_form(Reader.of(definition.get("form"), "form", []), communes())


def element_of(definition: Mapping[str, Any], path: str) -> tuple[str, str]:
    """What the place of a fault is of: `field:<id>`, `page:<id>`, `form` or `head`, and the path inside it."""
    match = _STEP.fullmatch(path)
    if match is None:
        beside = path.startswith("form.") and not path.startswith("form.pages")
        return ("form", path.removeprefix("form.")) if beside else ("head", path)
    try:
        page = definition["form"]["pages"][int(match[1])]
        if match[2] is None:
            return f"page:{page['id']}", match[4]
        field = page["fields"][int(match[2])]
        if match[3] is not None:
            field = field["fields"][int(match[3])]
        return f"field:{field['id']}", match[4]
    except (KeyError, IndexError, TypeError):
        return "head", path


def _untranslated(node: Any, path: str) -> Iterator[DefinitionFault]:
    if isinstance(node, Mapping):
        if set(node) == {"fr", "en"}:
            words = node["fr"]
            if isinstance(words, str) and words == node["en"] and " " in words.strip():
                yield DefinitionFault(path, "untranslated")
            return
        for key, value in node.items():
            yield from _untranslated(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _untranslated(value, f"{path}[{i}]")


def wording(fr: str, en: str = "") -> dict[str, str]:
    """A text in both languages; the French stands for the English until somebody translates it."""
    return {"fr": fr, "en": en or fr}


def blank(slug: str, title: str, *, directorate: str, service: str, theme: str) -> dict[str, Any]:
    """A procedure with nothing to ask yet: by every channel, in fifteen working days, silence meaning nothing."""
    return {
        "slug": slug,
        "title": wording(title),
        "summary": wording("Déposez votre demande en ligne.", "File your request online."),
        "theme": theme,
        "directorate": directorate,
        "service": service,
        "channels": list(CHANNELS),
        "internal": False,
        "target_days": TARGET_DAYS,
        "silence": "none",
        "receipt": {
            "what_next": wording(
                "Votre demande est transmise au service, qui vous répondra.",
                "Your request is passed on to the department, which will answer you.",
            )
        },
        "form": {"pages": [{"id": "demande", "title": wording("Votre demande", "Your request"), "fields": []}]},
    }


def copied(definition: Mapping[str, Any], slug: str, title: str) -> dict[str, Any]:
    """Another procedure that begins as this one is."""
    return {**definition, "slug": slug, "title": wording(title)}


def new_page(definition: Mapping[str, Any], title: str) -> AddPage:
    """A page of this title at the end of the form."""
    taken = {str(each.get("id")) for each in pages(definition)}
    return AddPage(page={"id": id_of(title, taken, joiner="-"), "title": wording(title), "fields": []})


def contacts(definition: Mapping[str, Any]) -> Several:
    """The page that asks who files the request, ready made, and what tells the service so."""
    taken = set(every_field(definition))
    ids = {}
    asked = []
    for name, field in _CONTACTS.items():
        ids[name] = id_of(name.replace("_", " "), taken)
        taken.add(ids[name])
        asked.append({"id": ids[name], **field})
    page = new_page(definition, "Vos coordonnées").page
    applicant = {"name": [ids["first_name"], ids["last_name"]], "email": ids["email"]}
    return Several(
        edits=[
            AddPage(page={**page, "title": wording("Vos coordonnées", "Your contact details"), "fields": asked}),
            ChangeHead(set={"applicant": applicant}),
        ]
    )


_CONTACTS: Mapping[str, dict[str, Any]] = {
    "first_name": {
        "kind": "text", "label": wording("Prénom", "First name"), "required": True, "autocomplete": "given-name",
        "max_length": 100,
    },
    "last_name": {
        "kind": "text", "label": wording("Nom", "Last name"), "required": True, "autocomplete": "family-name",
        "max_length": 100,
    },
    "email": {
        "kind": "email", "label": wording("Adresse e-mail", "E-mail address"), "required": True,
        "autocomplete": "email",
        "help": wording(
            "Vous y recevrez l’accusé de réception et la réponse.", "We send the receipt and the answer there."
        ),
    },
    "phone": {"kind": "phone", "label": wording("Téléphone", "Telephone number"), "autocomplete": "tel"},
    "address": {
        "kind": "address", "label": wording("Votre adresse", "Your address"), "autocomplete": "street-address",
    },
}  # fmt: skip


def new_field(definition: Mapping[str, Any], label: str, kind: str) -> dict[str, Any]:
    """A question of this kind, with what makes it complete at once."""
    field: dict[str, Any] = {"id": id_of(label, {*every_field(definition), *RESERVED}), "kind": kind}
    field["label"] = wording(label)
    return field | particulars(kind)


def particulars(kind: str) -> dict[str, Any]:
    """What a question of this kind needs to be complete at once: lists have two choices, to be written over."""
    lists = [
        {"value": "premier", "label": wording("Premier choix", "First choice")},
        {"value": "second", "label": wording("Second choix", "Second choice")},
    ]
    match kind:
        case "choice" | "choices":
            return {"choices": lists}
        case "linked_choice":
            return {"choices": [{**each, "choices": lists} for each in lists]}
        case "block":
            inside = {"id": "precision", "kind": "text", "label": wording("Précision", "Detail")}
            return {"row": wording("Élément", "Item"), "fields": [inside]}
        case "computed":
            return {"gives": "number", "value": 0}
        case _:
            return {}
