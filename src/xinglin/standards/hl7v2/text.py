"""Escape sequences (HL7 v2.8.2, 2.7), and delimiters other than the usual ones."""

import re
from collections.abc import Callable
from typing import Final

USUAL: Final = "|^~\\&"
"""Field, component, repetition, escape and sub-component delimiter, as most systems write them."""

_SEQUENCE: Final = re.compile(r"\\([^\\\r\n]{0,200})\\")
_PLAIN: Final = {
    "F": "|",
    "S": "^",
    "R": "~",
    "T": "&",
    "E": "\\",
    "P": "#",
    "H": "",
    "N": "",
    ".br": "\n",
    ".sp": "\n",
    ".ce": "\n",
    ".fi": "",
    ".nf": "",
    ".in": "",
    ".ti": "",
}
_COUNTED: Final = re.compile(r"\.(sp|sk|in|ti)\s*([+-]?)(\d{1,2})")
_HEX: Final = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")
_NATIONAL: Final = {"M2441": "gb2312"}
"""ISO 2022 designations whose text is written in seven bits: ESC $ A (GB 2312)."""
_ASCII: Final = ("C2842", "C284A")


def unescape(text: str, codec: str = "utf-8") -> str:
    """Give what `text` means, hexadecimal bytes read in `codec`; sequences not understood stay."""
    if "\\" not in text:
        return text
    if "\\M" in text or "\\C" in text:
        text = _shifted(text)
    return _joined(text, codec)


def _joined(text: str, codec: str) -> str:
    """Replace sequences; neighbouring bytes belong together, since a character may need several."""
    out: list[str] = []
    pending, last = bytearray(), 0
    for found in _SEQUENCE.finditer(text):
        if found.start() > last:
            _flush(out, pending, codec)
            out.append(text[last : found.start()])
        last = found.end()
        hexed = _HEX.fullmatch(found[1])
        if hexed:
            pending += bytes.fromhex(hexed[1])
        else:
            _flush(out, pending, codec)
            out.append(_meaning(found))
    _flush(out, pending, codec)
    out.append(text[last:])
    return "".join(out)


def _flush(out: list[str], pending: bytearray, codec: str) -> None:
    if pending:
        try:
            out.append(printable(bytes(pending).decode(codec)))
        except UnicodeDecodeError:
            out.append(f"\\X{bytes(pending).hex().upper()}\\")
        pending.clear()


def _meaning(found: "re.Match[str]") -> str:
    name = found[1]
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    counted = _COUNTED.fullmatch(name)
    if counted is None:
        return found[0]
    return {"sp": "\n", "sk": " "}.get(counted[1], "") * int(counted[3])


def _shifted(text: str) -> str:
    """Read what stands behind a change of the character set (2.7.2): ASCII, and GB 2312 in seven bits."""
    parts = re.split(r"\\([CM][0-9A-Fa-f]{4,6})\\", text)
    out = [parts[0]]
    for name, part in zip(parts[1::2], parts[2::2], strict=True):
        codec = _NATIONAL.get(name.upper())
        if name.upper() in _ASCII:
            out.append(part)
        elif codec and (read := _seven_bits(part, codec)) is not None:
            out.append(read)
        else:
            out.append(f"\\{name}\\{part}")
    return "".join(out)


def _seven_bits(part: str, codec: str) -> str | None:
    try:
        return bytes(one | 0x80 for one in part.encode("ascii")).decode(codec)
    except UnicodeError:
        return None


_ESCAPED: Final = {"|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "\\": "\\E\\", "&": "\\T\\"}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def usual(own: str) -> Callable[[str], str]:
    """Give what rewrites text with the delimiters `own` (in the order of `USUAL`) to the usual ones.

    A usual delimiter that stands for itself there becomes its escape sequence: nothing changes its meaning.
    """
    letters = dict(zip("FSRET", own, strict=False))
    table = {**_ESCAPED, **dict(zip(own, USUAL, strict=False))}
    escape = re.escape(own[3]) if len(own) > 3 else "(?!)"
    one = re.compile(f"{escape}([{''.join(letters)}]){escape}|[{re.escape(own + USUAL)}]")

    def written(found: "re.Match[str]") -> str:
        if found[1] is None:
            return table[found[0]]
        meant = letters[found[1]]
        return _ESCAPED.get(meant, meant)

    return lambda line: one.sub(written, line)


def printable(text: str) -> str:
    """Show control characters, which FHIR's strings can't hold, as their pictures (U+2400 and on)."""
    return _CONTROL.sub(lambda found: chr(0x2400 + ord(found[0])), text)
