"""What a page's form has sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from xinglin.core.errors import RequestError
from xinglin.core.i18n import Phrase
from xinglin.web.transfer import read_body

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 4_000_000
MOST_FIELDS: Final = 2_000


class NoForm(RequestError):
    """What was sent isn't what a form sends."""

    code = "XL3101"
    message = "What was sent isn't a form: {detail}."
    remedy = "Fill in the form on its page and send it from there."
    status = 415
    issue = "structure"


class Missing(RequestError):
    """A form was sent without something that it needs."""

    code = "XL3102"
    message = '"{name}" is missing.'
    remedy = "Go back, fill it in and send the form again."
    issue = "required"


@dataclass(frozen=True, slots=True)
class Body:
    """What a form has sent: texts by name; a name may come several times."""

    values: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text without blanks around it. Raises Missing where there is none, and no `default`."""
        found = next(iter(self.values.get(name, ())), "").strip()
        if found or default is not None:
            return found or default or ""
        raise Missing(name=name)

    def raw(self, name: str) -> str:
        """Give a text exactly as it was sent, empty where it is missing."""
        return next(iter(self.values.get(name, ())), "")

    def every(self, name: str) -> list[str]:
        """Give all texts of a name, as several ticked boxes send them."""
        return list(self.values.get(name, ()))


async def read_form(request: Request) -> Body:
    """Read the body of a form. Raises NoForm or what `read_body` raises."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise NoForm(detail=Phrase("its content type is {found}", found=kind or "-"))
    raw = await read_body(request, MOST_BYTES)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise NoForm(detail=Phrase("it can't be read")) from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Body(values)
