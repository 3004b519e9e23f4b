"""The Procfile and the command line agree, and every command has somebody to hand over to."""

import importlib
import inspect
from pathlib import Path

import pytest
from typer.main import get_command

from cli import procfile
from cli.main import app
from infra.settings import Failed

SERVERS = {
    "web": "web.app",
    "worker": "workers.settings",
    "relay": "workers.relay",
    "dashboards": "dashboards.serve",
    "mailbox": "cli.mailbox",
}


def test_every_line_is_a_command_of_relais() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    lines = [procfile.release(), *procfile.read()]
    assert [line.name for line in lines] == ["release", "web", "worker", "relay", "dashboards"]
    for line in lines:
        assert line.argv[0] == "relais"
        assert line.argv[1] in commands


@pytest.mark.parametrize("module", SERVERS.values(), ids=SERVERS)
def test_a_command_has_somebody_to_hand_over_to(module: str) -> None:
    serve = importlib.import_module(module).serve
    assert len(inspect.signature(serve).parameters) == 1, "the settings"


def test_a_line_that_is_no_line_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web relais web\n")
    with pytest.raises(Failed, match="« web relais web » n’est pas de la forme"):
        procfile.read(tmp_path / "Procfile")
