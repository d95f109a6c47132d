"""What is shared by all that speak HTTP: who asks, bodies on the wire, and what a page is."""
