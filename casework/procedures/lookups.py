"""Look-ups: answers that an outside service gives, declared in the package and not coded (PURE).

A look-up names a source of the installation, a path made from earlier answers, and which fields it fills from where in
the JSON answer (JSON Pointer, RFC 6901). Where the source is down, the person is asked instead and the answer is marked
as declared. Who asks over HTTP is the door (api/lookups.py), before any transaction: `Filler` says what is to be asked,
and fills from what was answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from urllib.parse import quote

from casework.forms.kinds import AttachmentField
from casework.forms.model import Form
from casework.forms.rule_language import Known, Rule
from casework.forms.rule_reading import Profile, holds, known_before, read_rule
from casework.forms.strict import NAME, SLUG, Reader

LOOKUPS_MAX = 10
PATH_MAX = 500
TIMEOUT_MAX = 10  # seconds
KEPT_MAX = 24 * 60  # minutes

_PART = re.compile(r"\{([^{}]*)\}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*){1,8}")
# RFC 3986, 3.3 and 3.4, without what could leave the path (//, ..) or hide it (#).
_PATH = re.compile(r"/(?!/)[A-Za-z0-9\-._~!$&'()*+,;=:@%/?{}]*")


@dataclass(frozen=True, slots=True)
class Lookup:
    """One declared look-up."""

    id: str
    source: str
    path: str  # `{name}` stands for an answer, percent-encoded
    fills: Mapping[str, str]  # field id -> JSON pointer
    reads: tuple[str, ...]  # the names in the path
    when: Rule | None
    timeout: int  # seconds
    keep: int  # minutes that an answer is good for
    if_down: Literal["ask", "wait"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be asked outside."""

    source: str
    path: str
    timeout: int
    keep: int


Answered = Mapping[Asked, Any]  # the JSON document; DOWN where there was none
DOWN = object()
Status = Literal["asked", "found", "declared", "waiting", "down"]


def read_lookups(source: Reader, form: Form) -> tuple[Lookup, ...]:
    """The section `lookups`. Faults are noted."""
    lookups: list[Lookup] = []
    filled: set[str] = set()
    for reader in source.objects("lookups", least=1, most=LOOKUPS_MAX, optional=True):
        id_ = reader.slug("id", NAME)
        if id_ and id_ in {each.id for each in lookups}:
            reader.fault("id", "twice")
        fills = _fills(reader, form)
        for name in filled & fills.keys():
            reader.fault(f"fills.{name}", "twice")
        filled |= fills.keys()
        known = known_before(form, fills)
        path = reader.text("path", most=PATH_MAX)
        lookups.append(
            Lookup(
                id=id_,
                source=reader.slug("source", SLUG),
                path=path,
                fills=fills,
                reads=_reads(reader, path, known),
                when=read_rule(reader, "when", known, optional=True),
                timeout=reader.integer("timeout_seconds", least=1, most=TIMEOUT_MAX, optional=True) or 3,
                keep=reader.integer("keep_minutes", least=0, most=KEPT_MAX, optional=True) or 0,
                if_down="wait" if reader.one_of("if_down", ("ask", "wait"), default="ask") == "wait" else "ask",
            )
        )
        reader.close()
    return tuple(lookups)


def _fills(reader: Reader, form: Form) -> dict[str, str]:
    value = reader.get("fills")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not value:
        reader.fault("fills", "not_an_object")
        return {}
    fills = {}
    for name, pointer in value.items():
        field = form.field(name) if isinstance(name, str) else None
        if field is None or not field.is_asked or isinstance(field, AttachmentField):
            reader.fault("fills", "not_such_a_field", kind="lookup")
        elif not isinstance(pointer, str) or not _POINTER.fullmatch(pointer):
            reader.fault(f"fills.{name}", "bad_pointer")
        else:
            fills[name] = pointer
    return fills


def _reads(reader: Reader, path: str, known: Mapping[str, Known]) -> tuple[str, ...]:
    if path and (not _PATH.fullmatch(path) or ".." in path or "{" in _PART.sub("", path) or "}" in _PART.sub("", path)):
        reader.fault("path", "bad_lookup_path")
        return ()
    names = tuple(dict.fromkeys(_PART.findall(path)))
    for name in names:
        if name not in known or known[name].type in ("list", "rows"):
            reader.fault("path", "unknown_in_path", name=name)
    return names


def asked(lookup: Lookup, answers: Mapping[str, Any]) -> Asked | None:
    """What is to be asked with these answers; None where one that the path needs is missing (dots alone are no answer:
    they would climb)."""
    values = {name: _value(answers, name) for name in lookup.reads}
    if any(value is None or value in (".", "..") for value in values.values()):
        return None
    path = _PART.sub(lambda part: quote(_text(values[part[1]]), safe=""), lookup.path)
    return Asked(lookup.source, path, lookup.timeout, lookup.keep)


def _value(answers: Mapping[str, Any], name: str) -> Any:
    whole, _, part = name.partition(".")
    value = answers.get(whole)
    return value.get(part) if part and isinstance(value, Mapping) else value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def at(document: Any, pointer: str) -> Any:
    """What a JSON Pointer finds (RFC 6901, 4); None where there is nothing."""
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping):
            document = document.get(key)
        elif isinstance(document, list) and key.isascii() and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


class Filler:
    """Fills a form's fields, in the one walk through it, from what outside services answered."""

    def __init__(
        self, lookups: tuple[Lookup, ...], answered: Answered, *, recorded: Mapping[str, Any] | None = None
    ) -> None:
        """`recorded`: instead of services, the document that each look-up gives, by its id; left out, it is down."""
        self._by_field = {name: lookup for lookup in lookups for name in lookup.fills}
        self._answered = answered
        self._recorded = recorded
        self.wanted: set[Asked] = set()  # what the walk came upon and nobody asked yet

    @property
    def fields(self) -> frozenset[str]:
        """Those that a look-up may fill."""
        return frozenset(self._by_field)

    def fill(self, field: str, answers: Mapping[str, Any], today: date, profile: Profile) -> tuple[Status, Any]:
        """What becomes of a field, with these earlier answers: asked of the person as any other (`asked`), given from
        outside (`found`, with the value), asked because the source is down (`declared`), not possible yet (`waiting`), or
        not to be had while the source is down (`down`)."""
        lookup = self._by_field.get(field)
        if lookup is None or (lookup.when is not None and not holds(lookup.when, answers, today, profile)):
            return "asked", None
        request = asked(lookup, answers)
        if request is None:
            return "waiting", None
        if self._recorded is not None:
            document = self._recorded.get(lookup.id, DOWN)
        elif request in self._answered:
            document = self._answered[request]
        else:
            self.wanted.add(request)
            return "waiting", None
        value = None if document is DOWN else at(document, lookup.fills[field])
        if value is not None:
            return "found", value
        return ("declared" if lookup.if_down == "ask" else "down"), None
