"""From a search tree to what an index must be asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from xinglin.standards.search import blind, dates, keys, numbers
from xinglin.standards.search.blind import Blind
from xinglin.standards.search.conditions import (
    Anything,
    Backward,
    Condition,
    Dates,
    Display,
    Forward,
    Identity,
    Keys,
    Lowered,
    Nothing,
    Numbers,
    Strings,
    Updated,
    conjunction,
    disjunction,
    negation,
)
from xinglin.standards.search.convert.links import uri_prefixes
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.judge import Surroundings
from xinglin.standards.search.parameters import SearchParameter
from xinglin.standards.search.plan import Lookup
from xinglin.standards.search.query import Branch, Chain, Criterion, Has, Test, Within
from xinglin.standards.search.references import read_reference
from xinglin.standards.search.text import fold, has_han, pinyin_query, runs, words
from xinglin.standards.search.values import (
    Composite,
    Date,
    Missing,
    Number,
    OfType,
    Quantity,
    Reference,
    Text,
    Token,
    Uri,
    Value,
)

Hierarchy = Callable[[str, str], Iterable[str]]
"""Gives, for a record's address and "below" or "above", that address and those of its parts or wholes."""


@dataclass(frozen=True)
class Lowering:
    """Lowers searches for indexes made by `extractor`. Without `hierarchy`, references by it aren't exact."""

    extractor: Extractor
    around: Surroundings
    hierarchy: Hierarchy | None = None

    def branch(self, branch: Branch) -> Lowered:
        """Give what records of the branch's type must fulfil."""
        parts = [self.criterion(branch.type, one) for one in branch.criteria]
        if branch.within is not None:
            parts.insert(0, self._within(branch.type, branch.within))
        return conjunction(parts)

    def criterion(self, resource_type: str, criterion: Criterion) -> Lowered:
        """Give what records of `resource_type` must fulfil."""
        if isinstance(criterion, Test):
            return self._test(resource_type, criterion)
        if isinstance(criterion, Chain):
            return self._chain(resource_type, criterion)
        return self._has(resource_type, criterion)

    def lookups(self, resource_type: str, code: str) -> tuple[Lookup, ...]:
        """Give where values of a parameter are found."""
        return self.extractor.plan(resource_type).lookups.get(code, ())

    def _within(self, resource_type: str, within: Within) -> Lowered:
        address = f"{within.type}/{within.identity}"
        found = frozenset(
            keys.reference(address) ^ lookup.salt
            for parameter in within.parameters
            for lookup in self.lookups(resource_type, parameter.code)
            if lookup.target in {"", within.type}
        )
        parts = [Lowered(Keys(found))] if found else []
        if within.type == resource_type:
            parts.append(Lowered(Identity(frozenset({within.identity}))))
        return disjunction(parts)

    def _chain(self, resource_type: str, chain: Chain) -> Lowered:
        found: list[Lowered] = []
        for target, inner in chain.targets:
            salts = self.salts(resource_type, chain.parameter, target)
            lowered = self.criterion(target, inner)
            if salts and not isinstance(lowered.condition, Nothing):
                found.append(Lowered(Forward(salts, target, lowered.condition), lowered.exact))
        return disjunction(found)

    def _has(self, resource_type: str, has: Has) -> Lowered:
        salts = self.salts(has.type, has.parameter, resource_type)
        lowered = self.criterion(has.type, has.inner)
        if not salts or isinstance(lowered.condition, Nothing):
            return Lowered(Nothing())
        return Lowered(Backward(salts, has.type, lowered.condition), lowered.exact)

    def salts(self, resource_type: str, parameter: SearchParameter, target: str) -> tuple[int, ...]:
        """Give the salts of references by `parameter` from `resource_type` to records of type `target`."""
        found = self.lookups(resource_type, parameter.code)
        return tuple(one.salt for one in found if one.target in {"", target} or target == "Resource")

    def _test(self, resource_type: str, test: Test) -> Lowered:
        code = test.parameter.code
        if code == "_content":
            return Lowered(Anything(), exact=False)
        if code == "_id":
            return _identity(test)
        lookups = self.lookups(resource_type, code)
        if test.modifier == "missing":
            return self._missing(test, lookups)
        found = disjunction(
            [self.value(resource_type, test.parameter, test.modifier, one) for one in test.values]
        )
        return negation(found) if test.modifier in {"not", "not-in"} else found

    def _missing(self, test: Test, lookups: tuple[Lookup, ...]) -> Lowered:
        if test.parameter.code == "_lastUpdated":
            present: Condition = Anything()
        else:
            present = Keys(frozenset(one.present for one in lookups)) if lookups else Nothing()
        lowered = Lowered(present)
        return disjunction(
            [negation(lowered) if one == Missing(missing=True) else lowered for one in test.values]
        )

    def value(self, resource_type: str, parameter: SearchParameter, modifier: str, wanted: Value) -> Lowered:
        """Give what a record with one of a parameter's values must fulfil."""
        lookups = self.lookups(resource_type, parameter.code)
        match wanted:
            case Composite():
                return self._composite(resource_type, parameter, wanted)
            case Date():
                return self._date(parameter, lookups, wanted)
            case Number():
                return _number(lookups, wanted)
            case Quantity():
                return _quantity(lookups, wanted)
            case Text() if parameter.kind == "string":
                return _string(parameter, lookups, modifier, wanted)
            case Uri() if parameter.kind == "uri":
                return _uri(lookups, modifier, wanted)
            case _ if parameter.kind == "reference":
                return self._reference(lookups, parameter, modifier, wanted)
            case _:
                return self._token(lookups, modifier, wanted)

    def _date(self, parameter: SearchParameter, lookups: tuple[Lookup, ...], wanted: Date) -> Lowered:
        span = dates.approximately(wanted.range, self.around.now) if wanted.prefix == "ap" else wanted.range
        if parameter.code == "_lastUpdated":
            return Lowered(Updated(wanted.prefix, span.low, span.high))
        return Lowered(Dates(_ids(lookups), wanted.prefix, span.low, span.high))

    def _token(self, lookups: tuple[Lookup, ...], modifier: str, wanted: Value) -> Lowered:
        match wanted:
            case Text():
                folded = fold(wanted.text)
                if not folded:
                    return Lowered(Keys(frozenset(one.present for one in lookups)), exact=False)
                return Lowered(Display(tuple(one.salt for one in lookups), folded))
            case OfType():
                one = keys.of_type(wanted.system, wanted.code.casefold(), wanted.value.casefold())
                return _keys(lookups, [one])
            case Uri():
                members = self.around.terminology.members(wanted.text)
                return _keys(lookups, (keys.token(system, code.casefold()) for system, code in members))
            case Token(system=str(system), code=code) if modifier in {"above", "below"}:
                ask = self.around.terminology.below if modifier == "below" else self.around.terminology.above
                return _keys(lookups, (keys.token(system, one.casefold()) for one in ask(system, code)))
            case Token():
                return _keys(lookups, [token_hash(wanted)])
            case _:
                return Lowered(Nothing())

    def _reference(
        self, lookups: tuple[Lookup, ...], parameter: SearchParameter, modifier: str, wanted: Value
    ) -> Lowered:
        if isinstance(wanted, Token):
            hiding = self.extractor.context.blind
            hidden = [replace(one, blind=hiding) for one in lookups]
            return _keys(hidden, [_identifier_hash(wanted)], exact=not any(one.target for one in lookups))
        if not isinstance(wanted, Reference):
            return Lowered(Nothing())
        every = parameter.targets or tuple(sorted(self.extractor.registry.types))
        addresses = [f"{one}/{wanted.identity}" for one in every] if wanted.identity else [wanted.address]
        if modifier in {"above", "below"}:
            if self.hierarchy is None:
                return Lowered(Keys(frozenset(one.present for one in lookups)), exact=False)
            addresses = [found for one in addresses for found in self.hierarchy(one, modifier)]
        return disjunction([_address(lookup, one, wanted.version) for lookup in lookups for one in addresses])

    def _composite(self, resource_type: str, parameter: SearchParameter, wanted: Composite) -> Lowered:
        places = self.extractor.plan(resource_type).pairs.get(parameter.code, ())
        hashes = [_pair_hash(part) for part in wanted.parts]
        left, right = hashes if len(hashes) == 2 else (None, None)
        if places and left is not None and right is not None:
            return _keys(places, [keys.pair(left, right)])
        parts = [
            self.value(resource_type, component.parameter, "", part)
            for component, part in zip(parameter.components, wanted.parts, strict=True)
        ]
        # Each part is there, but perhaps not together.
        return Lowered(conjunction(parts).condition, exact=False)


def token_hash(wanted: Token) -> int:
    """Give the value hash that records with a wanted token have."""
    if wanted.system is None:
        return keys.token_code(wanted.code.casefold())
    if not wanted.code:
        return keys.token_system(wanted.system)
    return keys.token(wanted.system, wanted.code.casefold())


def _identifier_hash(wanted: Token) -> int:
    if wanted.system and not wanted.code:
        return keys.reference_identifier_system(wanted.system)
    return keys.reference_identifier(wanted.system, wanted.code.casefold())


def _pair_hash(part: Value) -> int | None:
    if isinstance(part, Token) and part.code:
        return token_hash(part)
    if isinstance(part, Reference) and part.address and not part.version:
        return keys.reference(part.address)
    return None


def _ids(lookups: Iterable[Lookup]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(one.id for one in lookups))


def _keys(lookups: Iterable[Lookup], hashes: Iterable[int], *, exact: bool = True) -> Lowered:
    wanted = list(hashes)
    found = frozenset(
        one ^ lookup.salt for lookup in lookups for each in wanted for one in _as_kept(lookup, each)
    )
    return Lowered(Keys(found), exact) if found else Lowered(Nothing())


def _as_kept(lookup: Lookup, hashed: int) -> Iterable[int]:
    """Give the forms in which a value's hash may stand in the index."""
    hiding = lookup.blind
    if hiding is None:
        return (hashed,)
    return (hiding.value(hashed), hashed) if hiding.mixed else (hiding.value(hashed),)


def _address(lookup: Lookup, address: str, version: str) -> Lowered:
    kind = read_reference(address).type
    if lookup.target and kind and kind != lookup.target:
        return Lowered(Nothing())
    whole = f"{address}/_history/{version}" if version else address
    # An address that doesn't tell its type may still point to one that the parameter leaves out.
    exact = not lookup.target or kind == lookup.target
    return Lowered(Keys(frozenset({keys.reference(whole) ^ lookup.salt})), exact)


def _identity(test: Test) -> Lowered:
    if test.modifier == "missing":
        return disjunction(
            [
                Lowered(Nothing() if one.missing else Anything())
                for one in test.values
                if isinstance(one, Missing)
            ]
        )
    if test.modifier not in {"", "not"}:
        return Lowered(Anything(), exact=False)
    ids = frozenset(one.code for one in test.values if isinstance(one, Token) and not one.system)
    found = Lowered(Identity(ids)) if ids else Lowered(Nothing())
    return negation(found) if test.modifier == "not" else found


def _number(lookups: Iterable[Lookup], wanted: Number) -> Lowered:
    low, high = wanted.interval
    return Lowered(Numbers(_ids(lookups), wanted.prefix, wanted.value, low, high, 0))


def _quantity(lookups: tuple[Lookup, ...], wanted: Quantity) -> Lowered:
    written = _number(lookups, wanted.number)
    if not wanted.code:
        return written
    unit = numbers.ucum_unit(wanted.code) if wanted.system == numbers.UCUM else None
    if unit is not None:
        low, high = (unit.convert(one) for one in wanted.number.interval)
        value = unit.convert(wanted.number.value)
        return Lowered(Numbers(_ids(lookups), wanted.number.prefix, value, low, high, unit.key))
    one = keys.unit_code(wanted.system, wanted.code) if wanted.system else keys.unit(wanted.code)
    return Lowered(conjunction([_keys(lookups, [one]), written]).condition, exact=False)


def _string(parameter: SearchParameter, lookups: tuple[Lookup, ...], modifier: str, wanted: Text) -> Lowered:
    if parameter.code == "_text":
        return _words(lookups, wanted.text)
    if modifier == "pinyin":
        query = pinyin_query(wanted.text)
        places = tuple(dict.fromkeys(one.pinyin_id for one in lookups))
        plain = Lowered(Strings(places, "starts", query))
        return _either(lookups, plain, lambda one, hiding: _beginning(one.pinyin_salt, hiding, query))
    folded = fold(wanted.text)
    if not folded:
        return Lowered(Keys(frozenset(one.present for one in lookups)), exact=False)
    mode = {"exact": "equals", "contains": "contains"}.get(modifier, "starts")
    plain = Lowered(Strings(_ids(lookups), mode, folded), exact=modifier != "exact")
    return _either(lookups, plain, lambda one, hiding: _hidden_text(one, hiding, mode, folded))


def _either(
    lookups: tuple[Lookup, ...], plain: Lowered, hidden: Callable[[Lookup, Blind], Lowered]
) -> Lowered:
    """Look for texts where they are hidden, where they aren't, or in both ways."""
    found = [hidden(one, one.blind) for one in lookups if one.blind is not None]
    open_ = [one for one in lookups if one.blind is None or one.blind.mixed]
    return disjunction([*found, plain] if open_ or not found else found)


def _hidden_text(lookup: Lookup, hiding: Blind, mode: str, text: str) -> Lowered:
    if mode == "starts":
        return _beginning(lookup.salt, hiding, text)
    if mode == "equals":
        return _keys([lookup], [blind.whole(text)], exact=False)
    pairs = [_keys([lookup], [blind.neighbours(text[at : at + 2])]) for at in range(len(text) - 1)]
    if not pairs:
        return Lowered(Keys(frozenset({lookup.present})), exact=False)
    long = _keys([lookup], [blind.LONG])
    return Lowered(disjunction([conjunction(pairs), long]).condition, exact=False)


def _beginning(salt: int, hiding: Blind, text: str) -> Lowered:
    key = hiding.value(blind.prefix(text[: blind.PREFIX_MOST])) ^ salt
    return Lowered(Keys(frozenset({key})), exact=len(text) <= blind.PREFIX_MOST)


def _words(lookups: tuple[Lookup, ...], text: str) -> Lowered:
    folded = fold(text)
    short = {run for run in runs(folded) if has_han(run) and len(run) == 1}
    found = [_keys(lookups, [keys.word(one)]) for one in words(folded) if one not in short]
    return Lowered(conjunction(found).condition if found else Anything(), exact=False)


def _uri(lookups: tuple[Lookup, ...], modifier: str, wanted: Uri) -> Lowered:
    prefixes = list(uri_prefixes(wanted.text.partition("|")[0]))
    if modifier == "below":
        return _keys(lookups, map(keys.uri_below, prefixes[:1]))
    if modifier == "above":
        return _keys(lookups, (keys.uri(text) for one in prefixes for text in (one, one + "/")))
    return _keys(lookups, [keys.uri(wanted.text)])
