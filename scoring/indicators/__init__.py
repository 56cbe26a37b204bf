"""The indicators of every scale once more, in Python: the reference that the SQL models are compared with.

Written from the output contract (docs/architecture.md names it), not from the models; a difference between the two is
an error in one of them. Small and slow on purpose: plain records, one formula a line.
"""

from scoring.indicators.evaluation import Evaluation, evaluate
from scoring.indicators.inputs import CityYear

__all__ = ["CityYear", "Evaluation", "evaluate"]
