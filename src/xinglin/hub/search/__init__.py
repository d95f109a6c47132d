"""Search over the stored records (http://hl7.org/fhir/R4/search.html).

`rows` is what is kept beside each record, `sql` asks for it, `resolve` follows chains, `find` finds pages,
`includes` what comes along, `answer` makes the bundle.
"""
