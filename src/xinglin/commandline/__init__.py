"""The groups of the command line, a module each; they only parse (see `xinglin.__main__`)."""
