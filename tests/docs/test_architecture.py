"""docs/architecture.md cannot lie: its layers and its picture are those of the import contracts."""

import re
import tomllib

from tests.docs.tables import ROOT, named, section

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")


def test_the_layers_are_those_of_the_contract() -> None:
    (layers,) = [each["layers"] for each in CONTRACTS["contracts"] if each["type"] == "layers"]
    told = re.findall(r"`([a-z |]+)`", section("architecture.md", "Layers").split(";")[0])
    assert [set(each.split(" | ")) for each in told] == [set(each.split(" | ")) for each in layers]


def test_every_package_is_in_the_picture() -> None:
    picture = PAGE.split("```mermaid\n")[1].split("```")[0]
    here = {"web", "api", "casework", "realtime", "analytics", "dashboards"} & set(re.findall(r"\w+", picture))
    packages = set(CONTRACTS["root_packages"])
    assert packages - here == {"cli", "infra", "workers"}, "the command, what lies under all, and relay and worker"
    assert {"relay", "worker"} <= set(re.findall(r"\w+", picture))


def test_every_place_of_the_page_exists() -> None:
    places = [word for word in named(PAGE) if "/" in word and not word.startswith("/")]
    assert len(places) > 10
    for place in (each for each in places if " " not in each):
        assert list(ROOT.glob(place.rstrip("/"))), place
