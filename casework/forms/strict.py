"""Strict reading of a JSON-like document: unknown keys refused, nothing converted, every fault at once (PURE)."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casework.forms.model import LANGUAGES, Wording
from casework.forms.rule_language import printable

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
SLUG_MAX = 60


@dataclass(frozen=True, slots=True)
class DefinitionFault:
    """What does not hold in a definition: where (`form.pages[0].fields[2].label.en`), a code, and its params."""

    path: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


def parts(value: Any) -> list[Any]:
    """What a value holds directly: of an object its names too."""
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, list | tuple) else []


def too_deep(value: Any, most: int) -> bool:
    """Whether it has more levels than that; found without going deeper."""
    level = [value]
    for _ in range(most + 1):
        level = [part for each in level for part in parts(each)]
        if not level:
            return False
    return True


@dataclass(slots=True)
class Reader:
    """One object of the document. What is wrong is noted in `faults`, shared by all readers of the document, and a
    harmless value stands in its place, so that reading goes on and tells everything."""

    value: Mapping[str, Any]
    path: str
    faults: list[DefinitionFault]
    read: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: Any, path: str, faults: list[DefinitionFault]) -> "Reader":
        if not isinstance(value, Mapping):
            faults.append(DefinitionFault(path, "not_an_object"))
            return cls({}, path, [])  # that said, what it lacks needs no telling
        return cls(value, path, faults)

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, code: str, **params: Any) -> None:
        self.faults.append(DefinitionFault(self.at(key) if key else self.path, code, params))

    def get(self, key: str, *, optional: bool = False) -> Any:
        """The raw value; None where it is left out, which is a fault unless it is optional."""
        self.read.add(key)
        value = self.value.get(key)
        if value is None and not optional:
            self.fault(key, "missing")
        return value

    def object(self, key: str) -> "Reader":
        value = self.get(key)
        return Reader({}, self.at(key), []) if value is None else Reader.of(value, self.at(key), self.faults)

    def objects(self, key: str, *, least: int, most: int, optional: bool = False) -> list["Reader"]:
        items = self.items(key, least=least, most=most, optional=optional)
        return [Reader.of(item, f"{self.at(key)}[{i}]", self.faults) for i, item in enumerate(items)]

    def items(self, key: str, *, least: int, most: int, optional: bool = False) -> Sequence[Any]:
        value = self.get(key, optional=optional)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.fault(key, "not_a_list")
            return []
        if not least <= len(value) <= most:
            self.fault(key, "wrong_count", least=least, most=most)
        return value[:most]

    def text(self, key: str, *, most: int, optional: bool = False) -> str:
        value = self.get(key, optional=optional)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.fault(key, "not_a_text")
            return ""
        if len(value) > most:
            self.fault(key, "too_long", most=most)
        if value != value.strip() or any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in value):
            self.fault(key, "bad_text")
        return value

    def wording(self, key: str, *, most: int, optional: bool = False) -> Wording | None:
        """A text in both languages. None only where it is optional and left out."""
        if self.get(key, optional=optional) is None:
            return None if optional else Wording("", "")
        inner = self.object(key)
        read = Wording(*(inner.text(language, most=most) for language in LANGUAGES))
        inner.close()
        return read

    def needed_wording(self, key: str, *, most: int) -> Wording:
        return self.wording(key, most=most) or Wording("", "")

    def slug(self, key: str, pattern: re.Pattern[str] = SLUG) -> str:
        value = self.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not pattern.fullmatch(value) or len(value) > SLUG_MAX:
            self.fault(key, "bad_slug")
            return ""
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self.get(key, optional=True)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, "not_a_boolean")
            return default
        return value

    def integer(self, key: str, *, least: int, most: int, optional: bool = False) -> int | None:
        value = self.get(key, optional=optional)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, "not_an_integer")
            return None
        if not least <= value <= most:
            self.fault(key, "out_of_range", least=least, most=most)
            return None
        return value

    def number(self, key: str, *, most: int, digits: int) -> float | None:
        """A number of at most so many digits after its point, at most `most` from zero; None where it is left out."""
        value = self.get(key, optional=True)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            self.fault(key, "not_a_number")
            return None
        if abs(value) > most:
            self.fault(key, "out_of_range", least=-most, most=most)
            return None
        if round(value, digits) != value:
            self.fault(key, "too_many_decimals", most=digits)
            return None
        return value

    def one_of(self, key: str, values: Sequence[str], *, default: str | None = None) -> str:
        value = self.get(key, optional=default is not None)
        if value is None:
            return values[0] if default is None else default
        if not isinstance(value, str) or value not in values:
            self.fault(key, "not_one_of", values=list(values))
            return values[0] if default is None else default
        return value

    def several_of(self, key: str, values: Sequence[str], *, default: Sequence[str] | None = None) -> tuple[str, ...]:
        if default is not None and self.get(key, optional=True) is None:
            return tuple(default)
        items = self.items(key, least=1, most=len(values))
        if any(item not in values for item in items if isinstance(item, str)) or not all(
            isinstance(item, str) for item in items
        ):
            self.fault(key, "not_one_of", values=list(values))
            return ()
        if len(set(items)) < len(items):
            self.fault(key, "twice")
        return tuple(dict.fromkeys(items))

    def close(self) -> None:
        """Nothing else may be there."""
        for key in self.value:
            if key not in self.read:
                self.fault(printable(key, 100), "unknown_key")
