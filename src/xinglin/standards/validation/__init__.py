"""Validation: records checked by the definitions, compiled once (http://hl7.org/fhir/R4/validation.html)."""

from xinglin.standards.validation.findings import Finding, Severity
from xinglin.standards.validation.validator import Validator, validate, validator

__all__ = ["Finding", "Severity", "Validator", "validate", "validator"]
