"""Alerts: rules of a table over the log, and the queue of what the security administrator should look at."""
