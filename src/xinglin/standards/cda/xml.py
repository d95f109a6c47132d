"""Read XML safely, and walk through it without thinking of namespaces.

Elements are found by their local names: documents in the manner of WS/T 500 add elements of their own
(patientType, age, …), some of them in no namespace.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

from lxml import etree

from xinglin.core.i18n import Phrase
from xinglin.standards.cda.errors import DoctypeRefused, MalformedDocument, TooManyElements
from xinglin.standards.conversion import decode
from xinglin.standards.conversion.text import BYTE_ORDER_MARKS

Node: TypeAlias = etree._Element  # pyright: ignore[reportPrivateUsage] # the class has no public name

MAX_ELEMENTS: Final = 300_000
"""Elements accepted; long real documents have some thousands."""
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DECLARATION: Final = re.compile(r"\s*<\?xml\b[^>]*?\?>")
_ENCODING: Final = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
_BEFORE_ROOT: Final = re.compile(r"(?:\s++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_WITHOUT_MARK: Final = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_CERTAIN: Final = 8
"""So many characters beyond ASCII that are well-formed UTF-8 are UTF-8, whatever is declared."""
_FAULTS: Final[Mapping[int, Phrase]] = {
    **dict.fromkeys(
        (4, 73, 74, 77, 39, 40, 45, 63), Phrase("the text ends too early, or a tag isn't finished")
    ),
    **dict.fromkeys((76,), Phrase("an end tag doesn't fit its start tag")),
    **dict.fromkeys((5,), Phrase("there is more behind the end of the document")),
    **dict.fromkeys((8, 9), Phrase("a character that XML doesn't allow")),
    **dict.fromkeys((26, 27), Phrase("an entity that XML doesn't know")),
    **dict.fromkeys((68, 65, 41, 42), Phrase("a name or an attribute that isn't written as XML asks")),
    **dict.fromkeys((201, 202, 203), Phrase("a namespace prefix that isn't declared")),
    1: Phrase("it is nested too deeply, or a text in it is too long"),
    105: Phrase("it is nested too deeply, or a text in it is too long"),
}
_OTHER_FAULT: Final = Phrase("it breaks a rule of XML")


def parse(raw: bytes, charset: str | None) -> Node:
    """Give the root element of `raw`; `charset` counts where the file itself declares none.

    Nothing outside the file is ever opened. Raises MalformedDocument, DoctypeRefused, TooManyElements,
    UndecodableText or Undecided.
    """
    text = _text(raw, charset)
    declared = _DECLARATION.match(text)
    # The declaration names the encoding of the file; its line stays, so that line numbers are the file's.
    body = text[declared.end() :] if declared else text
    before = _BEFORE_ROOT.match(body)
    if before and body.startswith("<!DOCTYPE", before.end()):
        raise DoctypeRefused
    if text.count("<") > 2 * MAX_ELEMENTS:
        raise TooManyElements(limit=MAX_ELEMENTS)
    skipped = text.count("\n", 0, declared.end()) if declared else 0
    return _parsed("\n" * skipped + body)


def _parsed(body: str) -> Node:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body.encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = _FAULTS.get(cast("Any", error).code, _OTHER_FAULT)
        raise MalformedDocument(line=line, column=column, detail=detail) from None
    if cast("Any", root.getroottree().docinfo).doctype:
        raise DoctypeRefused
    return root


def _text(raw: bytes, charset: str | None) -> str:
    if raw.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)):
        return decode(raw)
    for start, name in _WITHOUT_MARK:
        if raw.startswith(start):
            return decode(raw, name)
    declared = _ENCODING.match(raw)
    name = declared[1].decode() if declared else charset
    if name and name.upper().startswith("GB") and _is_certainly_utf8(raw):
        return raw.decode()
    # A declared UTF-16 that is read byte by byte up to here can't be UTF-16.
    return decode(raw, "utf-8" if name and name.upper().startswith("UTF") else name)


def _is_certainly_utf8(raw: bytes) -> bool:
    """Tell UTF-8 that is declared as a Chinese set: read as declared it would become other characters."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(raw) - len(text) >= 2 * _CERTAIN


def name_of(node: Node) -> str:
    """Give the local name."""
    return str(node.tag).rpartition("}")[2]


def children(node: Node | None, path: str) -> list[Node]:
    """Give the elements below `node` by a path of local names."""
    if node is None:
        return []
    return node.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def child(node: Node | None, path: str) -> Node | None:
    """Give the first element below `node` by a path of local names."""
    return next(iter(children(node, path)), None)


def below(node: Node, name: str) -> Iterator[Node]:
    """Give all elements of that name below `node`, however deep."""
    yield from node.iterfind(f".//{{*}}{name}")


def attribute(node: Node | None, name: str) -> str | None:
    """Give an attribute, without space around it; None where it is missing or empty."""
    value = node.get(name) if node is not None else None
    return (value.strip() or None) if value else None


def text_of(node: Node | None) -> str:
    """Give all text within `node`, its white space made single."""
    if node is None:
        return ""
    return " ".join("".join(cast("Iterator[str]", node.itertext())).split())


def type_of(node: Node) -> str:
    """Give `xsi:type` without its prefix, such as `PQ`."""
    return (node.get(_TYPE) or "").rpartition(":")[2].strip()
