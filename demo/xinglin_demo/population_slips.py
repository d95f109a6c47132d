"""How names, dates, numbers and addresses go wrong on their way into a record."""

from functools import cache
from re import compile as pattern

from xinglin_demo.population_chance import Chance
from xinglin_demo.tables import rows_by, table

_SYLLABLE = pattern("(zh|ch|sh|hu|[bpmfdtnlgkhjqxrzcsyw]?)(.+)")
_TRADITIONAL = str.maketrans(
    "刘陈张杨黄赵吴马郑谢许邓冯韩叶苏吕卢蒋贾阎钟谭邹陆万钱汤乔贺赖龚庞兰国华军丽艳萍莲凤兰云贵荣财发强伟飞龙龄东红庆义礼树启远邦继",
    "劉陳張楊黃趙吳馬鄭謝許鄧馮韓葉蘇呂盧蔣賈閻鍾譚鄒陸萬錢湯喬賀賴龔龐蘭國華軍麗豔萍蓮鳳蘭雲貴榮財發強偉飛龍齡東紅慶義禮樹啟遠邦繼",
)
_DOTS = ("", "•", "．", " ", "‧", ".")


@cache
def _sounding() -> dict[str, str]:
    """Give by character all of the table that sound like it."""
    return {one: row["characters"] for row in table("population_sounds") for one in row["characters"]}


@cache
def _mistaken() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in table("population_shapes"):
        found.setdefault(row["character"], row["mistaken"])
        found.setdefault(row["mistaken"], row["character"])
    return found


@cache
def _misheard() -> dict[str, str]:
    """Give by character those of the table that a southern speaker's sound may be taken for."""
    characters = {row["sound"]: row["characters"] for row in table("population_sounds")}
    found: dict[str, str] = {}
    for sound, own in characters.items():
        others = "".join(characters.get(other, "") for other in _spoken(sound))
        if others:
            found.update(dict.fromkeys(own, others))
    return found


def _spoken(sound: str) -> list[str]:
    parts = _SYLLABLE.fullmatch(sound)
    if not parts:
        return []
    found: list[str] = []
    for row in table("population_speech"):
        if row["part"] == "initial" and parts[1] == row["said"]:
            found.append(row["written"] + parts[2])
        elif row["part"] == "final" and parts[2].endswith(row["said"]):
            found.append(sound.removesuffix(row["said"]) + row["written"])
    return found


def _changed(text: str, choices: dict[str, str], chance: Chance) -> str:
    """Exchange one character of `text` for one of those that `choices` has for it, if it has any."""
    at = chance.below(len(text))
    others = choices.get(text[at], "")
    return text[:at] + chance.pick(others) + text[at + 1 :] if others else text


def sounded(name: str, chance: Chance) -> str:
    """Write another character of the same sound; the surname's less often, as people spell it out."""
    return _kept(name, chance) or _changed(name, _sounding(), chance)


def mistaken(name: str, chance: Chance) -> str:
    """Write a character that looks alike."""
    return _changed(name, _mistaken(), chance)


def misheard(name: str, chance: Chance) -> str:
    """Write what a southern speaker was heard to say."""
    return _kept(name, chance) or _changed(name, _misheard(), chance)


def _kept(name: str, chance: Chance) -> str:
    """Change only behind the first character, four times out of five."""
    if len(name) > 1 and chance.next() < 0.8:
        return name[0] + _changed(name[1:], _sounding(), chance)
    return ""


def traditional(name: str) -> str:
    """Write the characters that the small table has in their traditional form."""
    return name.translate(_TRADITIONAL)


def substitute(character: str, chance: Chance) -> str:
    """Give what is typed for a rare character: another one, its pinyin, a question mark, a box."""
    row = rows_by("population_rare", "character")[character]
    return (row["substitute"], row["substitute"], row["pinyin"], "?", "*", "□")[chance.below(6)]


def dotted(name: str, chance: Chance) -> str:
    """Write another dot between the parts of a long name, or none."""
    return name.replace("·", chance.pick(_DOTS))


def digit(text: str, chance: Chance) -> str:
    """Write one digit otherwise."""
    at = chance.below(len(text))
    if not text[at].isdigit():
        return text
    return f"{text[:at]}{(int(text[at]) + 1 + chance.below(9)) % 10}{text[at + 1 :]}"


def turned(text: str, chance: Chance) -> str:
    """Exchange two neighbours."""
    at = chance.below(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def old_number(number: str) -> str:
    """Give the form of 15 digits of a number of the 20th century."""
    return number[:6] + number[8:17]
