"""Answers as people read them: the question, the page, where it came from, its words (PURE)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from api.representations import Answer, Document
from casework.forms.blocks import Answered, answered
from casework.forms.kinds import AttachmentField
from casework.forms.model import Form
from casework.forms.words import words


def shown(
    form: Form,
    answers: Mapping[str, Any],
    documents: Sequence[Document],
    *,
    locale: str,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Answer, ...]:
    """Every answered question, in the form's order. An answer stays shown even if the form would hide it now."""
    files = {str(each.id): each for each in documents}
    return tuple(
        Answer(
            field=each.path,
            kind=each.field.kind,
            label=_label(each, locale),
            page=each.page.title[locale],
            origin=origins.get(each.path, "given"),  # type: ignore[arg-type] # as casework.dossiers.contents.origins says
            value=each.value,
            shown=words(each.field, each.value, form, locale),
            documents=tuple(files[id_] for id_ in each.value if id_ in files)
            if isinstance(each.field, AttachmentField)
            else (),
        )
        for each in answered(form, answers)
    )


def _label(each: Answered, locale: str) -> str:
    """The question, with its row where it was asked several times: “Enfant 2 – Prénom”."""
    label = each.field.label[locale]
    return label if each.block is None else f"{each.block.row[locale]} {each.row} – {label}"
