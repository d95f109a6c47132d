"""Login of people: accounts, roles, passwords, second factors, sessions, and the site's own provider."""
