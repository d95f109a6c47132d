"""The reply to a change, as `Prefer: return=…` wishes (http://hl7.org/fhir/R4/http.html#ops)."""

from xinglin.api.fhir.exchange import Exchange, Reply, record_headers
from xinglin.core.exact_json import Json, dumps
from xinglin.core.i18n import translate
from xinglin.hub.interactions.answers import Answer
from xinglin.standards.outcome import from_findings, issue, outcome

STORED = "Stored {key} as version {version}."
DELETED = "Deleted {key}."
NOTHING = "There was nothing to delete."


def written(exchange: Exchange, answer: Answer) -> Reply:
    """Show what a change came to: the record, nothing, or an OperationOutcome."""
    record = answer.record
    headers = record_headers(record) if record is not None else {}
    if record is not None and answer.status == 201:
        headers["Location"] = f"{exchange.base}/{record.key}/_history/{record.version}"
    match exchange.preferences.get("return"):
        case "minimal":
            return Reply(answer.status, None, headers)
        case "OperationOutcome":
            told = issue(severity="information", code="informational", text=_text(exchange, answer))
            body = dumps(outcome(told, *_findings(exchange, answer)))
            return Reply(200 if answer.status == 204 else answer.status, body, headers)
        case _:
            return Reply(answer.status, answer.content, headers)


def _findings(exchange: Exchange, answer: Answer) -> list[Json]:
    """Tell the warnings about a record that was stored."""
    record = answer.record
    if record is None or record.deleted:
        return []
    admission = exchange.hub.admission
    findings = [*admission.examine(record.content), *admission.notes(record.content)]
    return from_findings(findings, exchange.language)["issue"] if findings else []


def _text(exchange: Exchange, answer: Answer) -> str:
    record = answer.record
    if record is None:
        return translate(NOTHING, exchange.language)
    text = DELETED if record.deleted else STORED
    return translate(text, exchange.language).format(key=record.key, version=record.version)
