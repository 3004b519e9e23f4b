"""The JSON Schema (2020-12) of a package, made by the reader itself (PURE).

Sections are read from a recorder in place of a document: whatever a section asks of its reader (a text of so many
characters, one of these values, an object with these keys) is what the schema says, so that the two cannot part. What a
kind decides is asked once for each. A package that the reader takes is valid; the converse does not hold: what hangs on
two places at once (a rule's types, an id that is there twice) only the reader sees.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from functools import cache
from typing import Any

from casework.forms.model import LANGUAGES, Wording
from casework.forms.rule_language import OPERATORS
from casework.forms.strict import SLUG, SLUG_MAX, Reader
from casework.procedures.package import read_sections

ID = "urn:relais:procedure-package"
_VARIANT = "kind"  # the key whose value decides what else an object holds
_TEXTS = frozenset({"bad_time", "bad_bound", "bad_day", "not_such_a_field"})  # what is told of what is no text
_RULE = {"$ref": "#/$defs/rule"}

Schema = dict[str, Any]


@cache
def package_schema() -> Mapping[str, Any]:
    """The schema. Made once: nobody may change it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Relais procedure package",
        **_schema({}),
        "$defs": {"rule": _rule()},
    }


def _rule() -> Schema:
    """A rule of casework.forms.rule_language: a value, or one operator on rules."""
    operator = {
        "type": "object",
        "properties": dict.fromkeys(OPERATORS, True),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [operator, {"type": ["string", "number", "boolean", "array"]}]}


def _schema(chosen: Mapping[str, str]) -> Schema:
    """What the sections ask where the objects at these paths are of these kinds; all kinds of the first that is open."""
    asked = _Asked("", {}, dict(chosen))
    read_sections(_Recorder({}, "", [], asked=asked), {}, {})
    return _written(asked, chosen)


def _written(asked: "_Asked", chosen: Mapping[str, str]) -> Schema:
    if asked.kinds and asked.path not in chosen:
        return {"oneOf": [_of_kind(asked.path, kind, chosen) for kind in asked.kinds]}
    properties = {
        key: _valued(schema, optional=key in asked.optional, chosen=chosen) for key, schema in asked.keys.items()
    }
    if asked.path in chosen:
        properties[_VARIANT] = {"const": chosen[asked.path]}
    written: Schema = {"type": "object", "properties": properties}
    written["required"] = [key for key in properties if key not in asked.optional]
    if asked.closed:
        written["additionalProperties"] = False
    return written


def _of_kind(path: str, kind: str, chosen: Mapping[str, str]) -> Schema:
    inner = {**chosen, path: kind}
    asked = _Asked("", {}, inner)
    read_sections(_Recorder({}, "", [], asked=asked), {}, {})
    return _written(_found(asked, path), inner)


def _found(asked: "_Asked", path: str) -> "_Asked":
    """What is asked at this path."""
    for step in path.split("."):
        value = asked.keys[step.removesuffix("[]")]
        asked = value["items"] if step.endswith("[]") else value
        assert isinstance(asked, _Asked)
    return asked


def _valued(schema: Any, *, optional: bool, chosen: Mapping[str, str]) -> Schema:
    if isinstance(schema, _Asked):
        schema = _written(schema, chosen)
    elif isinstance(schema.get("items"), _Asked):
        schema = {**schema, "items": _written(schema["items"], chosen)}
    return {"anyOf": [schema, {"type": "null"}]} if optional and schema else schema


@dataclass(slots=True)
class _Asked:
    """What was asked of one object. `keys`: a schema each, or what was asked of the object that is there."""

    path: str
    keys: dict[str, Any]
    chosen: Mapping[str, str]
    optional: set[str] = default(default_factory=set)
    kinds: tuple[str, ...] = ()
    closed: bool = False


@dataclass(slots=True)
class _Recorder(Reader):
    """A reader of nothing, that writes down what is asked of it and answers so that reading goes on."""

    asked: _Asked = default(default_factory=lambda: _Asked("", {}, {}))

    def note(self, key: str, schema: Any, *, optional: bool = False) -> None:
        if optional:
            self.asked.optional.add(key)
        if schema or key not in self.asked.keys:
            self.asked.keys[key] = schema

    def fault(self, key: str, code: str, **params: Any) -> None:
        if code in _TEXTS and self.asked.keys.get(key) == {}:
            self.asked.keys[key] = {"type": "string"}
        if code.startswith("rule_") and not self.asked.keys.get(key):
            self.asked.keys[key] = {"anyOf": [_RULE, {"type": "boolean"}]} if key == "required" else _RULE

    def get(self, key: str, *, optional: bool = False) -> Any:
        self.note(key, {}, optional=optional)
        return {}

    def child(self, step: str) -> "_Recorder":
        path = f"{self.asked.path}.{step}" if self.asked.path else step
        return _Recorder({}, path, [], asked=_Asked(path, {}, self.asked.chosen))

    def object(self, key: str) -> Reader:
        inner = self.child(key)
        self.note(key, inner.asked)
        return inner

    def objects(self, key: str, *, least: int, most: int, optional: bool = False) -> list[Reader]:
        inner = self.child(f"{key}[]")
        schema = {"type": "array", "items": inner.asked, "minItems": least, "maxItems": most}
        self.note(key, schema, optional=optional)
        return [inner]

    def items(self, key: str, *, least: int, most: int, optional: bool = False) -> Sequence[Any]:
        self.note(key, {"type": "array", "minItems": least, "maxItems": most}, optional=optional)
        return []

    def text(self, key: str, *, most: int, optional: bool = False) -> str:
        self.note(key, {"type": "string", "minLength": 1, "maxLength": most}, optional=optional)
        return ""

    def wording(self, key: str, *, most: int, optional: bool = False) -> Wording | None:
        words = {"type": "string", "minLength": 1, "maxLength": most}
        schema = {
            "type": "object",
            "properties": dict.fromkeys(LANGUAGES, words),
            "required": list(LANGUAGES),
            "additionalProperties": False,
        }
        self.note(key, schema, optional=optional)
        return Wording("", "")

    def slug(self, key: str, pattern: re.Pattern[str] = SLUG) -> str:
        self.note(key, {"type": "string", "pattern": f"^{pattern.pattern}$", "maxLength": SLUG_MAX})
        return ""

    def boolean(self, key: str, *, default: bool) -> bool:
        self.note(key, {"type": "boolean"}, optional=True)
        return default

    def integer(self, key: str, *, least: int, most: int, optional: bool = False) -> int | None:
        self.note(key, {"type": "integer", "minimum": least, "maximum": most}, optional=optional)
        return None

    def number(self, key: str, *, most: int, digits: int) -> float | None:
        self.note(key, {"type": "number", "minimum": -most, "maximum": most}, optional=True)
        return None

    def one_of(self, key: str, values: Sequence[str], *, default: str | None = None) -> str:
        self.note(key, {"enum": list(values)}, optional=default is not None)
        if key != _VARIANT:
            return values[0] if default is None else default
        self.asked.kinds = tuple(values)
        return self.asked.chosen.get(self.asked.path, values[0])

    def several_of(self, key: str, values: Sequence[str], *, default: Sequence[str] | None = None) -> tuple[str, ...]:
        schema = {"type": "array", "items": {"enum": list(values)}, "uniqueItems": True, "minItems": 1}
        self.note(key, schema, optional=default is not None)
        return tuple(values[:1])

    def close(self) -> None:
        self.asked.closed = True
