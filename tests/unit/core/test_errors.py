"""Errors pass from one process to another: a pool of processes breaks over one that doesn't."""

import pickle

import pytest

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Full, NoAnswer
from xinglin.hub.intake.fhir import NothingIn
from xinglin.standards.outcome import InvalidRecord


@pytest.mark.parametrize(
    "error",
    [
        NoAnswer(),
        Full(detail=Phrase("it must be an array of objects")),
        NothingIn(expression="Bundle.entry[3]"),
        InvalidRecord([]),
    ],
)
def test_errors_pass_between_processes(error: XinglinError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.text("zh"), again.advice("zh")) == (error.text("zh"), error.advice("zh"))
    assert again.expression == error.expression
    assert str(again) == str(error)
