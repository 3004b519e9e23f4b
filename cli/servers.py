"""The embedded servers of one DATA_DIR, and where another terminal finds them."""

import json
import os
from dataclasses import replace
from pathlib import Path

from infra.embedded import PostgreSQL, Valkey
from infra.settings import Failed, Settings


class Servers:
    """Those of PostgreSQL and Valkey that the settings do not give."""

    def __init__(self, settings: Settings) -> None:
        self._kept = settings.data_dir / "servers.json"
        self.postgresql = None if settings.database_url else PostgreSQL(settings.data_dir / "postgresql")
        self.valkey = None if settings.redis_url else Valkey(settings.data_dir / "valkey")

    def start(self, settings: Settings) -> Settings:
        """Start them; the settings with their addresses. Raises Failed."""
        if self.postgresql:
            self.postgresql.start()
            settings = replace(settings, database_url=self.postgresql.url())
        if self.valkey:
            self.valkey.start()
            settings = replace(settings, redis_url=self.valkey.url())
        self._remember(settings)
        return settings

    def restart_dead(self) -> list[str]:
        """Start again, at the same address, what died by itself; the names of what was."""
        names = []
        for name, server in (("PostgreSQL", self.postgresql), ("Valkey", self.valkey)):
            if server and server.child and server.child.code is not None:
                server.start()
                names.append(name)
        return names

    def stop(self) -> None:
        """Stop them: what they acknowledged is on the disk."""
        self._kept.unlink(missing_ok=True)
        if self.valkey:
            self.valkey.stop()
        if self.postgresql:
            self.postgresql.stop()

    def _remember(self, settings: Settings) -> None:
        """The addresses hold passwords: for their owner only, and only while the servers run."""
        fresh = self._kept.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}, file)
        fresh.rename(self._kept)


def with_running(settings: Settings) -> Settings:
    """The settings, completed by the addresses of a `relais run` of the same DATA_DIR. Raises Failed without any."""
    if settings.database_url and settings.redis_url:
        return settings
    known = _remembered(settings.data_dir)
    complete = replace(
        settings,
        database_url=settings.database_url or known.get("DATABASE_URL", ""),
        redis_url=settings.redis_url or known.get("REDIS_URL", ""),
    )
    if not complete.database_url:
        raise Failed("Aucune base de données : lancez « make run » dans un autre terminal, ou donnez DATABASE_URL.")
    if not complete.redis_url:
        raise Failed("Aucun Valkey : lancez « make run » dans un autre terminal, ou donnez REDIS_URL.")
    return complete


def _remembered(data_dir: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads((data_dir / "servers.json").read_text())
    except (OSError, ValueError):
        return {}
    return known
