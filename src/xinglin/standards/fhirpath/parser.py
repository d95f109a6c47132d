"""Read an expression into its syntax tree: a recursive-descent parser over http://hl7.org/fhirpath/N1/grammar.html."""

from decimal import Decimal
from typing import Final, cast

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.errors import SyntaxProblem, TooComplex
from xinglin.standards.fhirpath.quantity import CALENDAR_WORDS, Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Time
from xinglin.standards.fhirpath.tokens import Token, tokenize

MAX_DEPTH = 120
"""Deepest nesting of one thing in another that is read; R4's own expressions stay below 40."""

PRECEDENCE: Final[dict[str, int]] = {
    "implies": 1,
    "or": 2, "xor": 2,
    "and": 3,
    "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5,
    "<=": 6, "<": 6, ">": 6, ">=": 6,
    "|": 7,
    "is": 8, "as": 8,
    "+": 9, "-": 9, "&": 9,
    "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
"""How tightly binary operators hold; polarity holds tighter (11), `.` and `[]` tightest (12)."""
POLARITY = 11
POSTFIX = 12

KEYWORDS = frozenset({"div", "mod", "and", "or", "xor", "implies", "true", "false"})
"""Words that are never names unless written between backticks. `is as in contains` may be names."""


def parse(text: str) -> tree.Node:
    """Read `text`. Raises SyntaxProblem or TooComplex."""
    parser = _Parser(tokenize(text))
    node = parser.expression(0)
    if parser.token.kind != "end":
        raise parser.unexpected()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self.token = tokens[0]

    def unexpected(self) -> SyntaxProblem:
        what = Phrase("the end") if self.token.kind == "end" else repr(self.token.text)
        return SyntaxProblem(position=self.token.at + 1, detail=Phrase("unexpected {what}", what=what))

    def _advance(self) -> Token:
        token = self.token
        self._next += 1
        self.token = self._tokens[min(self._next, len(self._tokens) - 1)]
        return token

    def _accept(self, symbol: str) -> bool:
        if self.token.kind == "symbol" and self.token.text == symbol:
            self._advance()
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._accept(symbol):
            raise self.unexpected()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooComplex(detail=Phrase("nested deeper than {limit} levels", limit=MAX_DEPTH))

    def _operator(self) -> str | None:
        token = self.token
        known = token.kind in {"symbol", "identifier"} and token.text in PRECEDENCE
        return token.text if known else None

    def expression(self, least: int) -> tree.Node:
        """Read an expression whose operators all hold at least as tightly as `least`."""
        # A long chain `a or b or c …` nests to the left, so each link counts as a level as well.
        outside = self._depth
        self._deeper()
        left = self._polarity()
        while (operator := self._operator()) is not None and PRECEDENCE[operator] >= least:
            self._deeper()
            at = self._advance().at
            if operator in {"is", "as"}:
                left = tree.TypeOperation("is" if operator == "is" else "as", left, self._type_name(), at=at)
            else:
                right = self.expression(PRECEDENCE[operator] + 1)
                left = tree.Binary(cast("tree.BinaryOp", operator), left, right, at=at)
        self._depth = outside
        return left

    def _polarity(self) -> tree.Node:
        at = self.token.at
        for sign in ("-", "+"):
            if self._accept(sign):
                self._deeper()
                operand = tree.Polarity(sign, self._polarity(), at=at)
                self._depth -= 1
                return operand
        return self._postfix()

    def _postfix(self) -> tree.Node:
        outside = self._depth
        node = self._term()
        while True:
            at = self.token.at
            if self._accept("."):
                node = self._invocation(node)
            elif self._accept("["):
                node = tree.Indexer(node, self.expression(0), at=at)
                self._expect("]")
            else:
                self._depth = outside
                return node
            self._deeper()

    def _term(self) -> tree.Node:
        token = self.token
        match token.kind:
            case "number":
                return self._number()
            case "string":
                self._advance()
                return tree.Literal(token.text, at=token.at)
            case "date" | "datetime" | "time":
                self._advance()
                return tree.Literal(self._temporal(token), at=token.at)
            case "external":
                self._advance()
                return tree.Variable(token.text, at=token.at)
            case "identifier" if token.text in {"true", "false"}:
                self._advance()
                return tree.Literal(token.text == "true", at=token.at)
            case "symbol" if self._accept("("):
                node = self.expression(0)
                self._expect(")")
                return node
            case "symbol" if self._accept("{"):
                self._expect("}")
                return tree.Empty(at=token.at)
            case _:
                return self._invocation(None)

    def _temporal(self, token: Token) -> Date | DateTime | Time:
        kind: type[Date] | type[DateTime] | type[Time] = {"date": Date, "datetime": DateTime, "time": Time}[
            token.kind
        ]
        value = kind.parse(token.text.removeprefix("@").removeprefix("T" if kind is Time else ""))
        if value is None:
            raise SyntaxProblem(position=token.at + 1, detail=Phrase("there is no {name}", name=token.text))
        return value

    def _number(self) -> tree.Node:
        token = self._advance()
        unit = self.token
        if unit.kind == "string":
            self._advance()
            return tree.Literal(Quantity(Decimal(token.text), unit.text), at=token.at)
        if unit.kind == "identifier" and unit.text in CALENDAR_WORDS:
            self._advance()
            quantity = Quantity(Decimal(token.text), CALENDAR_WORDS[unit.text], calendar=True)
            return tree.Literal(quantity, at=token.at)
        if "." in token.text:
            return tree.Literal(Decimal(token.text), at=token.at)
        if len(token.text) > 28:
            raise SyntaxProblem(position=token.at + 1, detail=Phrase("the number is too large"))
        return tree.Literal(int(token.text), at=token.at)

    def _invocation(self, node: tree.Node | None) -> tree.Node:
        token = self.token
        if token.kind == "special":
            self._advance()
            if node is not None:
                raise SyntaxProblem(
                    position=token.at + 1, detail=Phrase("{name} can't follow a dot", name=token.text)
                )
            return tree.Special(token.text[1:], at=token.at)  # type: ignore[arg-type]
        # After a dot only a name can stand: R4's own patches write `text.div` without backticks.
        name = self._advance().text if node is not None and token.kind == "identifier" else self._name()
        if not self._accept("("):
            return tree.Member(node, name, at=token.at)
        arguments: list[tree.Node] = []
        if not self._accept(")"):
            arguments.append(self._argument(name))
            while self._accept(","):
                arguments.append(self._argument(name))
            self._expect(")")
        return tree.Call(node, name, tuple(arguments), at=token.at)

    def _argument(self, function: str) -> tree.Node:
        node = self.expression(0)
        if function == "sort" and self.token.kind == "identifier" and self.token.text in {"asc", "desc"}:
            token = self._advance()
            return tree.SortKey(node, "asc" if token.text == "asc" else "desc", at=token.at)
        return node

    def _name(self) -> str:
        token = self.token
        if token.kind == "delimited" or (token.kind == "identifier" and token.text not in KEYWORDS):
            self._advance()
            return token.text
        raise self.unexpected()

    def _type_name(self) -> tree.TypeName:
        name = self._name()
        return tree.TypeName(name, self._name()) if self._accept(".") else tree.TypeName(None, name)
