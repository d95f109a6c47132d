"""The words of a section as XHTML that is safe to show."""

from html import escape
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import value_text
from xinglin.standards.cda.xml import Node, attribute, child, children, name_of, text_of

_SAME: Final = ("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "sub", "sup")
_TAGS: Final = {name: name for name in _SAME} | {"paragraph": "p", "item": "li", "br": "br"}
"""CDA's narrative block to XHTML; what isn't here becomes plain text.

No attribute but spans is kept: styles and links can do harm."""
_SPANS: Final = ("colspan", "rowspan")
_ACTS: Final = (
    "observation",
    "substanceAdministration",
    "procedure",
    "act",
    "encounter",
    "supply",
    "organizer",
)


def narrative(section: Node) -> Json | None:
    """Give the section's own text, else one made of its entries; None where it says nothing."""
    own = child(section, "text")
    if own is not None and text_of(own):
        return _narrative("additional", _inner(own))
    lines = [line for entry in children(section, "entry") for line in _lines(entry)]
    cells = "".join(f"<tr><th>{escape(label)}</th><td>{escape(said)}</td></tr>" for label, said in lines)
    return _narrative("generated", f"<table><tbody>{cells}</tbody></table>") if lines else None


def _narrative(status: str, inner: str) -> Json:
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}


def _inner(node: Node) -> str:
    parts = [escape(node.text or "")]
    for one in node:
        parts += [_element(one), escape(one.tail or "")]
    return "".join(parts)


def _element(node: Node) -> str:
    name = name_of(node)
    if name == "list":
        tag = "ol" if attribute(node, "listType") == "ordered" else "ul"
    else:
        tag = _TAGS.get(name, "span")
    if tag == "br":
        return "<br/>"
    spans = [(key, attribute(node, key) or "") for key in _SPANS]
    kept = "".join(f' {key}="{value}"' for key, value in spans if value.isascii() and value.isdigit())
    return f"<{tag}{kept}>{_inner(node)}</{tag}>"


def _lines(parent: Node) -> list[tuple[str, str]]:
    """Give what the entries say, each as its name and its value, in the order in which they stand."""
    found: list[tuple[str, str]] = []
    for node in parent:
        name = name_of(node)
        if name in _ACTS:
            found += _act(node)
        elif name in ("entryRelationship", "component"):
            found += _lines(node)
    return found


def _act(node: Node) -> list[tuple[str, str]]:
    code = child(node, "code")
    label = attribute(code, "displayName") or attribute(code, "code") or ""
    said = [text for one in children(node, "value") if (text := value_text(one))]
    said += [
        f"{_WORDS[name]} {text}" for name in _WORDS for one in children(node, name) if (text := _said(one))
    ]
    if attribute(node, "negationInd") == "true":
        said.insert(0, "（否定）")
    own = (
        [(label, "；".join(said))]
        if said or (label and child(node, "value") is None and len(node) == 1)
        else []
    )
    return own + _lines(node)


_WORDS: Final = {
    "effectiveTime": "时间",
    "consumable": "药品",
    "doseQuantity": "剂量",
    "rateQuantity": "频次",
    "routeCode": "途径",
    "administrationUnitCode": "剂型",
    "methodCode": "方法",
    "targetSiteCode": "部位",
    "performer": "执行者",
    "text": "说明",
}


def _said(node: Node) -> str:
    return value_text(node) or attribute(node, "displayName") or ""
