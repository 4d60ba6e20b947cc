"""How neighbours of a session are found, and what each of them counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any, Self

DECAYS = ("exponential", "linear")
"""How much less an event of the current session counts with every event after it: as
``exp(-events / span)``, as STAN has it, or as ``1 - events / span``, as V-SKNN has it."""

WHOLE = ("n_recent", "n_neighbours")
ABOVE_ZERO = ("span", "distance_span", "rules_span", "sharpness")
NOT_NEGATIVE = (
    "idf_exponent",
    "length_exponent",
    "age_decay",
    "before",
    "repeat",
    "rarity_exponent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourSettings:
    """What makes sessions similar, and which of their items are suggested.

    The similarity of a session is the sum of what their common items count, times
    ``length ** -length_exponent * exp(-age_decay * age)``, where ``age`` is the share of sessions
    that are newer. An item of a neighbour counts as
    ``similarity ** sharpness * place * idf ** rarity_exponent``, where ``place`` depends on how far
    it stands from the common item that the current session had last.

    Attributes
    ----------
    n_recent : int
        Newest sessions of each item that are looked at.
    n_neighbours : int
        Most similar ones of them that count.
    decay : str
        One of `DECAYS`.
    span : float
        Events of the current session after which an item counts 1 / e, or nothing if linear.
    idf_exponent : float
        A common item counts as its idf to this power.
    length_exponent, age_decay, sharpness : float
        See above.
    distance_span : float
        Events from the common item after which ``place`` is 1 / e; the next one has 1.
    before : float
        What ``place`` is multiplied with before the common item.
    repeat : float
        ``place`` of the common item itself, so that it can be suggested again.
    rarity_exponent : float
        See above.
    rules_share : float
        Share of sequential rules in the evidence, from 0 to below 1.
    rules_span : float
        ``span`` for rules.
    """

    n_recent: int = 1000
    n_neighbours: int = 200
    decay: str = "exponential"
    span: float = 2.0
    idf_exponent: float = 1.0
    length_exponent: float = 0.25
    age_decay: float = 0.0
    sharpness: float = 1.0
    distance_span: float = 3.0
    before: float = 0.7
    repeat: float = 1.0
    rarity_exponent: float = 0.0
    rules_share: float = 0.1
    rules_span: float = 2.0

    def __post_init__(self) -> None:
        if self.decay not in DECAYS:
            raise ValueError(f"decay must be one of {', '.join(DECAYS)}, got {self.decay!r}")
        for name in WHOLE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in (*ABOVE_ZERO, *NOT_NEGATIVE):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0 and (value > 0 or name in NOT_NEGATIVE)):
                limit = "at least" if name in NOT_NEGATIVE else "above"
                raise ValueError(f"{name} must be {limit} 0 and finite, got {value}")
        if not 0 <= self.rules_share < 1:
            raise ValueError(f"rules_share must be from 0 to below 1, got {self.rules_share}")

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise ValueError(f"unknown neighbour settings: {', '.join(sorted(unknown))}")
        return cls(**values)
