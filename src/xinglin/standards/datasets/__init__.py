"""Chinese national data sets as tables: code tables, and mappings of their columns to FHIR."""
