"""ADR 0021: locks that hold hashes and no address, one version of a package whatever is installed."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def _locked(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement with its hashes."""
    for entry in lock.read_text().replace("\\\n", " ").splitlines():
        if entry.strip():
            requirement, *hashes = re.split(r"\s+--hash=", entry.strip())
            yield Requirement(requirement), hashes


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_is_one_version_with_its_hashes(lock: Path) -> None:
    entries = list(_locked(lock))
    assert entries
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize(
    "path", [*LOCKS, ROOT / "package-lock.json", ROOT / "tests/chromium/package-lock.json"], ids=lambda path: path.name
)
def test_no_lock_names_a_registry(path: Path) -> None:
    text = path.read_text()
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert not re.search(r'(^|[\s"@])(https?|file|git\+\w+)://', re.sub(r'"(url|funding)": "[^"]*"', "", text))


def test_what_runs_is_the_same_version_in_every_lock() -> None:
    running = {(each.name, str(each.marker)): str(each.specifier) for each, _ in _locked(ROOT / "requirements.lock")}
    for lock in ("requirements-dev.lock", "requirements-bench.lock"):
        for each, _ in _locked(ROOT / lock):
            known = running.get((each.name, str(each.marker)))
            assert known in (None, str(each.specifier)), f"{lock}: {each}"


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    for lock, wanted in (
        ("requirements.lock", [*project["project"]["dependencies"], *groups["build"]]),
        ("requirements-dev.lock", [each for each in groups["dev"] if isinstance(each, str)]),
        ("requirements-bench.lock", groups["bench"]),
    ):
        locked: dict[str, list[Requirement]] = {}
        for each, _ in _locked(ROOT / lock):
            locked.setdefault(canonicalize_name(each.name), []).append(each)
        for text in wanted:
            requirement = Requirement(text)
            found = locked.get(canonicalize_name(requirement.name), [])
            assert found, f"{text} is not in {lock}: make lock"
            for each in found:
                assert requirement.specifier.contains(str(each.specifier).removeprefix("=="), prereleases=True), each


def test_front_end_packages_are_exact_and_run_nothing() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        locked = lock["packages"][f"node_modules/{name}"]
        assert locked["version"] == version
    assert all(each.get("integrity") for path, each in lock["packages"].items() if path)
    assert "ignore-scripts=true" in (ROOT / ".npmrc").read_text()
