"""A form from its definition, the part `form` of a procedure's package (PURE). Every fault at once."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast, get_args

from casework.forms.blocks import Gives
from casework.forms.kinds import KINDS
from casework.forms.model import ROWS_MAX, Commune, Condition, Field, Form, Page
from casework.forms.particulars import LABEL_MAX, read_particulars
from casework.forms.rule_language import PROFILE, RESERVED, Known, Rule, TypeName
from casework.forms.rule_reading import read_rule
from casework.forms.strict import NAME, SLUG, Reader

HELP_MAX = 300
EXPLANATION_MAX = 1_000
FIELDS_MAX = 60
BLOCK_FIELDS_MAX = 20
ROW_MAX = 50
PAGES_MAX = 20
CONDITIONS_MAX = 20

# HTML, 4.10.18.7 (autofill detail tokens): those that a form of ours may ask about the person who fills it in.
AUTOCOMPLETE = (
    "name", "given-name", "family-name", "organization", "organization-title", "email", "tel", "bday", "street-address",
    "postal-code", "address-level2", "country",
)  # fmt: skip


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
            field = _field(reader, known, later, ids)
            known |= field.known
            fields.append(field)
        page.close()
        pages.append(Page(id_, title, tuple(fields), shown))
    conditions = tuple(_conditions(source, known))
    source.close()
    return Form(tuple(pages), communes, conditions)


def _conditions(source: Reader, known: Mapping[str, Known]) -> Iterator[Condition]:
    """The section `eligibility`: rules on the whole form."""
    for reader in source.objects("eligibility", least=1, most=CONDITIONS_MAX, optional=True):
        rule = read_rule(reader, "refuse_if", known)
        because = reader.needed_wording("because", most=HELP_MAX)
        reader.close()
        if rule is not None:
            yield Condition(rule, because)


def _names(form: Mapping[str, Any]) -> frozenset[str]:
    """The ids of all its fields, as they are written: who reads one that comes later is told so."""
    fields = [each for page in _listed(form, "pages") for each in _listed(page, "fields")]
    inside = [each for block in fields for each in _listed(block, "fields")]
    return frozenset(id_ for each in fields + inside if isinstance(id_ := each.get("id"), str))


def _listed(node: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    items = node.get(key)
    return (each for each in (items if isinstance(items, list | tuple) else ()) if isinstance(each, Mapping))


def _field(
    reader: Reader,
    known: Mapping[str, Known],
    later: Collection[str],
    ids: set[str],
    kinds: Collection[str] = tuple(KINDS),
) -> Field:
    """One field. `ids`: those that are taken, its own put among them."""
    kind = reader.one_of("kind", tuple(kinds))
    cls = KINDS[kind]
    id_ = reader.slug("id", NAME)
    if id_ in RESERVED:
        reader.fault("id", "reserved")
    if id_ and id_ in ids:
        reader.fault("id", "twice")
    ids.add(id_)
    autocomplete = reader.one_of("autocomplete", AUTOCOMPLETE, default="") or None
    field = cls(
        id=id_,
        label=reader.needed_wording("label", most=EXPLANATION_MAX if kind == "explanation" else LABEL_MAX),
        help=reader.wording("help", most=HELP_MAX, optional=True) if cls.has_answer else None,
        required=_required(reader, known, later) if cls.is_asked else False,
        visible_if=read_rule(reader, "visible_if", known, optional=True, later=later),
        autocomplete=autocomplete,
        remember=reader.boolean("remember", default=False) if cls.is_asked else False,
        **_particulars(kind, reader, known, later, ids),
    )
    reader.close()
    return field


def _particulars(
    kind: str, reader: Reader, known: Mapping[str, Known], later: Collection[str], ids: set[str]
) -> dict[str, Any]:
    match kind:
        case "computed":
            return _computed(reader, known, later)
        case "block":
            return _block(reader, known, later, ids)
        case _:
            return read_particulars(kind, reader, known)


def _computed(reader: Reader, known: Mapping[str, Known], later: Collection[str]) -> dict[str, Any]:
    gives = cast("Gives", reader.one_of("gives", get_args(Gives)))
    type_: TypeName = "number" if gives == "money" else gives
    value = read_rule(reader, "value", known, gives=type_, later=later)
    return {"gives": gives, "value": value or Rule("null", frozenset())}


def _block(reader: Reader, known: Mapping[str, Known], later: Collection[str], ids: set[str]) -> dict[str, Any]:
    """The fields of one row: a rule of theirs reads what comes before the block, and before them in the row."""
    inside = dict(known)
    fields: list[Field] = []
    kinds = tuple(kind for kind in KINDS if kind != "block")
    for each in reader.objects("fields", least=1, most=BLOCK_FIELDS_MAX):
        field = _field(each, inside, later, ids, kinds)
        inside |= field.known
        fields.append(field)
    least = reader.integer("least", least=1, most=ROWS_MAX, optional=True) or 1
    most = reader.integer("most", least=1, most=ROWS_MAX, optional=True) or ROWS_MAX
    if least > most:
        reader.fault("most", "empty_range")
    row = reader.needed_wording("row", most=ROW_MAX)
    return {"fields": tuple(fields), "row": row, "least": least, "most": most}


def _required(reader: Reader, known: Mapping[str, Known], later: Collection[str]) -> bool | Rule:
    value = reader.get("required", optional=True)
    if value is None or isinstance(value, bool):
        return bool(value)
    return read_rule(reader, "required", known, optional=True, later=later) or False
