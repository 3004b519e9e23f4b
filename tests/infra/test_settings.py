"""Settings: read once, derived, refused in one French sentence."""

import stat
from pathlib import Path

import pytest

from infra.settings import Failed, Settings, documented

SECRET = "x" * 32


def test_nothing_set_is_a_development_machine(tmp_path: Path) -> None:
    settings = Settings.read({"DATA_DIR": str(tmp_path)})
    assert (settings.port, settings.dashboards_port, settings.mailbox_port) == (8000, 8001, 8002)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.dashboards_url == "http://127.0.0.1:8001"
    assert settings.objects_url == (tmp_path / "objects").as_uri()
    assert not settings.demo
    assert not settings.secure


def test_the_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    first = Settings.read({"DATA_DIR": str(tmp_path / "new")})
    assert Settings.read({"DATA_DIR": str(tmp_path / "new")}).secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / "new/secret_key").stat().st_mode) == 0o600


def test_settings_survive_the_way_to_a_child(tmp_path: Path) -> None:
    given = {"DATA_DIR": str(tmp_path), "DEMO": "true", "PORT": "9000", "PUBLIC_URL": "https://relais.example.org/"}
    settings = Settings.read(given)
    assert settings.secure
    assert Settings.read(settings.environment()) == settings


def test_every_interface_has_an_address_that_can_be_typed(tmp_path: Path) -> None:
    assert Settings.read({"DATA_DIR": str(tmp_path), "HOST": "0.0.0.0"}).public_url == "http://127.0.0.1:8000"  # noqa: S104
    assert Settings.read({"DATA_DIR": str(tmp_path), "HOST": "::1"}).public_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eight"), ("PORT", "70000"), ("DEMO", "perhaps"), ("WEB_PROCESSES", "0"), ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "loud"), ("DATABASE_URL", "mysql://here"), ("REDIS_URL", "http://here"), ("SMTP_URL", "here:25"),
        ("PUBLIC_URL", "relais.example.org"), ("OBJECTS_URL", "/srv/objects"), ("FIGURES_URL", "gopher://figures"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_named(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(Failed, match=variable):
        Settings.read({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, variable: value})


def test_every_setting_says_what_it_is() -> None:
    variables = [each.variable for each in documented()]
    assert len(variables) == len(set(variables))
    assert all(each.what for each in documented())
