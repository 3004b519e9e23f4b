"""Answers made of parts: addresses, linked choices, points, signatures (PURE). A fault names the part."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from casework.forms.judging import Context, Fault, characters, is_given
from casework.forms.kinds import AddressField, LinkedChoiceField, PointField, SignatureField
from casework.forms.model import (
    ADDRESS_LINE_MAX,
    DRAWING_HEIGHT,
    DRAWING_WIDTH,
    NAME_MAX,
    POINTS_MAX,
)
from casework.organisation.communes import TERRITORY

ADDRESS_PARTS = ("street", "postal_code", "citycode", "city")
POINT_PARTS = ("lat", "lon", "words")
_POSTAL_CODE = re.compile(r"\d{5}", re.ASCII)
_PRECISION = 6  # digits of a degree: a tenth of a metre


def _parts(value: Any, names: Sequence[str], expected: str) -> dict[str, Any]:
    """The parts that are given, in this order. Raises Fault."""
    if not isinstance(value, Mapping):
        raise Fault("wrong_type", expected=expected)
    if set(value) - set(names):
        raise Fault("unknown_part")
    return {name: value[name] for name in names if is_given(value.get(name))}


def address(field: AddressField, value: Any, context: Context) -> dict[str, str]:
    """{street, postal_code, citycode} in the community, {street, postal_code, city} elsewhere. Raises Fault."""
    parts = {name: _line(name, part) for name, part in _parts(value, ADDRESS_PARTS, "address").items()}
    if "street" not in parts:
        raise Fault("required", "street")
    if "citycode" in parts or field.within == "territory":
        return _address_here(parts, context)
    for name in ("postal_code", "city"):
        if name not in parts:
            raise Fault("required", name)
    if not _POSTAL_CODE.fullmatch(parts["postal_code"]):
        raise Fault("bad_postal_code", "postal_code")
    return parts


def _line(name: str, value: Any) -> str:
    try:
        return characters(value, ADDRESS_LINE_MAX)
    except Fault as fault:
        raise Fault(fault.code, name, **fault.params) from fault


def _address_here(parts: dict[str, str], context: Context) -> dict[str, str]:
    if "citycode" not in parts:
        raise Fault("required", "citycode")
    commune = context.form.communes.get(parts["citycode"])
    if commune is None:
        raise Fault("not_a_commune", "citycode")
    if "postal_code" not in parts and len(commune.postal_codes) == 1:
        parts["postal_code"] = commune.postal_codes[0]
    if "postal_code" not in parts:
        raise Fault("required", "postal_code")
    if parts["postal_code"] not in commune.postal_codes:
        raise Fault("not_its_postal_code", "postal_code", expected=list(commune.postal_codes))
    return {name: parts[name] for name in ("street", "postal_code", "citycode")}


def linked_choice(field: LinkedChoiceField, value: Any, context: Context) -> dict[str, str]:
    """{first, second}: a value of the list, and one of those under it. Raises Fault."""
    parts = _parts(value, ("first", "second"), "linked_choice")
    for name in ("first", "second"):
        if name not in parts:
            raise Fault("required", name)
        if not isinstance(parts[name], str):
            raise Fault("wrong_type", name, expected="text")
    under = field.values.get(parts["first"])
    if under is None:
        raise Fault("not_a_choice", "first")
    if parts["second"] not in under:
        raise Fault("not_a_choice", "second")
    return parts


def point(field: PointField, value: Any, context: Context) -> dict[str, Any]:
    """{lat, lon} in degrees (WGS 84) to the sixth digit, {words}, or all three. Raises Fault."""
    parts = _parts(value, POINT_PARTS, "point")
    if "words" in parts:
        parts["words"] = _line("words", parts["words"])
    if "lat" not in parts and "lon" not in parts:
        return parts
    box = TERRITORY if field.within == "territory" else None
    parts["lat"] = _degrees("lat", parts.get("lat"), (box.south, box.north) if box else (-90, 90))
    parts["lon"] = _degrees("lon", parts.get("lon"), (box.west, box.east) if box else (-180, 180))
    return {name: parts[name] for name in POINT_PARTS if name in parts}


def _degrees(name: str, value: Any, bounds: tuple[float, float]) -> float:
    if value is None:
        raise Fault("required", name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Fault("wrong_type", name, expected="number")
    if not bounds[0] <= value <= bounds[1]:
        raise Fault("outside", name, least=bounds[0], most=bounds[1])
    rounded = round(value, _PRECISION)
    return int(rounded) if int(rounded) == rounded else rounded


def signature(field: SignatureField, value: Any, context: Context) -> dict[str, Any]:
    """{name, strokes?}: who signs, and what was drawn as lists of whole points [x, y]. Raises Fault."""
    parts = _parts(value, ("name", "strokes"), "signature")
    if "name" not in parts:
        raise Fault("required", "name")
    try:
        signed: dict[str, Any] = {"name": characters(parts["name"], NAME_MAX)}
    except Fault as fault:
        raise Fault(fault.code, "name", **fault.params) from fault
    if "strokes" in parts:
        signed["strokes"] = _strokes(parts["strokes"])
    return signed


def _strokes(value: Any) -> list[list[list[int]]]:
    """The drawing, if every point is a whole one of the canvas: what is shown to agents is drawn from these alone."""
    if not isinstance(value, list | tuple) or not all(isinstance(stroke, list | tuple) and stroke for stroke in value):
        raise Fault("bad_drawing", "strokes")
    if sum(len(stroke) for stroke in value) > POINTS_MAX:
        raise Fault("drawing_too_big", "strokes", most=POINTS_MAX)
    if not all(_is_point(point) for stroke in value for point in stroke):
        raise Fault("bad_drawing", "strokes")
    return [[[int(x), int(y)] for x, y in stroke] for stroke in value]


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(each, int) and not isinstance(each, bool) for each in value)
        and 0 <= value[0] <= DRAWING_WIDTH
        and 0 <= value[1] <= DRAWING_HEIGHT
    )
