"""Wrong labels found, ranked and corrected; for a network of any framework.

- Of one network: ``label_margins``, ``suggested_labels``.
- Gathered while it trains: ``init_training_dynamics``, ``TrainingDynamics``.
- Of neighbours: ``neighbour_margins``.
- Of a network that has not seen them: ``label_evidence``, ``LabelEvidence``; several kinds in
  one: ``mean_ranks``; as a probability: ``wrong_label_probabilities``.
- The order to look at them: ``rank_labels``, ``LabelRanking``.
- How good it is where wrong labels are known: ``ranking_quality``, ``RankingQuality``.
- For somebody to look through, as CSV: ``write_label_list``, ``read_label_list``,
  ``LabelReview``, ``ReviewedLabel``.
- The review applied: ``apply_label_lists``, ``CorrectedLabels``.

Arrays come in and arrays go out. Logits may be JAX's, NumPy's or any tensor that NumPy can
read, such as PyTorch's.
"""

import importlib
from typing import TYPE_CHECKING, Any

from esoftmax_jax.cleaning._correction import CorrectedLabels, apply_label_lists
from esoftmax_jax.cleaning._doubt import wrong_label_probabilities
from esoftmax_jax.cleaning._evidence import LabelEvidence, label_evidence, mean_ranks
from esoftmax_jax.cleaning._label_lists import (
    LabelReview,
    ReviewedLabel,
    read_label_list,
    write_label_list,
)
from esoftmax_jax.cleaning._neighbour_vote import neighbour_margins
from esoftmax_jax.cleaning._quality import RankingQuality, ranking_quality
from esoftmax_jax.cleaning._ranking import LabelRanking, rank_labels

if TYPE_CHECKING:
    from esoftmax_jax.cleaning._margins import label_margins, suggested_labels
    from esoftmax_jax.cleaning._training_dynamics import (
        TrainingDynamics,
        init_training_dynamics,
    )

__all__ = [
    "CorrectedLabels",
    "LabelEvidence",
    "LabelRanking",
    "LabelReview",
    "RankingQuality",
    "ReviewedLabel",
    "TrainingDynamics",
    "apply_label_lists",
    "init_training_dynamics",
    "label_evidence",
    "label_margins",
    "mean_ranks",
    "neighbour_margins",
    "rank_labels",
    "ranking_quality",
    "read_label_list",
    "suggested_labels",
    "write_label_list",
    "wrong_label_probabilities",
]

_WITH_JAX = {
    "TrainingDynamics": "_training_dynamics",
    "init_training_dynamics": "_training_dynamics",
    "label_margins": "_margins",
    "suggested_labels": "_margins",
}


def __getattr__(name: str) -> Any:
    """Import what needs JAX when it is first asked for: the rest is there at once."""
    if name not in _WITH_JAX:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text, name=name)
    found = getattr(importlib.import_module(f"{__name__}.{_WITH_JAX[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted(__all__)
