"""Times as CDA writes them (HL7 v3 TS), such as `yyyyMMddHHmmss`, with or without a zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Final

_STAMP: Final = re.compile(r"(\d{4,14})(?:\.\d{1,6})?(Z|[+-]\d{4})?")
_DATES: Final = {4: 0, 6: 1, 8: 2}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time: `text` as FHIR writes it, no more precise than it came; `moment` for ordering."""

    text: str
    moment: datetime

    @property
    def day(self) -> str:
        """The date alone, as far as it is known."""
        return self.text[:10]

    @property
    def is_instant(self) -> bool:
        """Whether it is known to the second."""
        return "T" in self.text


def read_time(text: str | None, zone: tzinfo) -> Stamp | None:
    """Read `text`; times without a zone are in `zone`.

    Accepts `yyyy`, `yyyyMM`, `yyyyMMdd`, `yyyyMMddHHmm`, `yyyyMMddHHmmss`, and the `T` of WS 363 between day
    and time. Gives None for anything else, such as the nine digits that occur: which digit is too many
    can't be told. FHIR knows no hour without minutes, so `yyyyMMddHH` becomes its day.
    """
    match = _STAMP.fullmatch((text or "").strip().replace("T", "", 1))
    if match is None:
        return None
    digits, offset = match[1], match[2]
    try:
        return _date(digits, zone) if len(digits) in (4, 6, 8, 10) else _moment(digits, _zone(offset) or zone)
    except ValueError:
        return None


def _date(digits: str, zone: tzinfo) -> Stamp:
    digits = digits[:8]
    whole = date(int(digits[:4]), int(digits[4:6] or 1), int(digits[6:8] or 1))
    parts = _DATES[len(digits)] + 1
    return Stamp(
        "-".join(whole.isoformat().split("-")[:parts]),
        datetime(whole.year, whole.month, whole.day, tzinfo=zone),
    )


def _moment(digits: str, zone: tzinfo) -> Stamp | None:
    form = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits))
    if form is None:
        return None
    moment = datetime.strptime(digits, form).replace(tzinfo=zone)
    offset = moment.utcoffset() or timedelta()
    # Local times before standard time have seconds in their offset, which FHIR can't write.
    text = moment.isoformat() if offset.seconds % 60 == 0 else moment.date().isoformat()
    return Stamp(text, moment)


def _zone(offset: str | None) -> tzinfo | None:
    if not offset:
        return None
    if offset == "Z":
        return timezone(timedelta())
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=minutes if offset[0] == "+" else -minutes))
