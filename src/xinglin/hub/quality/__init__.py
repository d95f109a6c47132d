"""Data quality: rules in tables, judged record by record as data comes, counted by institution and day.

    rules = in_force(settings.folder)
    progress = await Evaluator(hub, rules, settings.time_zone).step(most=1000)

What is measured and how it is counted: docs/quality.md.
"""

from xinglin.hub.quality.evaluate import Evaluator, Progress
from xinglin.hub.quality.ruleset import RuleSet, in_force

__all__ = ["Evaluator", "Progress", "RuleSet", "in_force"]
