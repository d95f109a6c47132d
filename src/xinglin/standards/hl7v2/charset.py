"""Which character set a message is written in: MSH-18, else what the source declared, else a guess."""

from typing import Final

from xinglin.standards.conversion import decode
from xinglin.standards.hl7v2.errors import NotAMessage, UnknownCharset
from xinglin.standards.hl7v2.tables import charsets

_FIELD: Final = 17
"""MSH-18 among the parts between delimiters, the first being `MSH`."""


def text_of(raw: bytes, declared: str | None) -> tuple[str, str]:
    """Give a message's text and Python's name of its character set.

    Raises UnknownCharset, UndecodableText or Undecided.
    """
    name = _named(raw)
    codec = charsets().get(name.upper()) if name else None
    if name and codec is None:
        raise UnknownCharset(expression="MSH-18", charset=name[:40])
    if codec == "ascii" and not raw.isascii():
        # Many systems say ASCII and write something else: then the source's declaration counts.
        codec = None
    text = decode(raw, codec or declared)
    return text, codec or ("utf-8" if _is_utf8(raw) else "gb18030")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _named(raw: bytes) -> str:
    line = raw.split(b"\r", 1)[0].split(b"\n", 1)[0]
    if len(line) < 5 or not line.startswith(b"MSH"):
        raise NotAMessage(expression="MSH-1")
    # A character of GB 18030 can end in a byte that looks like a delimiter, one of ISO 8859 can seem to be
    # half of such a character: the reading that gives a known name is the right one.
    readings = [_field(line, codec) for codec in ("utf-8", "gb18030", "latin-1")]
    found = [one for one in readings if one is not None]
    return next((one for one in found if one.upper() in charsets()), found[0])


def _field(line: bytes, codec: str) -> str | None:
    try:
        text = line.decode(codec)
    except UnicodeDecodeError:
        return None
    fields = text.split(text[3])
    found = fields[_FIELD] if len(fields) > _FIELD else ""
    return found.split(text[5:6] or "~", 1)[0].strip()
