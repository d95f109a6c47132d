"""Questionnaires and their answers (http://hl7.org/fhir/R4/questionnaireresponse.html#notes).

Answers are held to their questionnaire where it is in the same record or Bundle.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xinglin.standards.validation.context import Context, Json, is_array, is_object
from xinglin.standards.validation.findings import Drafts, at, error, excerpt

_ANSWERS: Final[Mapping[str, frozenset[str]]] = {
    "boolean": frozenset({"valueBoolean"}),
    "decimal": frozenset({"valueDecimal"}),
    "integer": frozenset({"valueInteger"}),
    "date": frozenset({"valueDate"}),
    "dateTime": frozenset({"valueDateTime"}),
    "time": frozenset({"valueTime"}),
    "string": frozenset({"valueString"}),
    "text": frozenset({"valueString"}),
    "url": frozenset({"valueUri"}),
    "choice": frozenset(
        {"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference"}
    ),
    "open-choice": frozenset(
        {"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference"}
    ),
    "attachment": frozenset({"valueAttachment"}),
    "reference": frozenset({"valueReference"}),
    "quantity": frozenset({"valueQuantity"}),
}
"""What an answer to each type of question may be."""


def check_questionnaire(value: Json, _context: Context) -> Drafts | None:
    """Check that conditions of a Questionnaire name questions that it has."""
    known = {item.get("linkId") for _, item in _walk(value, "")}
    drafts: Drafts = []
    for place, item in _walk(value, ""):
        for index, condition in enumerate(_objects(item, "enableWhen")):
            question = condition.get("question")
            if type(question) is str and question not in known:
                found = [error("questionnaire-link", link=excerpt(question))]
                drafts += at(f"{place}.enableWhen[{index}].question", found)
    return drafts or None


def _walk(parent: Any, place: str) -> Iterator[tuple[str, Json]]:
    for index, item in enumerate(_objects(parent, "item")):
        below = f"{place}.item[{index}]"
        yield below, item
        yield from _walk(item, below)


def _objects(parent: Any, name: str) -> list[Json]:
    found = parent.get(name) if is_object(parent) else None
    return [one if is_object(one) else {} for one in found] if is_array(found) else []


def check_response(value: Json, context: Context) -> Drafts | None:
    """Check answers against their questionnaire, where it is at hand."""
    questionnaire = _questionnaire(value.get("questionnaire"), context)
    if questionnaire is None:
        return None
    complete = value.get("status") in {"completed", "amended"}
    return _check_items(value, questionnaire, complete=complete) or None


def _questionnaire(canonical: Any, context: Context) -> Json | None:
    if type(canonical) is not str:
        return None
    if canonical.startswith("#"):
        found = context.contained.get(canonical[1:])
    else:
        url = canonical.partition("|")[0]
        entries = context.bundle.by_url.values() if context.bundle else ()
        found = next((one for one in entries if one.get("url") == url), None)
    return found if found is not None and found.get("resourceType") == "Questionnaire" else None


def _check_items(answers: Json, questions: Json, *, complete: bool) -> Drafts:
    """Check the items below one answer or group against the items below its question."""
    by_link = {item.get("linkId"): item for item in _objects(questions, "item")}
    drafts: Drafts = []
    given: set[Any] = set()
    for index, item in enumerate(_objects(answers, "item")):
        link = item.get("linkId")
        question = by_link.get(link) if type(link) is str else None
        if question is None:
            found = [error("questionnaire-link", link=excerpt(link))]
        else:
            given.add(link)
            found = _check_item(item, question, complete=complete)
        drafts += at(f".item[{index}]", found)
    for link, question in by_link.items():
        needed = question.get("required") is True and "enableWhen" not in question
        if complete and needed and link not in given:
            drafts.append(error("questionnaire-required", link=link))
    return drafts


def _check_item(item: Json, question: Json, *, complete: bool) -> Drafts:
    kind = question.get("type")
    answers = _objects(item, "answer")
    drafts: Drafts = []
    if kind in {"group", "display"}:
        if answers:
            drafts.append(error("questionnaire-no-answer", type=kind))
        return drafts + (_check_items(item, question, complete=complete) if kind == "group" else [])
    if len(answers) > 1 and question.get("repeats") is not True:
        drafts.append(error("questionnaire-repeats", count=len(answers)))
    if complete and question.get("required") is True and not answers and "enableWhen" not in question:
        drafts.append(error("questionnaire-required", link=question.get("linkId")))
    for index, answer in enumerate(answers):
        found = _check_answer(answer, question)
        drafts += at(f".answer[{index}]", found + _check_items(answer, question, complete=complete))
    return drafts


def _check_answer(answer: Json, question: Json) -> Drafts:
    key = next((one for one in answer if one.startswith("value")), None)
    allowed = _ANSWERS.get(str(question.get("type")))
    if key is None or allowed is None:
        return []
    if key not in allowed:
        return [error("questionnaire-type", type=question.get("type"), found=key)]
    options = _objects(question, "answerOption")
    if (
        question.get("type") == "choice"
        and options
        and not any(_same(answer[key], one.get(key)) for one in options)
    ):
        return [error("questionnaire-option", found=excerpt(answer[key]))]
    return []


def _same(value: Any, option: Any) -> bool:
    if is_object(value) and is_object(option):
        return all(value.get(key) == option.get(key) for key in ("system", "code", "reference"))
    return value == option
