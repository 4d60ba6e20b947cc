"""What an explanation of an answer holds: sums, and the terms that they are made of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xmlrec.text.words import Word

HELD_BACK = "held back"
"""The term of a difference that comes from holding back new labels, see `hold_back`."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words that make up a sum; ``total`` is that of all values and ``rest``.

    Attributes
    ----------
    total : float
    speaking_for : tuple of Word
        The largest values above 0, falling.
    against : tuple of Word
        The smallest values below 0, rising.
    rest : float
        What the words that are not listed come to.
    """

    total: float
    speaking_for: tuple[Word, ...]
    against: tuple[Word, ...]
    rest: float


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the fused score: ``value`` is ``score`` times ``weight``.

    Attributes
    ----------
    name : str
        One of `xmlrec.fuse.scores.NAMES`.
    score, weight, value : float
    words : Words or None
        What ``score`` is the sum of, where it is one over words.
    """

    name: str
    score: float
    weight: float
    value: float
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class TreeLevel:
    """A level of a label tree: ``margin`` is the sum of ``words`` and ``bias``.

    Attributes
    ----------
    n_labels : int
        Labels that are left below this step.
    within : str
        The deepest category above or among all of these, as a path; "" if there is none.
    words : Words
    bias, margin : float
    log_score : float
        The logarithm of the level's score, 0 for a margin of 1 or more. The tree's score is the
        exponential of the sum over its levels.
    """

    n_labels: int
    within: str
    words: Words
    bias: float
    margin: float
    log_score: float


@dataclass(frozen=True, slots=True)
class TreePath:
    """The way to a label in one tree.

    Attributes
    ----------
    score : float
        In (0, 1].
    is_reached : bool
        Whether the beam search came there; where it did not, the tree's score counts as 0.
    levels : tuple of TreeLevel
        From the root down.
    """

    score: float
    is_reached: bool
    levels: tuple[TreeLevel, ...]


@dataclass(frozen=True, slots=True)
class TreeEvidence:
    """What the label trees say.

    Attributes
    ----------
    score : float
        Its logarithm is the score of the term "tree".
    source : str
        "search": the mean of the trees' scores, 0 for those that did not reach the label.
        "pair": no search found the label, which was asked for; the mean of all.
        "last found": no search found it; that of the last label that was found.
        "below the parent": a new label has those of all candidates below its parent, added up.
    trees : tuple of TreePath
        Empty for a new label.
    """

    score: float
    source: str
    trees: tuple[TreePath, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled item near the one in question."""

    text: str
    cosine: float


@dataclass(frozen=True, slots=True)
class PathLevel:
    """A category on the path, and what of the item matches its name.

    Attributes
    ----------
    depth : int
        1 for a root.
    name : str
    shared : tuple of str
        The words of the name that the item has too.
    words : Words
        Those that training knows, and letters; their total is the cosine of item and name.
    """

    depth: int
    name: str
    shared: tuple[str, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Rival:
    """The best other category.

    Attributes
    ----------
    category_id, path_text : str
    score : float
    margin : float
        By how much the category in question leads; the sum of ``terms``.
    terms : mapping of str to float
        The difference of each term, under its name, and of what new labels were held back by.
    depth : int
        The first level at which the paths part; 1 is the top.
    names : tuple of str or None
        What the two are called there, None for a path that ends above.
    """

    category_id: str
    path_text: str
    score: float
    margin: float
    terms: Mapping[str, float]
    depth: int
    names: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item has a score in a category.

    Attributes
    ----------
    category_id, path_text : str
    score : float
        As in a ranking: ``fused`` and ``held_back``.
    fused : float
        The sum of the values of ``terms``.
    held_back : float
        What a new category lost where it led the best known one by too little, else 0.
    is_new : bool
        Whether the category came after training; its terms have other weights.
    found_as : str or None
        What the category was called that the item was found in, if it was merged into this one.
    terms : tuple of Term
        One for each of `xmlrec.fuse.scores.NAMES`.
    tree : TreeEvidence
    label_texts : tuple of str
        What the vector of the category was made of, beside examples; none without vectors.
    neighbours : tuple of Neighbour
        Its nearest labelled items, nearest first; none without vectors.
    levels : tuple of PathLevel
    rival : Rival or None
        None if no other category was found.
    """

    category_id: str
    path_text: str
    score: float
    fused: float
    held_back: float
    is_new: bool
    found_as: str | None
    terms: tuple[Term, ...]
    tree: TreeEvidence
    label_texts: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    levels: tuple[PathLevel, ...]
    rival: Rival | None

    def to_json(self) -> dict[str, Any]:
        """Return the attributes, nested, as values that JSON can hold; words are objects too."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    """Return lists for tuples, and an object for a word."""
    if isinstance(value, Word):
        return value._asdict()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
