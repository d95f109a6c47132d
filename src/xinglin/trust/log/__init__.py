"""The audit log: what anybody did or tried, written once, in a tree that shows every later change."""
