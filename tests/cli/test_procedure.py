"""`relais procedure check`: every fault with its file, its place and a sentence; what is hostile is refused at once."""

import json
from pathlib import Path

import pytest

from casework.procedures.catalogue import SHIPPED
from cli.procedure import check, diff, schema
from cli.procedure import test as play
from infra.settings import Failed

COMPOST = (SHIPPED / "composteur.yaml").read_text("utf-8")


def written(folder: Path, text: str) -> Path:
    file = folder / "composteur.yaml"
    file.write_text(text, "utf-8")
    return file


def told(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is said of a wrong package, a line each, without its file."""
    file = written(folder, text)
    with pytest.raises(Failed, match=r"^1 démarche\(s\) à corriger sur 1\.$"):
        check([file])
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_what_ships_is_correct(capsys: pytest.CaptureFixture[str]) -> None:
    check([SHIPPED / "composteur.yaml", SHIPPED / "transport-scolaire.yaml"])
    first, second = capsys.readouterr().out.splitlines()
    assert "composteur.yaml : la démarche « Composteur » est correcte" in first
    assert "Transport scolaire" in second


def test_every_fault_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = COMPOST.replace("target_days: 15", "target_days: 0").replace("kind: yes_no", "kind: yes_or_no")
    lines = told(tmp_path, wrong, capsys)
    assert any(line.startswith("target_days : ") for line in lines)
    assert any(line.startswith("form.pages[0].fields[3].kind : ") for line in lines)


def test_rules_that_overlap_are_a_remark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    routing = """routing:
  - when: {"==": [{var: housing}, garden]}
    service: reduction-dechets
  - when: {"==": [{var: trained}, true]}
    service: collecte
"""
    check([written(tmp_path, COMPOST.replace("form:\n", f"{routing}form:\n", 1))])
    correct, remark = capsys.readouterr().out.splitlines()
    assert "est correcte" in correct
    assert "routing[1]" in remark


def _deep_rule(levels: int) -> str:
    rule = '{"==": [{var: housing}, garden]}'
    return '{"!": [' * levels + rule + "]}" * levels


HOSTILE = {
    "a bomb of aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a tag that reaches Python": "slug: !!python/object/apply:os.system [id]\n",
    "a rule of 1,000 levels": COMPOST.replace("{==: [{var: housing}, garden]}", _deep_rule(1_000), 1),
    "10,000 fields": COMPOST.replace(
        "      fields:\n", "      fields:\n" + "        - {id: a, kind: yes_no}\n" * 10_000, 1
    ),
    "a list of 100,000 levels": "form: " + "[" * 100_000 + "]" * 100_000,
    "JSON of 1,000 levels": json.dumps({"form": None})[:-5] + "[" * 1_000 + "]" * 1_000 + "}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_hostile_is_refused_in_few_words(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(tmp_path, text, capsys)
    assert 1 <= len(lines) <= 100
    assert max(len(line) for line in lines) < 400


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="n’est pas lisible"):
        check([tmp_path / "absente.yaml"])
    (tmp_path / "octets.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Failed, match="UTF-8"):
        check([tmp_path / "octets.yaml"])


def test_scenarios_are_played_and_what_they_miss_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    play([SHIPPED / "velo-electrique.yaml", written(tmp_path, COMPOST.partition("scenarios:")[0])])
    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert first.endswith("3 scénario(s) réussi(s) sur 3.")
    assert "règles 100\u00a0% (4/4)" in second
    assert last.endswith("composteur.yaml : aucun scénario.")

    bicycle = (SHIPPED / "velo-electrique.yaml").read_text("utf-8")
    red = tmp_path / "velo-electrique.yaml"
    red.write_text(bicycle.replace("hidden: [disability_proof, bought_note]", "shown: [bought_note]"), "utf-8")
    with pytest.raises(Failed, match=r"^1 démarche\(s\) à corriger sur 1\.$"):
        play([red])
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("2 scénario(s) réussi(s) sur 3.")
    assert "scenarios[0].expect.shown" in told[1]
    assert "Un vélo de ville" in told[1]


def test_what_changes_is_told_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = written(tmp_path, COMPOST.replace("target_days: 15", "target_days: 20"))
    diff(SHIPPED / "composteur.yaml", later)
    assert capsys.readouterr().out == "target_days : 15 devient 20.\n"
    diff(later, later)
    assert capsys.readouterr().out == ""
    with pytest.raises(Failed, match="à corriger"):
        diff(later, written(tmp_path, "slug: 3"))


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    schema()
    assert json.loads(capsys.readouterr().out)["title"] == "Relais procedure package"
