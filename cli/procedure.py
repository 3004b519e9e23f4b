"""`relais procedure …`: what a designer does with packages on a machine of their own. No database is needed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from casework.forms.strict import DefinitionFault
from casework.procedures.coverage import Part, coverage
from casework.procedures.package import BadPackage, Package, parse
from casework.procedures.package_faults import sentence
from casework.procedures.scenarios import play
from infra.settings import Failed

_PARTS: Mapping[Part, str] = {"rules": "règles", "fields": "champs", "routes": "services"}


def check(files: Sequence[Path]) -> None:
    """Say every fault and every remark of these packages, a line each: file, path, sentence. Raises Failed for a fault."""
    packages = _read(files)
    for file, package in packages.items():
        fields = sum(1 for _ in package.form.fields)
        print(f"{file} : la démarche « {package.title.fr} » est correcte ({fields} champs).")
        _tell(file, package.remarks)
    if wrong := len(files) - len(packages):
        raise Failed(f"{wrong} démarche(s) à corriger sur {len(files)}.")


def test(files: Sequence[Path]) -> None:
    """Play the scenarios of these packages: what differs, then what none of them reaches. Raises Failed where one is
    red, or a package wrong.
    """
    packages = _read(files)
    red = 0
    for file, package in packages.items():
        if not package.scenarios:
            print(f"{file} : aucun scénario.")
            continue
        results = play(package)
        failed = [each for each in results if each.differences]
        print(f"{file} : {len(results) - len(failed)} scénario(s) réussi(s) sur {len(results)}.")
        for each in failed:
            _tell(file, each.differences)
        reached = coverage(package, results)
        shares = (f"{_PARTS[part]} {each.percent} % ({each.reached}/{each.of})" for part, each in reached.parts.items())
        print(f"{file} : couverture : {', '.join(shares)}.")
        _tell(file, reached.unreached)
        red += bool(failed)
    if wrong := len(files) - len(packages) + red:
        raise Failed(f"{wrong} démarche(s) à corriger sur {len(files)}.")


def _read(files: Sequence[Path]) -> dict[Path, Package]:
    """Those that are packages; the faults of the others are told."""
    packages = {}
    for file in files:
        try:
            packages[file] = parse(_text(file))
        except BadPackage as bad:
            _tell(file, bad.faults)
    return packages


def _tell(file: Path, found: Sequence[DefinitionFault]) -> None:
    for each in found:
        print(f"{file}: {each.path or '.'} : {sentence(each)}")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Failed(f"{file} n’est pas un texte en UTF-8.") from error
    except OSError as error:
        raise Failed(f"{file} n’est pas lisible : {error.strerror}.") from error
