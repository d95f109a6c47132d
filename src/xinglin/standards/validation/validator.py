"""The door: check one record against its type and profiles."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from xinglin.standards.definitions import Definitions, r4
from xinglin.standards.validation.compiler import Compiler
from xinglin.standards.validation.context import Context, Json, is_array, is_object
from xinglin.standards.validation.extensions import PENDING, outside_context
from xinglin.standards.validation.findings import Draft, Drafts, Finding, error, information, settle
from xinglin.standards.validation.primitives import json_kind
from xinglin.standards.validation.shapes import AN_OBJECT


class Validator:
    """Checks records by one set of definitions; makes each check when first needed and keeps it."""

    def __init__(self, definitions: Definitions) -> None:
        """Check by `definitions`."""
        self._compiler = Compiler(definitions)
        self._definitions = definitions

    def validate(self, resource: Any, *, profiles: Iterable[str] = ()) -> list[Finding]:
        """Give everything found in `resource` (JSON as `exact_json.loads` reads it), in its order.

        Beside its type the record is checked against `profiles` and those in its `meta.profile`.
        """
        if not is_object(resource):
            found = [error("type", expected=AN_OBJECT, found=json_kind(resource))]
            return settle("$this", found)
        record = resource
        context = Context(record)
        named = record.get("resourceType")
        try:
            drafts = self._compiler.resource(record, context) or []
            for url in dict.fromkeys([*profiles, *_claimed(record)]):
                drafts = drafts + self._by_profile(record, url, context)
        except RecursionError:
            drafts = [error("depth")]
        if any(one.rule == PENDING for one in drafts):
            drafts = list(self._judge_places(record, drafts))
        return settle(named if type(named) is str else "$this", drafts)

    def _by_profile(self, record: Json, url: str, context: Context) -> Drafts:
        structure = self._definitions.structure(url)
        if structure is None:
            return [information("profile-unknown", url=url)]
        if not self._definitions.is_subtype(str(record.get("resourceType")), structure["type"]):
            params = {"url": url, "expected": structure["type"], "found": record.get("resourceType")}
            return [error("profile-type", **params)]
        check = self._compiler.profile(url)
        if check is None:
            return [information("profile-unusable", url=url)]
        return check(record, context) or []

    def _judge_places(self, record: Json, drafts: Drafts) -> Iterable[Draft]:
        for draft in drafts:
            judged = outside_context(self._definitions, record, draft) if draft.rule == PENDING else draft
            if judged is not None:
                yield judged


def _claimed(record: Json) -> list[str]:
    meta = record.get("meta")
    urls = meta.get("profile") if is_object(meta) else None
    return [one for one in urls if type(one) is str] if is_array(urls) else []


@lru_cache(maxsize=8)
def validator(definitions: Definitions | None = None) -> Validator:
    """Give the validator of `definitions` (None: R4 alone), made once."""
    return Validator(definitions or r4())


def validate(
    resource: Any, *, profiles: Iterable[str] = (), definitions: Definitions | None = None
) -> list[Finding]:
    """Check `resource` (JSON as `exact_json.loads` reads it) by `definitions`, R4 alone where None is given.

    Beside its type the record is checked against `profiles` (canonical URLs) and those in its `meta.profile`.
    """
    return validator(definitions).validate(resource, profiles=profiles)
