"""From bytes to text: declared character sets first, then what the bytes themselves say."""

import codecs

from xinglin.core.errors import IntakeError

NAMES = {
    "GBK": "gb18030",
    "GB2312": "gb18030",
    "GB 18030": "gb18030",
    "GB18030": "gb18030",
    "GB 18030-2000": "gb18030",
    "CP936": "gb18030",
}
"""Chinese character sets by their usual names: GB 18030 contains the older ones (GB 18030-2022, 附录)."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UndecodableText(IntakeError):
    """Bytes that don't belong to the declared character set."""

    code = "XL7001"
    message = "The text isn't {charset}: byte {place} can't be read."
    remedy = "Declare the character set that the system really writes (`xinglin source add --charset`)."
    issue = "structure"


class Undecided(IntakeError):
    """Bytes that belong to no character set in use."""

    code = "XL7002"
    message = "The text is neither UTF-8 nor GB 18030: byte {place} can't be read."
    remedy = "Send UTF-8, or declare the source's character set (`xinglin source add --charset`)."
    issue = "structure"


def known_charset(name: str) -> bool:
    """Tell whether `decode` knows a character set by this name."""
    try:
        codecs.lookup(NAMES.get(name.upper(), name))
    except LookupError:
        return False
    return True


def decode(raw: bytes, charset: str | None = None) -> str:
    """Give the text, without a byte order mark.

    Undeclared text is UTF-8 where it can be, else GB 18030. Raises UndecodableText or Undecided.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _decode(raw[len(mark) :], name)
    if charset:
        return _decode(raw, NAMES.get(charset.upper(), charset))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Undecided(place=error.start) from None


def _decode(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except (UnicodeDecodeError, LookupError) as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise UndecodableText(charset=charset, place=place) from None
