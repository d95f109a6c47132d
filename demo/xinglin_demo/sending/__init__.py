"""What each institution's system would really send of the same invented people.

hl7       a city hospital: its information system and its laboratory, HL7 v2
county    a county hospital: tables of WS 445
township  a township centre and a village clinic: tables of WS 365
cda       a hospital of traditional medicine: documents of WS/T 500
centre    a regional centre for imaging and electrocardiograms: FHIR
faults    what goes wrong in every province, on purpose
"""
