"""What the world has agreed on, as pure functions and data: FHIR R4, FHIRPath, code systems, units.

No database, no network.
"""
