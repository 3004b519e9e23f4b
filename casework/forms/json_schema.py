"""A form as JSON Schema 2020-12, for integrators and tests (PURE).

Every list of answers that `check` accepts is valid against it. The converse does not hold: what a rule asks, and what
hangs on other data (documents, communes' postal codes), is only named, in `x-` keywords.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from casework.forms.blocks import BlockField, ComputedField, Gives
from casework.forms.identifiers import COUNTRIES, IDENTIFIERS
from casework.forms.kinds import (
    CENTS,
    AddressField,
    AttachmentField,
    ChoiceField,
    ChoicesField,
    DecimalField,
    IntegerField,
    LinkedChoiceField,
    LongTextField,
    MoneyField,
    PointField,
    SignatureField,
    TextField,
)
from casework.forms.model import (
    ADDRESS_LINE_MAX,
    DRAWING_HEIGHT,
    DRAWING_WIDTH,
    EMAIL_MAX,
    NAME_MAX,
    PHONE_MAX,
    Box,
    Field,
    Form,
)
from casework.forms.rule_language import Rule
from casework.organisation.communes import TERRITORY

_POINT = {
    "type": "array",
    "prefixItems": [
        {"type": "integer", "minimum": 0, "maximum": DRAWING_WIDTH},
        {"type": "integer", "minimum": 0, "maximum": DRAWING_HEIGHT},
    ],
    "minItems": 2,
    "maxItems": 2,
}
_SIGNATURE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": NAME_MAX},
        "strokes": {"type": "array", "items": {"type": "array", "minItems": 1, "items": _POINT}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


_COMPUTED: Mapping[Gives, dict[str, Any]] = {
    "number": {"type": "number"},
    "money": {"type": "number", "x-digits": CENTS, "x-currency": "EUR"},
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
}


def to_json_schema(form: Form) -> dict[str, Any]:
    """The schema of this form's answers, as `check` gives them back."""
    asked = [(field, page.visible_if) for page in form.pages for field in page.fields]
    refused = {"x-refused-if": [each.refuse_if.expression for each in form.conditions]} if form.conditions else {}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(asked, form), **refused}


def _object(fields: Iterable[tuple[Field, Rule | None]], form: Form) -> dict[str, Any]:
    """The schema of an object with these fields, each with its page's rule."""
    properties: dict[str, Any] = {}
    required = []
    for field, page_rule in fields:
        if not field.has_answer:
            continue
        schema = {"title": field.label.fr, **_schema(field, form)}
        if field.help is not None:
            schema["description"] = field.help.fr
        rules = [rule for rule in (page_rule, field.visible_if) if rule is not None]
        if rules:
            schema["x-visible-if"] = [rule.expression for rule in rules]
        if isinstance(field.required, Rule):
            schema["x-required-if"] = field.required.expression
        elif field.required and not rules:
            required.append(field.id)
        elif field.required:
            schema["x-required-if-visible"] = True
        properties[field.id] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _schema(field: Field, form: Form) -> dict[str, Any]:
    match field:
        case TextField() | LongTextField():
            return {"type": "string", "minLength": 1, "maxLength": field.max_length}
        case IntegerField():
            return {"type": "integer", **_bounds(field)}
        case DecimalField():
            return {"type": "number", **_bounds(field), "x-digits": field.digits}
        case MoneyField():
            return {"type": "number", **_bounds(field), "x-digits": CENTS, "x-currency": "EUR"}
        case ChoiceField():
            return {"enum": list(field.values)}
        case ChoicesField():
            most = len(field.values) if field.at_most is None else field.at_most
            return {
                "type": "array",
                "items": {"enum": list(field.values)},
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": most,
            }
        case LinkedChoiceField():
            return {"oneOf": [_pair(first, sorted(seconds)) for first, seconds in field.values.items()]}
        case AddressField():
            return _address(field, form)
        case BlockField():
            row = _object([(inside, None) for inside in field.fields], form)
            return {"type": "array", "items": row, "minItems": field.least, "maxItems": field.most}
        case ComputedField():
            return {**_COMPUTED[field.gives], "readOnly": True, "x-value": field.value.expression}
        case PointField():
            return _point(field)
        case SignatureField():
            return _SIGNATURE
        case AttachmentField():
            return {
                "type": "array",
                "items": {"type": "string", "format": "uuid"},
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": field.max_count,
                "x-media-types": list(field.types),
                "x-max-bytes": field.max_size,
            }
    if field.kind in IDENTIFIERS:
        return {"type": "string", "pattern": IDENTIFIERS[field.kind].pattern}
    plain: dict[str, dict[str, Any]] = {
        "date": {"type": "string", "format": "date"},
        "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        "yes_no": {"type": "boolean"},
        "consent": {"const": True},
        "email": {"type": "string", "format": "email", "maxLength": EMAIL_MAX},
        "phone": {"type": "string", "maxLength": PHONE_MAX},
        "commune": {"enum": list(form.communes)},
        "country": {"enum": sorted(COUNTRIES)},
    }
    return plain[field.kind]


def _bounds(field: IntegerField | DecimalField | MoneyField) -> dict[str, float]:
    bounds = {"minimum": field.min, "maximum": field.max}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _pair(first: str, seconds: list[str]) -> dict[str, Any]:
    parts = {"first": {"const": first}, "second": {"enum": seconds}}
    return {"type": "object", "properties": parts, "required": ["first", "second"], "additionalProperties": False}


def _point(field: PointField) -> dict[str, Any]:
    box = TERRITORY if field.within == "territory" else Box(-90, -180, 90, 180)
    parts = {
        "lat": {"type": "number", "minimum": box.south, "maximum": box.north},
        "lon": {"type": "number", "minimum": box.west, "maximum": box.east},
        "words": {"type": "string", "minLength": 1, "maxLength": ADDRESS_LINE_MAX},
    }
    ways = [{"required": ["lat", "lon"]}, {"required": ["words"]}]
    return {"type": "object", "properties": parts, "additionalProperties": False, "anyOf": ways}


def _address(field: AddressField, form: Form) -> dict[str, Any]:
    line = {"type": "string", "minLength": 1, "maxLength": ADDRESS_LINE_MAX}
    parts: dict[str, Any] = {
        "street": line,
        "postal_code": {"type": "string", "pattern": "^[0-9]{5}$"},
        "citycode": {"enum": list(form.communes)},
    }
    here = {"required": ["street", "citycode"]}
    schema: dict[str, Any] = {"type": "object", "properties": parts, "additionalProperties": False, **here}
    if field.within == "anywhere":
        parts["city"] = line
        del schema["required"]
        schema["anyOf"] = [here, {"required": ["street", "postal_code", "city"]}]
    return schema
