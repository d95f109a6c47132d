"""The table of people that is compared, and the map from a site's columns to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from ruamel.yaml.error import YAMLError

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.errors import UnusableMap
from xinglin.hub.identity.linkage.tables import read_yaml

FIELDS = (
    "id", "given_name", "surname", "full_name", "sex", "birth_date", "identity_number", "phone",
    "street_number", "address_line", "address_line2", "city", "postal_code", "state",
)  # fmt: skip
"""What a map can give a column for."""

COLUMNS = (
    "surname", "surname_sound", "surname_like", "given", "given_sound", "given_like", "given_shape", "sex",
    "birth", "number", "phone", "house", "street", "street2", "city", "postcode", "state",
)  # fmt: skip
"""The normalised columns, all text, NULL where unknown.

`*_sound` is toneless pinyin for Chinese characters and the name itself otherwise, `*_like` the same for ears
of another dialect, `given_shape` has one character for all that look like it; `birth` is YYYYMMDD, YYYYMM
or YYYY; `number` a resident identity number without its check character (17 digits), or another as it is.
"""

Names: TypeAlias = Mapping[str, str]
"""Field to the column of a file that holds it."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column of the left and of the right file holds which field."""

    left: Names
    right: Names


def read_map(path: Path) -> ColumnMap:
    """Read a map in YAML: `field: column` lines, or two such blocks under `left` and `right`.

    Raises UnusableMap with what is wrong.
    """
    try:
        content = read_yaml(path.read_text("utf-8-sig"))
    except (YAMLError, UnicodeDecodeError) as error:
        detail = Phrase("it isn't YAML in UTF-8 ({why})", why=" ".join(str(error).split())[:120])
        raise UnusableMap(file=path.name, detail=detail) from error
    if not isinstance(content, dict):
        raise UnusableMap(file=path.name, detail=Phrase("it has no lines 'field: column'"))
    given = cast("dict[object, object]", content)
    if set(given) == {"left", "right"}:
        return ColumnMap(_names(given["left"], path), _names(given["right"], path))
    names = _names(given, path)
    return ColumnMap(names, names)


def _names(content: object, path: Path) -> Names:
    given = cast("dict[object, object]", content) if isinstance(content, dict) else {}
    names: dict[str, str] = {}
    for field, column in given.items():
        if field not in FIELDS:
            raise UnusableMap(file=path.name, detail=Phrase("the field {field} isn't known", field=field))
        if not isinstance(column, (str, int)):
            raise UnusableMap(
                file=path.name, detail=Phrase("the column of {field} must be a name", field=field)
            )
        names[str(field)] = str(column)
    if "id" not in names:
        raise UnusableMap(file=path.name, detail=Phrase("it gives no column for id"))
    if len(names) < 3:
        raise UnusableMap(file=path.name, detail=Phrase("it gives fewer than two fields to compare"))
    return names
