"""The lifelong record: all that is known about one person, each fact once, with whoever says so."""
