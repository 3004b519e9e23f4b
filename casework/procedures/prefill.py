"""What a form may be filled in with before its first page is shown (PURE). Say it once: nobody asks what is known."""

from collections.abc import Mapping
from typing import Any, Literal

from casework.forms.model import Form

Origin = Literal["link", "earlier", "account"]


def proposed(
    form: Form, *, link: Mapping[str, Any], earlier: Mapping[str, Any], account: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Origin]]:
    """Answers by field, and where each comes from: a signed link first, then the person's last request of this procedure
    (fields with `remember`), then the account (fields with `autocomplete`). They are proposals: the person changes them.

    `account`: values by autofill detail token (`given-name`, `email`…), as `casework.accounts.queries.contact` gives them.
    """
    answers: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for field in form.fields:
        sources: tuple[tuple[Origin, Any], ...] = (
            ("link", link.get(field.id)),
            ("earlier", earlier.get(field.id) if field.remember else None),
            ("account", account.get(field.autocomplete or "") if field.kind in ("text", "email", "phone") else None),
        )
        for origin, value in sources:
            if value is not None and field.is_asked:
                answers[field.id], origins[field.id] = value, origin
                break
    return answers, origins
