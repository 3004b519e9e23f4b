"""Django Channels with channels-redis: a JSON consumer that joins a group, what its documentation teaches.

`CHANNEL_LAYER` names the layer: the documented default is `channels_redis.core.RedisChannelLayer`; the other that
the package offers is `channels_redis.pubsub.RedisPubSubChannelLayer`.
"""

import os
from typing import Any

from django.conf import settings

LAYER = os.environ.get("CHANNEL_LAYER", "channels_redis.core.RedisChannelLayer")

settings.configure(
    SECRET_KEY="measured on loopback, signs nothing",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    USE_TZ=True,
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": LAYER,
            # The default capacity of 100 drops messages in silence under this load: a run with a loss would not count.
            "CONFIG": {
                "hosts": [os.environ["REDIS_URL"]],
                **({"capacity": 100_000} if LAYER.endswith(".RedisChannelLayer") else {}),
            },
        }
    },
)

import django  # noqa: E402

django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class Live(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One socket of one service."""

    async def connect(self) -> None:
        self.topic = self.scope["url_route"]["kwargs"]["topic"]
        await self.channel_layer.group_add(self.topic, self.channel_name)
        await self.accept()
        await self.send_json({"op": "watching"})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.topic, self.channel_name)

    async def fact(self, event: dict[str, Any]) -> None:
        await self.send_json(event["fact"])


app = ProtocolTypeRouter({"websocket": URLRouter([path("live/<str:topic>", Live.as_asgi())])})
layer = get_channel_layer
