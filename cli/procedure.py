"""`relais procedure …`: what a designer does with packages on a machine of their own. No database is needed."""

from collections.abc import Sequence
from pathlib import Path

from casework.forms.strict import DefinitionFault
from casework.procedures.package import BadPackage, parse
from casework.procedures.package_faults import sentence
from infra.settings import Failed


def check(files: Sequence[Path]) -> None:
    """Say every fault and every remark of these packages, a line each: file, path, sentence. Raises Failed for a fault."""
    wrong = 0
    for file in files:
        try:
            package = parse(_text(file))
        except BadPackage as bad:
            _tell(file, bad.faults)
            wrong += 1
            continue
        fields = sum(1 for _ in package.form.fields)
        print(f"{file} : la démarche « {package.title.fr} » est correcte ({fields} champs).")
        _tell(file, package.remarks)
    if wrong:
        raise Failed(f"{wrong} démarche(s) à corriger sur {len(files)}.")


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
