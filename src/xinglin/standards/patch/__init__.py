"""Changes to a record described as data: JSON Patch and FHIRPath Patch."""
