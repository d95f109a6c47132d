"""Labels of confidentiality: how sensitive a record is, and why, by tables that a privacy officer can read.

    rules = in_force(folder_of_the_site)
    labelled(rules, content, today)        # the record with its labels in meta.security
    explain(rules, content, today)         # which rule gave which

Grades are public, restricted and sensitive (`urn:xinglin:grade`); classes of sensitive information are codes
of HL7's InformationSensitivityPolicy, or of `urn:xinglin:sensitivity` where HL7 has none. Pure functions, no
database and no network.
"""

from xinglin.standards.confidentiality.derive import (
    PUBLIC,
    RESTRICTED,
    SENSITIVE,
    Derived,
    Hit,
    classes_among,
    derive,
    explain,
    is_minor_until,
    labelled,
    labels,
    without_labels,
)
from xinglin.standards.confidentiality.errors import FaultyLabelTable
from xinglin.standards.confidentiality.rules import (
    CONFIDENTIALITY,
    GRADE,
    SENSITIVITY,
    Rule,
    RuleSet,
    check,
    in_force,
)

__all__ = [
    "CONFIDENTIALITY",
    "GRADE",
    "PUBLIC",
    "RESTRICTED",
    "SENSITIVE",
    "SENSITIVITY",
    "Derived",
    "FaultyLabelTable",
    "Hit",
    "Rule",
    "RuleSet",
    "check",
    "classes_among",
    "derive",
    "explain",
    "in_force",
    "is_minor_until",
    "labelled",
    "labels",
    "without_labels",
]
