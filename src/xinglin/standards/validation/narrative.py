"""Narrative: XHTML that is safe to show; rules txt-1 and txt-2 of http://hl7.org/fhir/R4/narrative.html."""

import re
from html.entities import name2codepoint
from typing import Final

from lxml import etree

from xinglin.core.i18n import Phrase
from xinglin.standards.validation.findings import Draft, Drafts, error, warning

_NAMESPACE: Final = "{http://www.w3.org/1999/xhtml}"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}"
_ELEMENTS: Final = frozenset(
    {
        *(
            "a",
            "abbr",
            "acronym",
            "address",
            "area",
            "b",
            "bdo",
            "big",
            "blockquote",
            "br",
            "caption",
            "cite",
        ),
        *(
            "code",
            "col",
            "colgroup",
            "dd",
            "dfn",
            "div",
            "dl",
            "dt",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
        ),
        *(
            "hr",
            "i",
            "img",
            "kbd",
            "li",
            "map",
            "ol",
            "p",
            "pre",
            "q",
            "samp",
            "small",
            "span",
            "strong",
            "sub",
        ),
        *("sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var"),
    }
)
_ATTRIBUTES: Final = frozenset(
    {
        *("abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding"),
        *("cellspacing", "cellvalign", "char", "charoff", "charset", "cite", "class", "colspan", "compact"),
        *("coords", "dir", "frame", "headers", "height", "href", "hreflang", "hspace", "id", "ismap", "lang"),
        *("longdesc", "name", "nohref", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "span"),
        *("src", "start", "style", "summary", "tabindex", "title", "type", "usemap", "valign", "value"),
        *("vspace", "width"),
    }
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ACTIVE = re.compile(r"^\s*(javascript|vbscript|data\s*:\s*text/html)", re.IGNORECASE)


def check_div(text: str) -> Drafts | None:
    """Check the `div` of a narrative; None where it is safe and has content."""
    drafts: Drafts = []
    for name in sorted(set(_ENTITY.findall(text)) - _XML_ENTITIES):
        number = name2codepoint.get(name)
        if number is not None:
            drafts.append(warning("narrative-entity", name=name, number=number))
            text = text.replace(f"&{name};", f"&#{number};")
    # No DTD, no entities, no network: the text comes from anybody.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        return [*drafts, Draft("error", "narrative", message="narrative-xhtml", params={"detail": problem})]
    if "<!DOCTYPE" in text:
        drafts.append(error("narrative", detail=Phrase("it must not have a DOCTYPE")))
    _check_root(root, drafts)
    for node in root.iter():
        _check_node(node, drafts)
    return drafts or None


def _check_root(root: etree._Element, drafts: Drafts) -> None:  # pyright: ignore[reportPrivateUsage]
    if root.tag == "div":
        drafts.append(error("narrative", detail=Phrase('the div needs xmlns="http://www.w3.org/1999/xhtml"')))
    elif root.tag != f"{_NAMESPACE}div":
        drafts.append(error("narrative", detail=Phrase("the outermost element must be an XHTML div")))
    has_text = any(part.strip() for part in root.itertext(tag=etree.Element))
    if not has_text and root.find(f".//{_NAMESPACE}img") is None and root.find(".//img") is None:
        drafts.append(error("txt-2"))


def _check_node(node: etree._Element, drafts: Drafts) -> None:  # pyright: ignore[reportPrivateUsage]
    tag = node.tag
    if not isinstance(tag, str):  # pyright: ignore[reportUnnecessaryIsInstance] - lxml gives functions for comments
        if tag is not etree.Comment:
            drafts.append(error("narrative", detail=Phrase("it must hold only elements, text and comments")))
        return
    name = tag.rpartition("}")[2]
    if name not in _ELEMENTS or (tag.startswith("{") and not tag.startswith(_NAMESPACE)):
        drafts.append(error("txt-1", name=name))
    for key, value in node.attrib.items():
        attribute = str(key)
        if attribute not in _ATTRIBUTES and not attribute.startswith(_XML_LANG):
            drafts.append(error("txt-1", name=f"{name}/@{attribute}"))
        elif attribute in {"href", "src"} and _ACTIVE.match(str(value)):
            params = {"name": f"{name}/@{attribute}"}
            drafts.append(Draft("error", "narrative", message="narrative-script", params=params))
