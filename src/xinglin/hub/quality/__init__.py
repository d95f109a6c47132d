"""Data quality: rules in tables, judged record by record as data comes, counted by institution and day.

    progress = await evaluate(hub, most=5_000)

What is measured and how it is counted: docs/quality.md.
"""

from xinglin.hub.quality.evaluate import Evaluator, Progress, evaluate
from xinglin.hub.quality.ruleset import RuleSet, in_force

__all__ = ["Evaluator", "Progress", "RuleSet", "evaluate", "in_force"]
