"""Programs and their tokens: registration, SMART App Launch 2.2 and Backend Services, scopes, revocation.

`access.who_of_token` tells the gate whom a bearer token speaks for; `scopes.Scopes` what it may be used for.
"""
