"""What sections say in codes, as records: one module for each kind of section."""
