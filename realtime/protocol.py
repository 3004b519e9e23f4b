"""What goes over the socket: subprotocol relais.v1, JSON text frames, closed types."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from realtime.wire import framed

SUBPROTOCOL = "relais.v1"
HEARTBEAT_SECONDS = 20
MOST_BYTES = 65_536
MOST_TOPICS = 50
MOST_MALFORMED = 3

# Close codes (RFC 6455, 7.4; 4000 and above are ours).
MALFORMED, NO_SESSION, COME_BACK, NOT_NOW = 1008, 4401, 1012, 1013


class FromClient(msgspec.Struct, tag_field="op", forbid_unknown_fields=True):
    """What a client may say."""


class Watch(FromClient, tag="watch"):
    """Send me the topic's facts, those since a position first."""

    topic: str
    since: str | None = None


class Unwatch(FromClient, tag="unwatch"):
    topic: str


class Viewing(FromClient, tag="viewing"):
    """I have this dossier open; to be said again within 60 s."""

    dossier: UUID


class Writing(FromClient, tag="writing"):
    dossier: UUID
    field: str = "reply"


class Left(FromClient, tag="left"):
    dossier: UUID


class Ping(FromClient, tag="ping"):
    pass


ClientFrame = Watch | Unwatch | Viewing | Writing | Left | Ping
parse = msgspec.json.Decoder(ClientFrame).decode


Side = Literal["agent", "citizen", "system"]


class Actor(msgspec.Struct):
    """Who did it, for people who may know: `name` is an agent's or the citizen's; a system act has no id."""

    id: UUID | None
    kind: Side
    name: str | None = None


class FromServer(msgspec.Struct, tag_field="op"):
    """What the server says."""


class Hello(FromServer, tag="hello"):
    actor: Actor
    epoch: int
    heartbeat: int = HEARTBEAT_SECONDS


class Watching(FromServer, tag="watching"):
    """The catch-up is over; `position` names the last fact sent."""

    topic: str
    position: str


class FactFrame(FromServer, tag="fact"):
    """One fact. On queue topics `row` is the dossier now, null once it left; on dossier topics, `entry`."""

    topic: str
    position: str
    dossier: UUID
    version: int
    kind: str
    at: datetime
    by: Actor
    on_behalf_of: Actor | msgspec.UnsetType = msgspec.UNSET
    row: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    entry: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class BareFact(FromServer, tag="fact"):
    """A fact that this reader may not see: that there is one, so that their versions have no hole."""

    topic: str
    position: str
    dossier: UUID
    version: int
    row: msgspec.UnsetType | None = msgspec.UNSET


class Resync(FromServer, tag="resync"):
    """Too old, another epoch, or read too slowly: reload by HTTP, then watch from its position."""

    topic: str


class Step(msgspec.Struct):
    """A timeline's entry: the same fields as the REST timeline's."""

    version: int
    kind: str
    at: datetime
    side: Side
    actor: "Person | None"
    on_behalf_of: "Person | None"
    set: Mapping[str, tuple[Any, Any]]
    details: Mapping[str, Any]
    names: Mapping[str, str]


class Person(msgspec.Struct):
    id: UUID
    name: str
    field: str | msgspec.UnsetType = msgspec.UNSET


class Presence(FromServer, tag="presence"):
    """Who has the dossier open and who is writing; `known` is false while Valkey does not answer."""

    dossier: UUID
    viewing: list[Person]
    writing: list[Person]
    known: bool = True


class Pong(FromServer, tag="pong"):
    pass


class RefusedFrame(FromServer, tag="refused"):
    """malformed · unknown_topic · not_found · bad_position · too_many_topics · agents_only · unavailable"""

    code: str
    topic: str | msgspec.UnsetType = msgspec.UNSET
    dossier: UUID | msgspec.UnsetType = msgspec.UNSET


NULL = msgspec.Raw(b"null")
_encode = msgspec.json.Encoder().encode


def encode(frame: FromServer) -> bytes:
    """The frame as it goes over the wire, made once for all who get the same."""
    return framed(_encode(frame))


def raw(value: object) -> msgspec.Raw:
    """A value's JSON, encoded once and put into several frames."""
    return msgspec.Raw(_encode(value))
