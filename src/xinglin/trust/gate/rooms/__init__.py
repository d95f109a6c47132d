"""What is no reading or changing of records: questions and acts of the hub's rooms, each behind the gate.

Every function takes the gated hub. The door it stands behind was decided on before (`GatedHub.enter`); here
it is written down whom and what the answer is about.
"""
