"""Find out which records are of one person, by what they say: probabilistic record linkage.

A table of people is blocked into candidate pairs (`blocking`), each pair is compared (`comparisons`), a model
learns unsupervised what agreement is worth (`training`, `model`), and pairs are decided (`deciding`).
`files.link` does it for two CSV files, `bulk.link_all` for the hub, `model.score` for one pair.

The method is that of Fellegi and Sunter (1969) as Splink gives it, with one class of pairs more: people of
one household, who agree on much and still are two. How it decides, for operators: docs/matching.md.
"""
