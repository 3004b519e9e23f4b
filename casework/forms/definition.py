"""A form from its definition, the part `form` of a procedure's package (PURE). Every fault at once."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Literal, cast

from casework.forms.model import (
    EARLIEST,
    FILE_MAX,
    FILES_PER_DOSSIER,
    INTEGER_MAX,
    KINDS,
    LATEST,
    LONG_TEXT_MAX,
    MEDIA_TYPES,
    TEXT_MAX,
    AddressField,
    AttachmentField,
    Choice,
    ChoiceField,
    ChoicesField,
    Commune,
    DateBound,
    DateField,
    Explanation,
    Field,
    Form,
    IntegerField,
    LongTextField,
    Page,
    TextField,
)
from casework.forms.rule_language import PROFILE, RESERVED, Known, Rule, is_date
from casework.forms.rule_reading import read_rule
from casework.forms.strict import NAME, SLUG, Reader

LABEL_MAX = 200
HELP_MAX = 300
EXPLANATION_MAX = 1_000
CHOICES_MAX = 100
FIELDS_MAX = 60
PAGES_MAX = 20

# HTML, 4.10.18.7 (autofill detail tokens): those that a form of ours may ask about the person who fills it in.
AUTOCOMPLETE = (
    "name", "given-name", "family-name", "organization", "organization-title", "email", "tel", "bday", "street-address",
    "postal-code", "address-level2",
)  # fmt: skip
SHORT_TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}
_BOUND = re.compile(r"today(?:([+-])(\d{1,3})([dmy]))?", re.ASCII)


def read_form(source: Reader, communes: Mapping[str, Commune]) -> Form:
    """The form that this object defines. What does not hold is noted in `source.faults`."""
    known: dict[str, Known] = dict(PROFILE)
    ids: set[str] = set()
    later = _names(source.value)
    pages: list[Page] = []
    for page in source.objects("pages", least=1, most=PAGES_MAX):
        id_ = page.slug("id", SLUG)
        if id_ and id_ in {each.id for each in pages}:
            page.fault("id", "twice")
        title = page.needed_wording("title", most=LABEL_MAX)
        shown = read_rule(page, "visible_if", known, optional=True, later=later)
        fields = []
        for reader in page.objects("fields", least=1, most=FIELDS_MAX):
            field = _field(reader, known, later)
            if field is None:
                continue
            if field.id and field.id in ids:
                reader.fault("id", "twice")
            ids.add(field.id)
            known |= field.known
            fields.append(field)
        page.close()
        pages.append(Page(id_, title, tuple(fields), shown))
    source.close()
    return Form(tuple(pages), communes)


def _names(form: Mapping[str, Any]) -> frozenset[str]:
    """The ids of all its fields, as they are written: who reads one that comes later is told so."""
    return frozenset(
        id_
        for page in _listed(form, "pages")
        for each in _listed(page, "fields")
        if isinstance(id_ := each.get("id"), str)
    )


def _listed(node: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    items = node.get(key)
    return (each for each in (items if isinstance(items, list | tuple) else ()) if isinstance(each, Mapping))


def _field(reader: Reader, known: Mapping[str, Known], later: Collection[str]) -> Field | None:
    kind = reader.one_of("kind", tuple(KINDS))
    cls = KINDS[kind]
    id_ = reader.slug("id", NAME)
    if id_ in RESERVED:
        reader.fault("id", "reserved")
    autocomplete = reader.one_of("autocomplete", AUTOCOMPLETE, default="") or None
    explanation = issubclass(cls, Explanation)
    field = cls(
        id=id_,
        label=reader.needed_wording("label", most=EXPLANATION_MAX if explanation else LABEL_MAX),
        help=None if explanation else reader.wording("help", most=HELP_MAX, optional=True),
        required=False if explanation else _required(reader, known, later),
        visible_if=read_rule(reader, "visible_if", known, optional=True, later=later),
        autocomplete=autocomplete,
        **_particulars(cls, reader, known),
    )
    reader.close()
    return field


def _particulars(cls: type[Field], reader: Reader, known: Mapping[str, Known]) -> dict[str, Any]:
    """What fields of this kind have and the others have not."""
    if cls is TextField:
        return {"max_length": reader.integer("max_length", least=1, most=TEXT_MAX, optional=True) or TEXT_MAX}
    if cls is LongTextField:
        return {"max_length": reader.integer("max_length", least=1, most=LONG_TEXT_MAX, optional=True) or LONG_TEXT_MAX}
    if cls is IntegerField:
        bounds = [reader.integer(key, least=-INTEGER_MAX, most=INTEGER_MAX, optional=True) for key in ("min", "max")]
        if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
            reader.fault("max", "empty_range")
        return {"min": bounds[0], "max": bounds[1]}
    if cls is DateField:
        return {**_dates(reader), "not_before": _other_date(reader, known)}
    if cls is ChoiceField:
        return {"choices": _choices(reader)}
    if cls is ChoicesField:
        choices = _choices(reader)
        most = reader.integer("at_most", least=1, most=max(1, len(choices)), optional=True)
        return {"choices": choices, "at_most": most}
    if cls is AddressField:
        return {
            "within": cast(
                "Literal['territory']", reader.one_of("within", ("territory", "anywhere"), default="territory")
            )
        }
    if cls is AttachmentField:
        types = reader.several_of("types", tuple(SHORT_TYPES), default=tuple(SHORT_TYPES))
        megabytes = reader.integer("max_megabytes", least=1, most=FILE_MAX // 2**20, optional=True)
        return {
            "types": tuple(SHORT_TYPES[each] for each in types) or MEDIA_TYPES,
            "max_size": megabytes * 2**20 if megabytes else FILE_MAX,
            "max_count": reader.integer("max_count", least=1, most=FILES_PER_DOSSIER, optional=True) or 1,
        }
    return {}


def _choices(reader: Reader) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    for option in reader.objects("choices", least=2, most=CHOICES_MAX):
        choice = Choice(option.slug("value", NAME), option.needed_wording("label", most=LABEL_MAX))
        if choice.value and choice.value in {each.value for each in choices}:
            option.fault("value", "twice")
        option.close()
        choices.append(choice)
    return tuple(choices)


def _dates(reader: Reader) -> dict[str, DateBound | None]:
    bounds = {key: _bound(reader, key) for key in ("min", "max")}
    first, last = bounds["min"], bounds["max"]
    # Judged on two days far enough apart: a range that is never empty on both is not a mistake of writing.
    if (
        first
        and last
        and all(first.on(day) > last.on(day) for day in (EARLIEST.replace(year=1950), LATEST.replace(year=2100)))
    ):
        reader.fault("max", "empty_range")
    return bounds


def _other_date(reader: Reader, known: Mapping[str, Known]) -> str | None:
    other = reader.get("not_before", optional=True)
    if other is None:
        return None
    if not isinstance(other, str) or known.get(other, Known("text")).type != "date":
        reader.fault("not_before", "not_such_a_field", kind="date")
        return None
    return other


def _bound(reader: Reader, key: str) -> DateBound | None:
    value = reader.get(key, optional=True)
    if value is None:
        return None
    if isinstance(value, str) and is_date(value) and EARLIEST <= date.fromisoformat(value) <= LATEST:
        return DateBound(day=date.fromisoformat(value))
    found = _BOUND.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[3] == "y" and int(found[2]) > 150):
        reader.fault(key, "bad_bound")
        return None
    if found[1] is None:
        return DateBound()
    return DateBound(
        count=int(found[2]) * (-1 if found[1] == "-" else 1), unit=cast("Literal['d', 'm', 'y']", found[3])
    )


def _required(reader: Reader, known: Mapping[str, Known], later: Collection[str]) -> bool | Rule:
    value = reader.get("required", optional=True)
    if value is None or isinstance(value, bool):
        return bool(value)
    return read_rule(reader, "required", known, optional=True, later=later) or False
