"""Write a syntax tree as text: the shortest form that `parse` reads back as the same tree."""

import re

from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.parser import KEYWORDS, POLARITY, POSTFIX, PRECEDENCE
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal
from xinglin.standards.fhirpath.tokens import escape

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def print_tree(node: tree.Node) -> str:
    """Give the text of `node`; `parse(print_tree(node)) == node` for every tree that `parse` makes."""
    return _text(node, 0)


def _text(node: tree.Node, least: int) -> str:
    text, strength = _written(node)
    return f"({text})" if strength < least else text


def _written(node: tree.Node) -> tuple[str, int]:
    """Give the text of `node` and how tightly it holds together."""
    match node:
        case tree.Binary(operator, left, right):
            strength = PRECEDENCE[operator]
            return f"{_text(left, strength)} {operator} {_text(right, strength + 1)}", strength
        case tree.TypeOperation(operator, operand, type_):
            strength = PRECEDENCE[operator]
            return f"{_text(operand, strength)} {operator} {_type(type_)}", strength
        case tree.Polarity(operator, operand):
            return operator + _text(operand, POLARITY), POLARITY
        case tree.SortKey(key, direction):
            return f"{_text(key, 0)} {direction}", 0
        case _:
            return _term(node), POSTFIX


def _term(node: tree.Node) -> str:
    match node:
        case tree.Literal(value):
            return _literal(value)
        case tree.Empty():
            return "{}"
        case tree.Variable(name):
            return "%" + _name(name, ())
        case tree.Special(name):
            return "$" + name
        case tree.Member(before, name):
            return _before(before) + _name(name)
        case tree.Call(before, name, arguments):
            return f"{_before(before)}{_name(name)}({', '.join(_text(a, 0) for a in arguments)})"
        case tree.Indexer(before, index):
            return f"{_text(before, POSTFIX)}[{_text(index, 0)}]"
        case _:
            raise TypeError(node)


def _before(node: tree.Node | None) -> str:
    return "" if node is None else _text(node, POSTFIX) + "."


def _type(type_: tree.TypeName) -> str:
    name = _name(type_.name)
    return f"{_name(type_.namespace)}.{name}" if type_.namespace else name


def _name(name: str, reserved: frozenset[str] | tuple[()] = KEYWORDS | PRECEDENCE.keys()) -> str:
    # `in`, `is` and so on may be names, but `a is` would then read as an operator; backticks always work.
    plain = _PLAIN.fullmatch(name) and name not in reserved and name not in {"asc", "desc"}
    return name if plain else f"`{escape(name, '`')}`"


def _literal(value: tree.SystemValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{escape(value, chr(39))}'"
        case Temporal():
            return value.literal()
        case Quantity():
            return value.literal()
        case int():
            return str(value)
        case _:
            return f"{value:f}"
