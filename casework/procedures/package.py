"""Procedure packages: one YAML document says everything that a procedure is. See docs/howto/write-a-procedure.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, cast

import yaml

from casework.dossiers.model import CHANNELS
from casework.forms.definition import read_form
from casework.forms.kinds import EmailField, TextField
from casework.forms.model import Commune, Form, Wording
from casework.forms.rule_language import Rule
from casework.forms.rule_reading import known_in, read_rule
from casework.forms.strict import DefinitionFault, Reader, too_deep
from casework.organisation.communes import communes as of_the_community
from casework.procedures import process as processes
from casework.procedures.lookups import Lookup, read_lookups
from casework.procedures.opening import read_opening
from casework.procedures.package_faults import sentence
from casework.procedures.process import Process, read_process
from casework.procedures.routing import Route, read_routing
from casework.procedures.scenarios import Scenario, read_scenarios

Silence = Literal["none", "acceptance", "refusal"]

SIZE_MAX = 256 * 1024  # characters of YAML
DEPTH_MAX = 40  # levels of the whole document
TITLE_MAX = 120
SUMMARY_MAX = 300
RECEIPT_MAX = 1_000
DAYS_MAX = 730


@dataclass(frozen=True, slots=True)
class Applicant:
    """Which fields tell who asks: where the account does not. Empty: only people with an account may file it."""

    name: tuple[str, ...] = ()  # text fields, shown in this order
    email: str | None = None  # where the receipt goes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receipt page and its mail add to reference, date, service and deadline."""

    what_next: Wording


@dataclass(frozen=True, slots=True)
class Package:
    """A procedure as its package defines it."""

    slug: str
    title: Wording
    summary: Wording
    keywords: Wording | None  # other words that people search for
    theme: str
    directorate: str  # slug
    service: str  # slug
    channels: tuple[str, ...]  # by which ways it may be filed, of casework.dossiers.model.CHANNELS
    internal: bool  # for agents only
    target_days: int  # working days in which the community wants to decide
    statutory_days: int | None  # calendar days that the law gives for the answer
    silence: Silence  # what silence means then (CRPA, articles L231-1 to L231-6)
    applicant: Applicant
    receipt: Receipt
    form: Form
    price: Rule | None  # in euros, of the answers; None: nothing is to be paid
    opens_at: datetime | None
    closes_at: datetime | None
    closing: Wording | None  # what is said while it is closed
    drafts_days: int  # after closing, for drafts begun before
    quota: int | None  # how many requests have a place
    waiting_list: bool
    lookups: tuple[Lookup, ...]  # fields that outside services fill
    routing: tuple[Route, ...]  # to other services than `service`, the first that holds
    process: Process  # steps inside the usual states; empty: none
    scenarios: tuple[Scenario, ...]  # what must come of which requests
    remarks: tuple[DefinitionFault, ...] = field(repr=False, compare=False)  # it holds, yet its designer should know
    definition: Mapping[str, Any] = field(repr=False, compare=False)  # the document itself, as JSON: what is stored


class BadPackage(Exception):
    """The document defines no procedure: `faults`, every one of them."""

    def __init__(self, faults: list[DefinitionFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(f"{fault.path or '.'} : {sentence(fault)}" for fault in self.faults)


def parse(document: str, *, communes: Mapping[str, Commune] | None = None) -> Package:
    """The procedure that this YAML document defines. Raises BadPackage. `communes`: see read."""
    return read(load_yaml(document), communes=communes)


def read(definition: Any, *, communes: Mapping[str, Commune] | None = None) -> Package:
    """The procedure that this JSON object defines (a revision's `definition`). Raises BadPackage.

    `communes`: those that addresses may be in, by INSEE code; by default those of the community.
    """
    if too_deep(definition, DEPTH_MAX):
        raise BadPackage([DefinitionFault("", "too_deep", {"most": DEPTH_MAX})])
    faults: list[DefinitionFault] = []
    source = Reader.of(definition, "", faults)
    package = read_sections(
        source,
        definition if isinstance(definition, Mapping) else {},
        of_the_community() if communes is None else communes,
    )
    if faults:
        raise BadPackage(faults)
    return package


def read_sections(source: Reader, definition: Mapping[str, Any], communes: Mapping[str, Commune]) -> Package:
    """What the sections say; what does not hold is noted in the reader. Everything is asked of it: the package's JSON
    Schema is made of what is asked (casework.procedures.package_schema).
    """
    form = read_form(source.object("form"), communes)
    routing, remarks = read_routing(source, form)
    process = read_process(source, form)
    lookups = read_lookups(source, form)
    package = Package(
        slug=source.slug("slug"),
        title=source.needed_wording("title", most=TITLE_MAX),
        summary=source.needed_wording("summary", most=SUMMARY_MAX),
        keywords=source.wording("keywords", most=SUMMARY_MAX, optional=True),
        theme=source.slug("theme"),
        directorate=source.slug("directorate"),
        service=source.slug("service"),
        channels=source.several_of("channels", CHANNELS),
        internal=source.boolean("internal", default=False),
        target_days=source.integer("target_days", least=1, most=DAYS_MAX) or 1,
        statutory_days=source.integer("statutory_days", least=1, most=DAYS_MAX, optional=True),
        silence=cast("Silence", source.one_of("silence", ("none", "acceptance", "refusal"))),
        applicant=_applicant(source, form),
        receipt=_receipt(source.object("receipt")),
        form=form,
        price=read_rule(source, "price", known_in(form), optional=True, gives="number"),
        **read_opening(source),
        lookups=lookups,
        routing=routing,
        process=process,
        scenarios=read_scenarios(source, form, process, lookups),
        remarks=remarks,
        definition=definition,
    )
    if package.silence != "none" and package.statutory_days is None:
        source.fault("silence", "silence_without_days")
    elif package.silence != "none" and package.statutory_days is not None:
        outcome = {"acceptance": "accepted", "refusal": "refused"}[package.silence]
        package = replace(
            package, process=replace(package.process, silence=processes.Silence(outcome, package.statutory_days))
        )
    source.close()
    return package


def _applicant(source: Reader, form: Form) -> Applicant:
    if source.get("applicant", optional=True) is None:
        return Applicant()
    reader = source.object("applicant")
    names = []
    for i, name in enumerate(reader.items("name", least=1, most=3)):
        if isinstance(name, str) and isinstance(form.field(name), TextField):
            names.append(name)
        else:
            reader.fault(f"name[{i}]", "not_such_a_field", kind="text")
    email = reader.get("email")
    if email is not None and not (isinstance(email, str) and isinstance(form.field(email), EmailField)):
        reader.fault("email", "not_such_a_field", kind="email")
    reader.close()
    return Applicant(tuple(names), email if isinstance(email, str) else None)


def _receipt(reader: Reader) -> Receipt:
    receipt = Receipt(reader.needed_wording("what_next", most=RECEIPT_MAX))
    reader.close()
    return receipt


# YAML, as strict as JSON: no tags, no aliases (a short document may not unfold into a huge one), no key twice, and
# only the scalars of JSON: `no`, `2026-01-01` and `12:30` are texts.


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own interface

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "alias", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, "key that is no text", key.start_mark)
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key twice: {key.value}", key.start_mark)
        return super().construct_mapping(node, deep)


JSON_SCALARS = tuple(  # YAML 1.2.2, 10.2.1.2 (JSON schema)
    (tag, re.compile(rf"^(?:{pattern})$"), first)
    for tag, pattern, first in (
        ("null", r"null|~|", ["n", "~", ""]),
        ("bool", r"true|false", ["t", "f"]),
        ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
        ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
    )
)


for _tag, _pattern, _first in JSON_SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)


def load_yaml(document: str) -> Any:
    """The JSON value that this YAML document writes. Raises BadPackage at its first mistake of writing."""
    if len(document) > SIZE_MAX:
        raise BadPackage([DefinitionFault("", "too_long", {"most": SIZE_MAX})])
    try:
        return yaml.load(document, Loader=_Loader)  # noqa: S506 - a SafeLoader, stricter
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = str(getattr(error, "problem", None) or type(error).__name__)
        raise BadPackage([DefinitionFault("", "bad_yaml", {"line": line, "problem": problem})]) from error
