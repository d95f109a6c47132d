"""A hospital's own dictionary of laboratory items, invented from the standard table and local names.

What is done to names, with its share (by chance, from a seed):

- a third of the entries are names that the table doesn't hold at all: `local_names.csv`, typed without
  looking at the table's aliases (some from public lists of mutual recognition), and names of things that the
  table lacks and that must not be mapped;
- the others are a standard name or an alias, 10 in 100 of them the abbreviation alone;
- 30 in 100 get the abbreviation in brackets, 20 a method in brackets, 12 an ending such as 测定,
  8 the specimen before the name, 8 traditional characters, 8 full-width letters;
- 10 in 100 get a typing error: a character of the same sound, one left out, or two turned around;
- units are written in other ways, 8 in 100 are missing; specimens are missing in 60 of 100;
- local codes are numbers, for 15 in 100 the abbreviation;
- half of the items with a reference interval have 100 values about it (lognormal, a tenth of them ill).

The ranker's `data/words.csv` holds the usual methods and endings; 6 of the 14 methods used here aren't in it.
"""

import csv
import math
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import opencc

from xinglin.standards.labitems import Item, Local, Sketch, items, table

SAME_SOUND = dict(
    zip(
        "酸酶蛋白胆红肌酐尿脂糖醇钾钠铁抗体原细胞淋巴凝血转移激腺状密度球免疫补网织维生乳脱氢",
        "痠霉旦百担洪机肝脲酯塘纯甲纳贴坑休源系饱琳吧宁雪砖遗急线壮蜜渡求勉役朴往职唯声汝托轻",
        strict=True,
    )
)
METHODS = ("速率法", "化学发光法", "电化学发光法", "免疫比浊法", "酶法", "离子选择电极法", "干化学法",
           "仪器法", "ELISA法", "溴甲酚绿法", "偶氮法", "循环酶法", "双缩脲法", "POCT")  # fmt: skip
ENDINGS = ("测定", "检测", "定量", "试验", "检查")
UNITS = {
    "10*9/L": ("10^9/L", "×10⁹/L", "10E9/L", "x10^9/L", "G/L"),
    "10*12/L": ("10^12/L", "×10¹²/L", "T/L"),
    "/uL": ("个/μL", "/ul", "cells/μL"),
    "U/L": ("U/L", "IU/L", "u/l", "单位/升", "U/l"),
    "umol/L": ("μmol/L", "umol/L", "umol/l", "微摩尔/升", "UMOL/L"),
    "mmol/L": ("mmol/L", "mmol/l", "毫摩尔/升", "mMol/L"),
    "ng/mL": ("ng/mL", "ng/ml", "μg/L", "ug/L"),
    "g/L": ("g/L", "g/l", "克/升", "G/L "),
    "mg/L": ("mg/L", "mg/l", "毫克/升"),
    "s": ("秒", "s", "S", "sec"),
    "%": ("%", "％"),
    "[iU]/mL": ("IU/mL", "IU/ml", "KIU/L"),
    "mg{FEU}/L": ("mg/L FEU", "μg/mL FEU"),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A local code and the item that it means; None: none of the table. `pool` tells whence its name is."""

    local: Local
    target: str | None
    pool: str


def dictionary(seed: int) -> list[Entry]:
    """Make the dictionary of one hospital: some 500 codes."""
    chance = random.Random(seed)
    entries = [_from_table(item, chance) for item in items()]
    return entries + [_from_names(row, chance) for row in _local_names() if chance.random() < 0.75]


@cache
def _local_names() -> list[dict[str, str]]:
    with (Path(__file__).parent / "local_names.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _from_table(item: Item, chance: random.Random) -> Entry:
    short = chance.choice(item.abbreviations) if item.abbreviations else ""
    bare = bool(short) and len(short) > 1 and chance.random() < 0.10
    name = short if bare else chance.choice(item.names)
    if not bare:
        name = _noisy(name, short, item.specimen, chance)
    return Entry(_local(item, name, short, chance), item.code, "abbreviation" if bare else "table")


def _from_names(row: dict[str, str], chance: random.Random) -> Entry:
    item = table().get(row["code"])
    name = row["name"]
    if chance.random() < 0.1:
        name = _mistyped(name, chance)
    if item is None:
        return Entry(Local(_number(chance), name, row["unit"]), None, "not in the table")
    local = _local(item, name, "", chance)
    return Entry(Local(local.code, name, row["unit"], local.specimen, local.values), item.code, "outside")


def _noisy(name: str, short: str, specimen: str, chance: random.Random) -> str:
    if chance.random() < 0.10:
        name = _mistyped(name, chance)
    if chance.random() < 0.12:
        name += chance.choice(ENDINGS)
    if chance.random() < 0.08 and specimen and not name.startswith(specimen[0]):
        name = specimen + name
    if short and chance.random() < 0.30:
        name = chance.choice((f"{name}({short})", f"{name}（{short}）", f"{short} {name}", f"{name}{short}"))
    if chance.random() < 0.20:
        name += chance.choice(("({})", "（{}）", "[{}]")).format(chance.choice(METHODS))
    if chance.random() < 0.08:
        name = _traditional().convert(name)
    if chance.random() < 0.08:
        name = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)
    return name


def _mistyped(name: str, chance: random.Random) -> str:
    letters = list(name)
    sound = [place for place, letter in enumerate(letters) if letter in SAME_SOUND]
    kind = chance.random()
    if sound and kind < 0.6:
        place = chance.choice(sound)
        letters[place] = SAME_SOUND[letters[place]]
    elif len(letters) > 4 and kind < 0.8:
        del letters[chance.randrange(1, len(letters))]
    elif len(letters) > 4:
        place = chance.randrange(len(letters) - 1)
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def _local(item: Item, name: str, short: str, chance: random.Random) -> Local:
    unit = chance.choice(UNITS.get(item.unit, (item.unit,))) if chance.random() > 0.08 else ""
    unit = "" if unit in {"1", "[pH]"} else unit.replace("[iU]", "IU").replace("(24.h)", "24h")
    unit = (
        unit.replace("[HPF]", "HP")
        .replace("mm[Hg]", "mmHg")
        .replace("{copies}", "copies")
        .replace("{1.73_m2}", "1.73m2")
    )
    code = short if short and chance.random() < 0.15 else _number(chance)
    urine_or_so = item.specimen not in {"血清", "血浆", "全血"}
    named = chance.random() < (0.8 if urine_or_so else 0.4)
    return Local(code, name, unit, item.specimen if named else "", _values(item, unit, chance))


def _values(item: Item, unit: str, chance: random.Random) -> Sketch | None:
    from xinglin.standards.units import read_unit

    code = read_unit(unit)
    conversion = item.conversion(code) if code else None
    if item.interval is None or conversion is None or not conversion.factor or chance.random() < 0.5:
        return None
    low, high = item.interval
    middle = math.sqrt(max(low, high / 10) * high)
    sketch = Sketch()
    for _ in range(100):
        ill = chance.choice((0.4, 3.0)) if chance.random() < 0.1 else 1.0
        value = middle * ill * chance.lognormvariate(0, 0.25)
        sketch.add(value / float(conversion.factor))
    return sketch


def _number(chance: random.Random) -> str:
    return f"{chance.randrange(100_000):05}"


@cache
def _traditional() -> "opencc.OpenCC":
    return opencc.OpenCC("s2t")
