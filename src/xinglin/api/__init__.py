"""HTTP for programs: it translates and decides nothing."""
