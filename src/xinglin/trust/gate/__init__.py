"""The gate: the one way to personal data. It asks the policy, masks what leaves, and writes the audit log."""
