"""Registries: places, institutions, their departments, people and devices, as ordinary records.

tables       what an institution, a grade, a title, a role can be
sheet        the tables that an operator fills in, with their columns
records      what stands in every registered record: its id, where it came from
institutions, departments, practitioners, devices
             a row checked, and the records made of it
load         a whole table checked and stored
find         who is registered; the tree
speaking     for whom a source may speak
"""
