"""FHIR REST: one file an interaction (http://hl7.org/fhir/R4/http.html)."""
