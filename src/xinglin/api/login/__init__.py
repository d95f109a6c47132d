"""Login over HTTP, for people with a browser and for programs of theirs."""
