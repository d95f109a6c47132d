"""Which narrative is safe to show (http://hl7.org/fhir/R4/narrative.html, rules txt-1 and txt-2)."""

from typing import Final

from lxml import etree

TAGS: Final = frozenset({
    "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col", "colgroup",
    "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li",
    "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "tt", "ul", "var",
})  # fmt: skip
ATTRIBUTES: Final = frozenset({
    "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding",
    "cellspacing", "cellvalign", "char", "charoff", "charset", "cite", "class", "colspan", "compact",
    "coords", "dir", "frame", "headers", "height", "href", "hreflang", "hspace", "id", "lang", "longdesc",
    "name", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "span", "src", "start", "style",
    "summary", "tabindex", "title", "type", "valign", "value", "vspace", "width",
})  # fmt: skip
_XHTML = "{http://www.w3.org/1999/xhtml}"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCRIPT = ("javascript:", "vbscript:")


def is_safe_html(text: str) -> bool:
    """Say whether `text` is an XHTML `div` with some content and nothing but what FHIR allows."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return False
    if root.tag != _XHTML + "div":
        return False
    shown = False
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        name = element.tag.removeprefix(_XHTML)
        if name not in TAGS or not all(_is_allowed(str(k), str(v)) for k, v in element.attrib.items()):
            return False
        shown = shown or name == "img" or bool((element.text or "").strip() or (element.tail or "").strip())
    return shown


def _is_allowed(key: str, value: str) -> bool:
    if key == _XML_LANG:
        return True
    return key in ATTRIBUTES and not value.strip().casefold().startswith(_SCRIPT)
