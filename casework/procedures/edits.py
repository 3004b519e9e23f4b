"""The closed table of edits of a procedure's draft: what each names, by id (PURE). `editing` applies them."""

from typing import Any

import msgspec

Element = dict[str, Any]


class _Edit(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="edit"
):
    """The base of the table. `before`: the id of what it is put before; None, or what is gone by now: at the end."""


class ChangeHead(_Edit, frozen=True, kw_only=True, tag="change_head"):
    """Sections of the head (title, routing…); null takes one out."""

    set: dict[str, Any]


class ChangeForm(_Edit, frozen=True, kw_only=True, tag="change_form"):
    """Keys of the form beside its pages (eligibility); null takes one out."""

    set: dict[str, Any]


class AddPage(_Edit, frozen=True, kw_only=True, tag="add_page"):
    """A page with its fields."""

    page: Element
    before: str | None = None


class ChangePage(_Edit, frozen=True, kw_only=True, tag="change_page"):
    """Keys of a page, its fields and id apart; null takes one out."""

    page: str
    set: dict[str, Any]


class MovePage(_Edit, frozen=True, kw_only=True, tag="move_page"):
    """A page elsewhere among the pages."""

    page: str
    before: str | None = None


class RemovePage(_Edit, frozen=True, kw_only=True, tag="remove_page"):
    """A page with its fields."""

    page: str


class AddField(_Edit, frozen=True, kw_only=True, tag="add_field"):
    """A field on a page, or in a block (`block:<id>`)."""

    page: str
    field: Element
    before: str | None = None


class CopyField(_Edit, frozen=True, kw_only=True, tag="copy_field"):
    """The same field again, after itself, under the id `copy`."""

    field: str
    copy: str


class ChangeField(_Edit, frozen=True, kw_only=True, tag="change_field"):
    """Keys of a field, its id apart; null takes one out."""

    field: str
    set: dict[str, Any]


class MoveField(_Edit, frozen=True, kw_only=True, tag="move_field"):
    """A field elsewhere: on a page, or in a block (`block:<id>`)."""

    field: str
    page: str
    before: str | None = None


class RemoveField(_Edit, frozen=True, kw_only=True, tag="remove_field"):
    """A field."""

    field: str


class Several(_Edit, frozen=True, kw_only=True, tag="several"):
    """Edits that are one for people: done together, taken back together."""

    edits: "list[SingleEdit]"


SingleEdit = (
    ChangeHead
    | ChangeForm
    | AddPage
    | ChangePage
    | MovePage
    | RemovePage
    | AddField
    | CopyField
    | ChangeField
    | MoveField
    | RemoveField
)
Edit = SingleEdit | Several
