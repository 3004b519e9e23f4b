"""What an installation may set, read once from the environment. docs/operations.md has the table, a test compares."""

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")


class Failed(Exception):
    """Relais cannot go on; `str()` is the one French sentence that its operator reads."""


def _setting(variable: str, default: Any, what: str) -> Any:
    return field(default=default, metadata={"variable": variable, "what": what})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One value for each variable. Empty addresses mean "derived", see `read`."""

    database_url: str = _setting("DATABASE_URL", "", "PostgreSQL 15 or later; empty: `relais run` starts its own")
    redis_url: str = _setting("REDIS_URL", "", "Valkey or Redis 7 or later; empty: `relais run` starts its own")
    host: str = _setting("HOST", "127.0.0.1", "address that the web and dashboards processes listen on")
    port: int = _setting("PORT", 8000, "TCP port of the web process")
    public_url: str = _setting("PUBLIC_URL", "", "address that people type; empty: `http://HOST:PORT`")
    dashboards_port: int = _setting("DASHBOARDS_PORT", 0, "TCP port of the dashboards; 0: PORT + 1")
    dashboards_url: str = _setting(
        "DASHBOARDS_URL", "", "origin of the dashboards, not the portal's; empty: `http://HOST:DASHBOARDS_PORT`"
    )
    web_processes: int = _setting("WEB_PROCESSES", 1, "how many processes share PORT")
    trusted_proxies: str = _setting(
        "TRUSTED_PROXIES", "127.0.0.1", "comma-separated addresses whose X-Forwarded-* headers are believed"
    )
    secret_key: str = _setting(
        "SECRET_KEY", "", "at least 32 characters, the same for every process; empty: made once, in DATA_DIR/secret_key"
    )
    demo: bool = _setting("DEMO", False, "1: the log-in page lists the demo people; refuses a database of real people")
    smtp_url: str = _setting(
        "SMTP_URL", "", "`smtp://user:password@host:587` (STARTTLS) or `smtps://…`; empty: `relais run`'s mailbox"
    )
    mail_from: str = _setting("MAIL_FROM", "ne-pas-repondre@relais.localhost", "sender of the automatic e-mails")
    mailbox_port: int = _setting("MAILBOX_PORT", 0, "TCP port of the development mailbox; 0: PORT + 2")
    data_dir: Path = _setting("DATA_DIR", Path(".relais"), "folder of everything that Relais keeps outside PostgreSQL")
    objects_url: str = _setting(
        "OBJECTS_URL", "", "store of documents: `file:///…` or `s3://bucket/prefix`; empty: DATA_DIR/objects"
    )
    figures_url: str = _setting(
        "FIGURES_URL", "", "store of the Delta tables: `file:///…` or `s3://bucket/prefix`; empty: DATA_DIR/figures"
    )
    lookup_sources: str = _setting(
        "LOOKUP_SOURCES",
        "",
        "file of the outside services that forms may ask, with their secrets; empty: DATA_DIR/lookups.yaml",
    )
    log_level: str = _setting("LOG_LEVEL", "info", "debug, info, warning or error")

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """The settings, complete. Raises Failed naming the variable that cannot be understood."""
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for each in fields(cls):
            raw = environment.get(variable_of(each), "").strip()
            values[each.name] = _parse(each, raw) if raw else _default(each)
        values["data_dir"] = values["data_dir"].absolute()
        _derive(values)
        _check(values)
        return cls(**values)

    def environment(self) -> dict[str, str]:
        """The same, as the environment of a child process."""
        return {variable_of(each): _write(getattr(self, each.name)) for each in fields(self)}

    @property
    def secure(self) -> bool:
        """Whether people come over https: then cookies are Secure and carry the __Host- prefix."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Documented:
    """One line of the table in docs/operations.md."""

    variable: str
    default: str
    what: str


def documented() -> Iterator[Documented]:
    """Every variable, in the order of the table."""
    for each in fields(Settings):
        yield Documented(variable_of(each), _write(_default(each)), each.metadata["what"])


def secret_of(data_dir: Path) -> str:
    """The installation's own secret, made the first time (64 hexadecimal digits, readable by its owner only)."""
    kept = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise Failed(f"Impossible d’écrire dans {data_dir} : {error.strerror}.") from error
    try:
        return kept.read_text().strip()
    except OSError as error:
        raise Failed(f"Impossible de lire {kept} : {error.strerror}.") from error


def variable_of(each: "Field[Any]") -> str:
    """The environment variable of a field."""
    return str(each.metadata["variable"])


def _default(each: "Field[Any]") -> Any:
    assert each.default is not MISSING
    return each.default


def _parse(each: "Field[Any]", raw: str) -> Any:
    default = _default(each)
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        return type(default)(raw) if not isinstance(default, Path) else Path(raw).expanduser()
    except (ValueError, KeyError) as error:
        expected = "0 ou 1" if isinstance(default, bool) else "un nombre entier"
        raise Failed(f"{variable_of(each)} vaut « {raw} » : il faut {expected}.") from error


def _write(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _derive(values: dict[str, Any]) -> None:
    host = "127.0.0.1" if values["host"] in ("0.0.0.0", "::", "") else values["host"]  # noqa: S104 - compared, not bound
    if ":" in host:
        host = f"[{host}]"
    values["dashboards_port"] = values["dashboards_port"] or values["port"] + 1
    values["mailbox_port"] = values["mailbox_port"] or values["port"] + 2
    values["public_url"] = (values["public_url"] or f"http://{host}:{values['port']}").rstrip("/")
    values["dashboards_url"] = (values["dashboards_url"] or f"http://{host}:{values['dashboards_port']}").rstrip("/")
    values["objects_url"] = values["objects_url"] or (values["data_dir"] / "objects").as_uri()
    values["figures_url"] = values["figures_url"] or (values["data_dir"] / "figures").as_uri()
    values["lookup_sources"] = values["lookup_sources"] or str(values["data_dir"] / "lookups.yaml")
    values["secret_key"] = values["secret_key"] or secret_of(values["data_dir"])


def _check(values: dict[str, Any]) -> None:
    for name in ("port", "dashboards_port", "mailbox_port"):
        if not 0 < values[name] < 65536:
            raise Failed(f"{name.upper()} vaut {values[name]} : un port va de 1 à 65535.")
    if values["web_processes"] < 1:
        raise Failed(f"WEB_PROCESSES vaut {values['web_processes']} : il en faut au moins un.")
    if len(values["secret_key"]) < 32:
        raise Failed("SECRET_KEY est trop courte : il faut au moins 32 caractères.")
    if values["log_level"] not in LOG_LEVELS:
        raise Failed(f"LOG_LEVEL vaut « {values['log_level']} » : il faut {', '.join(LOG_LEVELS)}.")
    for name, schemes in _SCHEMES.items():
        if values[name] and urlsplit(values[name]).scheme not in schemes:
            raise Failed(f"{name.upper()} doit commencer par {' ou '.join(f'{scheme}://' for scheme in schemes)}.")


_SCHEMES = {
    "database_url": ("postgresql", "postgres", "postgresql+asyncpg"),
    "redis_url": ("redis", "rediss"),
    "public_url": ("http", "https"),
    "dashboards_url": ("http", "https"),
    "smtp_url": ("smtp", "smtps"),
    "objects_url": ("file", "s3"),
    "figures_url": ("file", "s3"),
}
