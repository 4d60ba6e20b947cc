"""Label trees: sparse features in, ranked labels out.

`LabelTreeClassifier` trains, and imports scikit-learn when first named; `LabelForest` serves.
"""

from typing import TYPE_CHECKING, Any

from label_trees.forest import LabelForest
from label_trees.persist import load_array, load_forest, save_forest
from label_trees.ranking import Ranking, empty_ranking
from label_trees.tree import LabelTree

if TYPE_CHECKING:
    from label_trees.classifier import LabelTreeClassifier

__all__ = [
    "LabelForest",
    "LabelTree",
    "LabelTreeClassifier",
    "Ranking",
    "empty_ranking",
    "load_array",
    "load_forest",
    "save_forest",
]


def __getattr__(name: str) -> Any:
    if name == "LabelTreeClassifier":
        from label_trees.classifier import LabelTreeClassifier

        return LabelTreeClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
