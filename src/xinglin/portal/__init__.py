"""The portal: pages for people. `places` says how a page is added, docs/portal.md shows it."""
