"""What a user can choose about a run; every case gets the same."""

from dataclasses import dataclass

PRESETS = ("fast", "balanced")
"""Those that every run measures."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Choices of a run.

    Parameters
    ----------
    sets : tuple of str
        Only these data sets; empty means all of the case.
    n_seeds, n_repetitions : int
        Runs behind a mean of accuracies and a median of times.
    fresh : bool
        Measure the peers again although their results are kept.
    slow_peers : bool
        Also measure peers that need minutes.
    large : bool
        Also measure the set that is far larger than the others.
    accurate : bool
        Also measure the preset with a transformer, which takes many minutes a set and torch.
    """

    sets: tuple[str, ...] = ()
    n_seeds: int = 3
    n_repetitions: int = 3
    fresh: bool = False
    slow_peers: bool = False
    large: bool = False
    accurate: bool = False

    @property
    def presets(self) -> tuple[str, ...]:
        """The presets that this run is to measure."""
        return (*PRESETS, "accurate") if self.accurate else PRESETS

    def chosen(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of ``names`` that this run is to measure."""
        return tuple(name for name in names if not self.sets or name in self.sets)
