"""What a user may say about how a recommender is made."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from xmlrec.errors import OptionError

PRESETS = ("fast", "accurate")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommenderSettings:
    """How a recommender is made.

    Attributes
    ----------
    preset : str
        ``fast`` has session neighbours, the category forecast and the items' texts; ``accurate``
        has a session model too, which takes torch and minutes.
    leave_out : int
        The last events of each session that nothing is learned from. If there are any, what is
        learned is weighed by the events before them; else by the last sessions.
    seed : int

    Raises
    ------
    OptionError
        If there is no such preset, or ``leave_out`` is negative.
    """

    preset: str = "fast"
    leave_out: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            step = f"there are {' and '.join(PRESETS)}"
            raise OptionError("--preset", f"there is no preset {self.preset!r}", step)
        if self.leave_out < 0:
            raise OptionError("--leave-out", f"{self.leave_out} is negative", "give 0 or more")

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what `to_json` gave; `TypeError` for unknown settings."""
        return cls(**values)
