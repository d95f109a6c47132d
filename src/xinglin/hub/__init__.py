"""The health database: versioned records, interactions, backup. PostgreSQL."""
