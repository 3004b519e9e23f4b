"""What has an id and a title in both languages: a step of a process, an action."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from casework.forms.model import Wording


class Titled(Struct, frozen=True, kw_only=True):
    """Its id, and its title by language (`fr`, `en`)."""

    id: str
    title: Mapping[str, str]


class HasTitle(Protocol):
    """What a package calls by an id and a title."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> Wording: ...


def titled(each: HasTitle) -> Titled:
    """The thing as it is shown."""
    return Titled(id=each.id, title={"fr": each.title.fr, "en": each.title.en})
