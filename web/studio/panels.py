"""What the editor's forms say, as edits of the draft: only what differs from what was shown (PURE)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import FormData

from casework.forms.kinds import KINDS
from casework.procedures.drafting import particulars
from casework.procedures.editing import id_of
from casework.procedures.edits import ChangeField, ChangeForm, ChangeHead, ChangePage, Several
from web.studio.rules import KEEP, Question, posted

_COMMON = frozenset({"id", "kind", "label", "help", "required", "visible_if", "autocomplete"})
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_DECIMAL = re.compile(r"[+-]?\d{1,12}[.,]\d{1,6}")
_NUMBERS = ("integer", "decimal", "money")
REFUSED = {"fr": "Cette démarche ne vous est pas destinée.", "en": "This procedure is not for you."}
MAIL = {
    "subject": {"fr": "Votre demande {{ reference }}", "en": "Your request {{ reference }}"},
    "body": {"fr": "Votre demande avance.", "en": "Your request is under way."},
}
CHOICES = ("choice", "choices")


def was_of(form: FormData) -> dict[str, Any]:
    """The element as the page showed it; nothing where somebody mangled the box: then all that is posted counts."""
    try:
        return msgspec.json.decode(str(form.get("was") or "{}"), type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}


def field_edit(field: str, form: FormData, was: Mapping[str, Any], askable: Sequence[Question]) -> ChangeField:
    """The form of a question. A kind that changes takes the particulars of the former kind with it."""
    kind = text(form, "kind") or str(was.get("kind", "text"))
    asked: dict[str, Any] = {"kind": kind, "label": wording(form, "label", was.get("label"))}
    if kind != was.get("kind", kind):
        kept = {"choices"} if kind in CHOICES and was.get("kind") in CHOICES else set()
        asked |= dict.fromkeys(was.keys() - _COMMON - kept)
        asked |= {key: value for key, value in particulars(kind).items() if key not in kept & was.keys()}
    else:
        asked |= _particulars(kind, form, was)
    is_asked = kind not in KINDS or KINDS[kind].is_asked
    if not is_asked:
        asked |= {"help": None, "required": None}
    elif "help.fr" in form:
        asked["help"] = wording(form, "help", was.get("help"))
    asked |= _rules(form, was, askable, required=is_asked)
    if "autocomplete" in form:
        asked["autocomplete"] = text(form, "autocomplete") or None
    return ChangeField(field=field, set=changed(was, asked))


def page_edit(page: str, form: FormData, was: Mapping[str, Any], askable: Sequence[Question]) -> ChangePage:
    """The form of a page."""
    asked = {"title": wording(form, "title", was.get("title")), **_rules(form, was, askable, required=False)}
    return ChangePage(page=page, set=changed(was, asked))


def head_edit(form: FormData, was: Mapping[str, Any]) -> ChangeHead:
    """The forms of what is beside the questions: each posts some of the keys."""
    asked: dict[str, Any] = {}
    for key in ("title", "summary", "keywords"):
        if f"{key}.fr" in form:
            asked[key] = wording(form, key, was.get(key))
    for key in ("theme", "service", "silence"):
        if key in form:
            asked[key] = text(form, key)
    for key in ("target_days", "statutory_days"):
        if key in form:
            asked[key] = number(text(form, key))
    if "shows.channels" in form:
        asked["channels"] = [each for each in form.getlist("channels") if isinstance(each, str)]
        asked["internal"] = form.get("internal") == "yes"
    if "what_next.fr" in form:
        receipt = was.get("receipt")
        old = receipt if isinstance(receipt, Mapping) else {}
        asked["receipt"] = {**old, "what_next": wording(form, "what_next", old.get("what_next"))}
    if "shows.applicant" in form:
        names = [each for i in range(3) if (each := text(form, f"applicant.name.{i}"))]
        email = text(form, "applicant.email")
        asked["applicant"] = {"name": names, "email": email} if names or email else None
    return ChangeHead(set=changed(was, asked))


def routing_edit(form: FormData, was: Mapping[str, Any], askable: Sequence[Question]) -> ChangeHead:
    """The rules that send requests to other services, in their order; one without a service is taken out."""
    old = was.get("routing")
    before = old if isinstance(old, list) else []
    routes = []
    for place in range(len(before) + 1):
        service = text(form, f"route.{place}.service")
        if not service:
            continue
        rule = posted(form, f"route.{place}.when", askable)
        if rule is KEEP:
            rule = before[place].get("when") if place < len(before) else None
        routes.append({"when": rule, "service": service} if rule is not None else {"service": service})
    for place in range(1, len(routes)):
        if form.get("act") == f"route-up:{place}":
            routes[place - 1], routes[place] = routes[place], routes[place - 1]
    return ChangeHead(set=changed(was, {"routing": routes or None}))


def conditions_edit(form: FormData, was: Mapping[str, Any], askable: Sequence[Question]) -> Several:
    """Whom the procedure is not for, and what it costs. A refusal without a condition is taken out."""
    old = was.get("eligibility")
    before = [each for each in old if isinstance(each, Mapping)] if isinstance(old, list) else []
    refusals = []
    for place in range(len(before) + 1):
        known = before[place] if place < len(before) else {}
        rule = posted(form, f"refusal.{place}.refuse_if", askable)
        rule = known.get("refuse_if") if rule is KEEP else rule
        if rule is None:
            continue
        because = wording(form, f"refusal.{place}.because", known.get("because"))
        refusals.append({**known, "refuse_if": rule, "because": because or REFUSED})
    edits: list[Any] = [ChangeForm(set=changed(was, {"eligibility": refusals or None}))]
    if "price" in form or form.get("price.drop"):
        typed = number(text(form, "price"), decimal=True) if not form.get("price.drop") else None
        edits.append(ChangeHead(set=changed(was, {"price": typed})))
    return Several(edits=[each for each in edits if each.set])


def mails_edit(form: FormData, was: Mapping[str, Any]) -> ChangeHead:
    """The mails that leave by themselves. What else the process does by itself stays; one without its moment is taken out."""
    found = was.get("process")
    process = found if isinstance(found, Mapping) else {}
    before = [each for each in process.get("automatic") or [] if isinstance(each, Mapping)]
    automatic: list[dict[str, Any]] = []
    for place in range(len(before) + 1):
        known = dict(before[place]) if place < len(before) else {}
        if f"mail.{place}.on" not in form:
            automatic += [known] if known else []
            continue
        moment = text(form, f"mail.{place}.on")
        if not moment:
            continue
        old = mail_of(known)
        subject = wording(form, f"mail.{place}.subject", old.get("subject")) or MAIL["subject"]
        body = wording(form, f"mail.{place}.body", old.get("body")) or MAIL["body"]
        ids = [str(each.get("id")) for each in (*before, *automatic)]
        made = {**known, "id": known.get("id") or id_of("message", ids), "on": moment}
        made["do"] = {"mail": {**old, "subject": subject, "body": body}}
        days = number(text(form, f"mail.{place}.days"))
        made.pop("after", None)
        automatic.append(made if days is None else {**made, "after": {"working_days": days}})
    rest = {key: value for key, value in process.items() if key != "automatic"}
    asked = {**rest, "automatic": automatic} if automatic else rest or None
    return ChangeHead(set=changed(was, {"process": asked}))


def mail_of(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mail that an automatic step sends; nothing where it does something else."""
    done = step.get("do")
    mail = done.get("mail") if isinstance(done, Mapping) else None
    return mail if isinstance(mail, Mapping) else {}


def changed(was: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the keys that are not as they were."""
    return {key: value for key, value in asked.items() if was.get(key) != value}


def text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def number(typed: str, *, decimal: bool = False) -> int | float | str | None:
    """A number; what is none stays as it was typed, and is told as a fault in its place."""
    bare = re.sub(r"[\s\u00a0\u202f€]", "", typed)
    if decimal and _DECIMAL.fullmatch(bare):
        return float(bare.replace(",", "."))
    return None if not bare else int(bare) if _WHOLE.fullmatch(bare) else typed


def wording(form: FormData, name: str, was: Any) -> dict[str, str] | None:
    """A text in both languages. The English follows the French until somebody writes another one."""
    fr, en = text(form, f"{name}.fr"), text(form, f"{name}.en")
    if not fr and not en:
        return None
    followed = isinstance(was, Mapping) and was.get("en") == was.get("fr") == en
    return {"fr": fr, "en": fr if followed or not en else en}


def _rules(form: FormData, was: Mapping[str, Any], askable: Sequence[Question], *, required: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    visible = posted(form, "visible_if", askable)
    if visible is not KEEP:
        asked["visible_if"] = visible
    if required and "required" in form:
        rule, before = posted(form, "required_if", askable), was.get("required")
        stood = "rule" if isinstance(before, Mapping) else "always" if before else "never"
        said = text(form, "required")
        if said != stood and said in ("always", "never"):
            asked["required"] = True if said == "always" else None
        elif rule is not KEEP and (rule is not None or stood == "rule"):
            asked["required"] = rule  # conditions were picked, or the last one was taken out
    return asked


def _particulars(kind: str, form: FormData, was: Mapping[str, Any]) -> dict[str, Any]:
    """What this kind of question has and the others have not; only what the form shows."""
    asked: dict[str, Any] = {}
    if "row.fr" in form:
        asked["row"] = wording(form, "row", was.get("row"))
    for key in ("max_length", "at_most", "max_count", "max_megabytes", "least", "most"):
        if key in form:
            asked[key] = number(text(form, key))
    for key in ("min", "max"):
        if key in form:
            typed = text(form, key)
            asked[key] = number(typed, decimal=kind != "integer") if kind in _NUMBERS else typed or None
    if "within" in form:
        asked["within"] = text(form, "within")
    if "shows.types" in form:
        asked["types"] = [each for each in form.getlist("types") if isinstance(each, str)] or None
    if "choices.fr" in form:
        read = linked if kind == "linked_choice" else choices
        asked["choices"] = read(text(form, "choices.fr"), text(form, "choices.en"), was.get("choices"))
    return asked


def choices(french: str, english: str, was: Any) -> list[dict[str, Any]]:
    """The answers of a closed list, one a line. A choice whose words stay, or that keeps its place among as many, keeps
    its value: answers and rules name it.
    """
    old = [each for each in was if isinstance(each, Mapping)] if isinstance(was, list) else []
    lines = [" ".join(line.split()) for line in french.split("\n") if line.strip()]
    others = [" ".join(line.split()) for line in english.split("\n") if line.strip()]
    by_words = {_fr(each): each for each in old}
    same = len(lines) == len(old)
    made: list[dict[str, Any]] = []
    taken = {str(each.get("value")) for each in old}
    used: set[str] = set()
    for place, line in enumerate(lines):
        known = by_words.get(line) or (old[place] if same and _fr(old[place]) not in lines else None)
        if known is not None and str(known.get("value")) in used:
            known = None
        before = known.get("label") if known else None
        old_english = str(before.get("en", "")) if isinstance(before, Mapping) else ""
        followed = known is None or old_english == _fr(known)
        typed = others[place] if place < len(others) else ""
        keeps = bool(typed) and len(others) == len(lines) and not (followed and typed == old_english)
        en = typed if keeps else line if followed else old_english
        choice = {**known, "label": {"fr": line, "en": en}} if known is not None else _choice(line, en, taken)
        taken.add(str(choice["value"]))
        used.add(str(choice["value"]))
        made.append(choice)
    return made


def linked(french: str, english: str, was: Any) -> list[dict[str, Any]]:
    """Choices of two levels, one pair a line: `Poitiers > Centre`. A line without a second level is under the last first."""
    old = [each for each in was if isinstance(each, Mapping)] if isinstance(was, list) else []
    pairs = _pairs(french)
    others = _pairs(english)
    whole = [len(inside) for _, inside in pairs] == [len(inside) for _, inside in others]
    firsts = choices("\n".join(fr for fr, _ in pairs), "\n".join(en for en, _ in others) if whole else "", old)
    before = {str(each.get("value")): each.get("choices") for each in old}
    made = []
    for place, first in enumerate(firsts):
        en = "\n".join(others[place][1]) if whole else ""
        made.append({**first, "choices": choices("\n".join(pairs[place][1]), en, before.get(first["value"]))})
    return made


def _pairs(lines: str) -> list[tuple[str, list[str]]]:
    pairs: dict[str, list[str]] = {}
    last = ""
    for line in lines.split("\n"):
        first, _, second = (part.strip() for part in line.partition(">"))
        last = first if ">" in line and first else last or first
        pairs.setdefault(last, []) if last else None
        if last and (inside := second if ">" in line else first) and inside != last:
            pairs[last].append(inside)
    return list(pairs.items())


def _choice(fr: str, en: str, taken: Any) -> dict[str, Any]:
    return {"value": id_of(fr, taken), "label": {"fr": fr, "en": en}}


def _fr(choice: Mapping[str, Any]) -> str:
    label = choice.get("label")
    return str(label.get("fr", "")) if isinstance(label, Mapping) else ""
