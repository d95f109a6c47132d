"""Encryption at rest: what tells who somebody is stands in the database under keys that aren't in it."""
