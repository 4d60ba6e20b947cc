"""What a session is answered with."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why an item has its score: terms that add up to it.

    Attributes
    ----------
    terms : dict of str to float
        By feature; each level of the item's path, by name.
    because : tuple of (str, float)
        The items of the session that its neighbours share, and how much of the evidence of
        neighbours and rules each gives, the most first.
    neighbours : tuple of (str, float)
        Training sessions that suggest the item, and their shares of that evidence.
    """

    terms: dict[str, float]
    because: tuple[tuple[str, float], ...] = ()
    neighbours: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendedItem:
    """An item, its score, and if it was asked for why it has it."""

    item_id: str
    score: float
    explanation: Explanation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendations:
    """The answer to a session.

    Attributes
    ----------
    session_id : str
    items : tuple of RecommendedItem
        The best first.
    n_unknown : int
        Events of the session that were passed over: the recommender does not know their items.
    reason : str or None
        Why there are fewer items than were asked for.
    """

    session_id: str
    items: tuple[RecommendedItem, ...]
    n_unknown: int = 0
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON can hold it."""
        rows = []
        for item in self.items:
            row: dict[str, Any] = {"item_id": item.item_id, "score": round(item.score, 6)}
            if item.explanation is not None:
                row["explanation"] = asdict(item.explanation)
            rows.append(row)
        return {
            "id": self.session_id,
            "items": rows,
            "n_unknown": self.n_unknown,
            "reason": self.reason,
        }
