"""How often somebody may try to sign in. Counted on Valkey for all processes, in memory while it is down."""

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from casework.errors import Refused

# Failures only: people who know their password are never held up (OWASP ASVS 5.0, 6.3.1).
A_MINUTE_BY_PERSON: RateLimitItem = RateLimitItemPerMinute(10)
A_MINUTE_BY_ADDRESS: RateLimitItem = RateLimitItemPerMinute(60)
RETRY_SECONDS = 60


class TooMany(Refused):
    """Too many failures: `retry_after` seconds."""

    code = "too_many_requests"


class SignInLimits:
    """Counts failed sign-ins by account and by network address."""

    def __init__(self, redis_url: str) -> None:
        shared = RedisStorage(f"async+{redis_url}", implementation="redispy", key_prefix="relais:limits")
        self._shared = FixedWindowRateLimiter(shared)
        self._own = FixedWindowRateLimiter(MemoryStorage())

    async def admit(self, address: str, person: str) -> None:
        """Raises TooMany when this person or this network address failed too often."""
        for item, key in _counters(address, person):
            if not await self._test(item, key):
                raise TooMany(retry_after=RETRY_SECONDS)

    async def failed(self, address: str, person: str) -> None:
        """Count one failure."""
        for item, key in _counters(address, person):
            await self._own.hit(item, key)
            try:
                await self._shared.hit(item, key)
            except (RedisError, OSError):
                continue

    async def _test(self, item: RateLimitItem, key: str) -> bool:
        if not await self._own.test(item, key):
            return False
        try:
            return await self._shared.test(item, key)
        except (RedisError, OSError):
            return True


def _counters(address: str, person: str) -> tuple[tuple[RateLimitItem, str], ...]:
    return (A_MINUTE_BY_PERSON, f"person:{person.strip().lower()}"), (A_MINUTE_BY_ADDRESS, f"address:{address}")
