"""Interactions that are more than one read or one change: batches and transactions."""
