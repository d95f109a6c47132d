"""Policies: who may do what with which records, as rules that a privacy officer reads and Cedar decides."""
