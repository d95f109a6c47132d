"""The database's schema, forward only: each step is plain SQL under `versions/`."""
