"""One person, one identity: which records are about the same person, and why."""
