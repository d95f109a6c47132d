"""From a request to a page in one of its forms: through the gate, written down, and errors told as pages."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from xinglin.core.errors import RequestError, XinglinError
from xinglin.core.exact_json import dumps
from xinglin.core.telemetry import REQUEST_SECONDS, REQUESTS, describe, logger
from xinglin.portal import flash
from xinglin.portal.environment import Templates
from xinglin.portal.exporting import as_csv, as_excel, file_name
from xinglin.portal.places import Places
from xinglin.portal.plain import plain
from xinglin.standards.outcome import from_error
from xinglin.trust.login.forgery import own_path
from xinglin.web.authentication import challenge
from xinglin.web.columns import Table
from xinglin.web.declared import Act, Page
from xinglin.web.transfer import compress
from xinglin.web.visit import Form, Visit

Endpoint = Callable[[Request], Awaitable[Response]]

POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Without a referrer browsers would name no origin with forms, which would then look forged."""

JSON: Final = "application/json; charset=utf-8"
EXCEL: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EMERGENCY: Final = "person emergency"
"""The page that asks for emergency access, offered where a person's page is shut."""


class NoTable(RequestError):
    """A page has no table of this name to be taken away."""

    code = "XL3103"
    message = 'This page has no table "{table}".'
    remedy = "Use one of {tables}, or leave the parameter table out."
    status = 404
    issue = "not-found"


@dataclass(frozen=True)
class Room:
    """What all endpoints share: what was declared, and the templates."""

    places: Places
    templates: Templates

    def page(self, page: Page, form: Form) -> Endpoint:
        """Make the endpoint of a page in one of its forms."""

        async def work(visit: Visit) -> Response:
            data = plain(await page.load(visit), visit.language)
            return await self._shown(visit, page, data)

        return self._endpoint(page.name, form, page, work)

    def act(self, act: Act) -> Endpoint:
        """Make the endpoint of an act."""

        async def work(visit: Visit) -> Response:
            done = await act.do(visit)
            answer = RedirectResponse(done.to, 303)
            for name, value in done.cookies.items():
                flash.keep(visit, answer, name, value)
            flash.put(visit, answer, done)
            return answer

        return self._endpoint(act.name, "html", None, work)

    def _endpoint(
        self, name: str, form: Form, page: Page | None, work: Callable[[Visit], Awaitable[Response]]
    ) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            started, visit = perf_counter(), Visit(request, form)
            request.state.places = self.places
            answer = await self._answered(visit, name, page, work)
            seconds = perf_counter() - started
            REQUESTS.labels(name, request.method, answer.status_code).inc()
            REQUEST_SECONDS.labels(name).observe(seconds)
            answer.headers["X-Request-Id"] = visit.request_id
            answer.headers["Server-Timing"] = f"page;dur={seconds * 1000:.1f}"
            for header, value in HEADERS.items():
                answer.headers.setdefault(header, value)
            return answer

        return endpoint

    async def _answered(
        self,
        visit: Visit,
        name: str,
        page: Page | None,
        work: Callable[[Visit], Awaitable[Response]],
    ) -> Response:
        """Pass the gate, do what was asked, and let the answer out once it is written down."""
        try:
            await visit.enter(name)
            answer = await work(visit)
            await visit.leave(None)
        except XinglinError as error:
            return await self._refused(visit, page, error)
        except Exception as error:
            code, request_id = XinglinError.code, visit.request_id
            logger().error("page failed", page=name, code=code, request_id=request_id, **describe(error))
            return await self._refused(visit, page, XinglinError())
        return answer

    async def _refused(self, visit: Visit, page: Page | None, error: XinglinError) -> Response:
        """Tell an error: to a person as a page, or the way to log in; to a program as an OperationOutcome."""
        try:
            await visit.leave(error)
        except XinglinError as worse:  # the log can't be written: that is what there is to tell
            error = worse
        by_person = "text/html" in visit.request.headers.get("accept", "")
        if error.status == 401 and by_person:
            return _to_login(visit)
        if visit.form == "html" and by_person:
            return await self._fault(visit, page, error)
        headers = {"Content-Language": visit.language, **challenge(error)}
        body = dumps(from_error(error, visit.language))
        return Response(body, error.status, headers, "application/fhir+json; charset=utf-8")

    async def _fault(self, visit: Visit, page: Page | None, error: XinglinError) -> Response:
        patient = visit.path.get(page.patient, "") if page is not None and page.patient else ""
        asking = self.places.page(EMERGENCY)
        glass = ""
        if patient and asking is not None and error.status in (403, 404) and await visit.opens(asking.name):
            glass = asking.path.replace("{id}", patient)
        language = visit.language
        values = {
            "code": error.code,
            "status": error.status,
            "told": error.text(language),
            "advice": error.advice(language),
            "request_id": visit.request_id,
            "emergency": glass,
        }
        return await self._html(visit, page, "portal/fault.html", values, error.status)

    async def nowhere(self, request: Request, error: XinglinError) -> Response:
        """Tell a person in a browser that nothing answers at an address."""
        answer = await self._fault(Visit(request), None, error)
        for header, value in HEADERS.items():
            answer.headers.setdefault(header, value)
        return answer

    async def _shown(self, visit: Visit, page: Page, data: Mapping[str, Any]) -> Response:
        match visit.form:
            case "html":
                return await self._html(visit, page, page.template, data, 200)
            case "json":
                headers = {"Content-Language": visit.language}
                return _packed(visit, dumps(data), JSON, headers)
            case _:
                return await asyncio.to_thread(_file, visit, page, data)

    async def _html(
        self, visit: Visit, page: Page | None, template: str, data: Mapping[str, Any], status: int
    ) -> Response:
        values = {
            "visit": visit,
            "page": page,
            "title": visit.say(page.title) if page is not None else "",
            "frame": "portal/part.html" if visit.fragment else "portal/page.html",
            "menu": [] if visit.fragment else await self.places.menu(visit, page),
            "tabs": await self._tabs(visit, page),
            "flash": flash.take(visit),
            **data,
        }
        text = self.templates.render(template, visit.language, values)
        answer = _packed(visit, text.encode(), HTMLResponse.media_type or "", {}, status)
        flash.drop(visit, answer)
        return answer

    async def _tabs(self, visit: Visit, page: Page | None) -> object:
        if (
            page is None
            or "{id}" not in page.path
            or not any(tab.page == page.name for tab in self.places.tabs)
        ):
            return []
        return await self.places.open_tabs(visit, visit.path["id"], page)


def _to_login(visit: Visit) -> Response:
    """Lead to the login page, and from there back."""
    back = visit.address if visit.request.method in ("GET", "HEAD") else "/"
    then = urlencode({"next": own_path(back) or "/", "language": visit.language})
    if visit.fragment:
        return Response(status_code=401, headers={"HX-Redirect": f"/login?{then}"})
    return RedirectResponse(f"/login?{then}", 303)


def _file(visit: Visit, page: Page, data: Mapping[str, Any]) -> Response:
    """Give the page's tables as a workbook, or one of them as CSV. Raises NoTable."""
    zone, wanted = ZoneInfo(visit.settings.time_zone), visit.text("table")
    tables: list[Table] = [one for one in page.tables if wanted in ("", one.name)]
    if not tables:
        raise NoTable(table=wanted, tables=", ".join(one.name for one in page.tables))
    name = file_name(visit.stem, visit.form)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Language": visit.language}
    if visit.form == "xlsx":
        return Response(as_excel(tables, data, visit.language, zone), headers=headers, media_type=EXCEL)
    return _packed(visit, as_csv(tables[0], data, visit.language, zone), "text/csv; charset=utf-8", headers)


def _packed(visit: Visit, body: bytes, kind: str, headers: dict[str, str], status: int = 200) -> Response:
    headers |= {"Vary": "Accept, Accept-Encoding, Accept-Language, Cookie, HX-Request"}
    body = compress(body, visit.request.headers.get("accept-encoding", ""), headers)
    return Response(body, status, headers, kind)
