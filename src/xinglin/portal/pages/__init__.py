"""The portal's own pages: one module a place, each naming what it adds DECLARED."""
