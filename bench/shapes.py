"""Shapes of the generated data sets: sizes are published, the difficulty is set by hand.

Sizes: the data set table of the Extreme Classification Repository, bag-of-words versions (Bhatia
et al., 2016, http://manikvarma.org/downloads/XC/XMLRepository.html). A tenth of a set has its
rows and, where it says so, its labels divided by ten.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size and difficulty of a set.

    The lower ``head``, the more frequent the first labels; the higher ``decay``, the rarer the
    last. ``label_share`` of a row's words come from its labels: the higher, the easier. Every
    label gets a row, so ``n_rows * labels_a_row`` must be at least ``n_labels``.
    """

    name: str
    n_rows: int
    n_test: int
    n_features: int
    n_labels: int
    labels_a_row: float
    nonzeros_a_row: float
    head: float
    decay: float
    label_share: float
    seed: int = 0

    def __post_init__(self) -> None:
        n_slots = self.n_rows * self.labels_a_row
        if n_slots < self.n_labels:
            raise ValueError(
                f"{self.n_labels} labels need a row each, but {self.n_rows} rows of "
                f"{self.labels_a_row:g} labels have room for {n_slots:.0f}; ask for more rows"
            )


SHAPES = {
    shape.name: shape
    for shape in (
        Shape(
            name="eurlex",  # EURLex-4K
            n_rows=15_539,
            n_test=3_809,
            n_features=5_000,
            n_labels=3_993,
            labels_a_row=5.31,
            nonzeros_a_row=236.8,
            head=30,
            decay=1.3,
            label_share=0.13,
        ),
        Shape(
            name="amazoncat-10th",  # AmazonCat-13K, a tenth of its rows
            n_rows=118_624,
            n_test=30_678,
            n_features=203_882,
            n_labels=13_330,
            labels_a_row=5.04,
            nonzeros_a_row=71.2,
            head=40,
            decay=1.5,
            label_share=0.22,
        ),
        Shape(
            name="amazon670k-10th",  # Amazon-670K, a tenth of its rows and labels
            n_rows=49_045,
            n_test=15_302,
            n_features=135_909,
            n_labels=67_009,
            labels_a_row=5.45,
            nonzeros_a_row=75.7,
            head=20,
            decay=0.8,
            label_share=0.1,
        ),
        Shape(
            name="amazon670k",  # Amazon-670K
            n_rows=490_449,
            n_test=153_025,
            n_features=135_909,
            n_labels=670_091,
            labels_a_row=5.45,
            nonzeros_a_row=75.7,
            head=20,
            decay=0.8,
            label_share=0.1,
        ),
    )
}
