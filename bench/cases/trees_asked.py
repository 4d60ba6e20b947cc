"""What label trees are to reach beside the peers, and whether they do: a table of claims.

A claim about training holds only if P@1, P@3 and P@5 are at most ``MAX_DEFICIT`` below those of
the peer that it names.
"""

from dataclasses import dataclass
from statistics import geometric_mean

from bench.cases.trees_tables import CUTS, Book, pairs
from bench.peers import (
    OMIKUJI_BINARY,
    OMIKUJI_COLLAPSED,
    ONE_TREE,
    PECOS_TREE,
    THREE_TREES,
    System,
)
from bench.table import Cell, Table

MAX_DEFICIT = 0.3  # of P@k in percent
MAX_LOSS = 0.2  # of P@1 in percent, by weights of 8 bits
MAX_SIZE = 1 / 3  # of PECOS's model
MAX_GIB = 20
MAX_OPEN_MS = 50
TRAINING = (  # set, ours, theirs, at least so many times as fast
    ("eurlex", ONE_TREE, PECOS_TREE, 4.0),
    ("eurlex", THREE_TREES, OMIKUJI_COLLAPSED, 10.0),
    ("eurlex", THREE_TREES, OMIKUJI_BINARY, 10.0),
    ("mwpd", ONE_TREE, PECOS_TREE, 1.5),
    ("onet-tasks", ONE_TREE, PECOS_TREE, 1.5),
    ("tate", ONE_TREE, PECOS_TREE, 3.0),
    ("amazon670k-10th", ONE_TREE, PECOS_TREE, 2.0),
    ("amazon670k", ONE_TREE, PECOS_TREE, 2.0),
)
RANKING = (  # what, measure, times as fast in the mean, and on the worst set
    ("batch, us a row", "us_per_row", 4.0, 1.0),
    ("one row, call, us", "one_row_p50_us", 3.0, 3.0),
    ("one row, search, us", "one_row_core_us", 2.0, 2.0),
)
Row = tuple[Cell, ...]
Values = dict[str, float]


@dataclass(frozen=True)
class Opening:
    """How long a saved forest takes to open and rank one row, from memory and from disk."""

    model: str
    model_mb: float
    memory_ms: float
    disk_ms: float

    @classmethod
    def of(cls, model: str, values: Values) -> "Opening":
        """Take the figures from those of a run."""
        return cls(model, values["model_mb"], values["open_ms"], values["open_from_disk_ms"])


def asked_table(book: Book, opening: Opening | None) -> Table:
    """Return one row for each claim that ``book`` can answer."""
    table = Table("What was asked", ("what", "asked", "ours", "theirs", "ratio or gap", "met"))
    for name, ours, theirs, least in TRAINING:
        table.rows += training_rows(book, name, ours, theirs, least)
    table.rows += memory_rows(book)
    both = pairs(book, ONE_TREE, PECOS_TREE)
    if both:
        for what, key, mean, worst in RANKING:
            table.rows += ranking_rows(both, what, key, mean, worst)
        table.rows += size_rows(both)
    for ours, theirs in ((ONE_TREE, PECOS_TREE), (THREE_TREES, OMIKUJI_COLLAPSED)):
        table.rows += deficit_rows(book, ours, theirs)
    if opening:
        what = f"open {opening.model}, {opening.model_mb:.0f} MB, rank a row, ms"
        for source, ms in (("memory", opening.memory_ms), ("disk", opening.disk_ms)):
            limit = f"below {MAX_OPEN_MS}" if source == "memory" else ""
            met = yes(ms < MAX_OPEN_MS) if limit else ""
            table.rows.append((f"{what}, from {source}", limit, ms, None, None, met))
    table.notes.append("Ratio: theirs / ours of times, ours / theirs of sizes; gap: theirs - ours.")
    return table


def training_rows(book: Book, name: str, ours: System, theirs: System, least: float) -> list[Row]:
    rows = []
    for _, own, other in pairs({name: book.get(name, {})}, ours, theirs):
        ratio = other["train_s"] / own["train_s"]
        gap, k = largest_deficit(own, other)
        met = yes(ratio >= least)
        if gap > MAX_DEFICIT:
            met = f"no, P@{k} {gap:.2f} lower"
        what = f"train {name}, {ours.name} : {theirs.name}, s"
        rows.append((what, f"{least:g} times", own["train_s"], other["train_s"], ratio, met))
    return rows


def memory_rows(book: Book) -> list[Row]:
    """Return the peak memory of training on the largest set."""
    rows = []
    for _, own, other in pairs({"amazon670k": book.get("amazon670k", {})}, ONE_TREE, PECOS_TREE):
        ours, theirs = own["peak_rss_mb"] / 1024, other["peak_rss_mb"] / 1024
        cells = ours, theirs, ours / theirs, yes(ours <= MAX_GIB)
        rows.append(("train amazon670k, peak GiB", f"at most {MAX_GIB}", *cells))
    return rows


def ranking_rows(
    both: list[tuple[str, Values, Values]], what: str, key: str, mean: float, worst: float
) -> list[Row]:
    """Return the geometric mean over all sets, and the set where ours gains least."""
    ours = geometric_mean(own[key] for _, own, _ in both)
    theirs = geometric_mean(other[key] for _, _, other in both)
    name, own, other = min(both, key=lambda pair: pair[2][key] / pair[1][key])
    of_mean, of_worst = theirs / ours, other[key] / own[key]
    return [
        (f"{what}, mean", f"{mean:g} times", ours, theirs, of_mean, yes(of_mean >= mean)),
        (
            f"{what}, worst: {name}",
            f"{worst:g} times" if worst > 1 else "not slower",
            own[key],
            other[key],
            of_worst,
            yes(of_worst >= worst),
        ),
    ]


def size_rows(both: list[tuple[str, Values, Values]]) -> list[Row]:
    """Return mean and worst set of both ways to save 8 bits, and the largest loss of P@1."""
    rows: list[Row] = []
    for what, key in (("int8", "int8_mb"), ("int8 compressed", "int8_compressed_mb")):
        ours = geometric_mean(own[key] for _, own, _ in both)
        theirs = geometric_mean(other["model_mb"] for _, _, other in both)
        name, own, other = max(both, key=lambda pair: pair[1][key] / pair[2]["model_mb"])
        for place, mine, other_mb in (
            ("mean", ours, theirs),
            (f"worst: {name}", own[key], other["model_mb"]),
        ):
            ratio = mine / other_mb
            cells = mine, other_mb, ratio, yes(ratio <= MAX_SIZE)
            rows.append((f"{what} on disk, MB, {place}", "at most 1/3", *cells))
    name, own, _ = max(both, key=lambda pair: pair[1]["P@1"] - pair[1]["int8 P@1"])
    loss = own["P@1"] - own["int8 P@1"]
    cells = own["int8 P@1"], own["P@1"], loss, yes(loss <= MAX_LOSS)
    rows.append((f"int8 : float32, P@1, worst: {name}", f"{MAX_LOSS} lower", *cells))
    return rows


def deficit_rows(book: Book, ours: System, theirs: System) -> list[Row]:
    """Return the P@k where ``ours`` is furthest below ``theirs``."""
    both = pairs(book, ours, theirs)
    if not both:
        return []
    name, own, other = max(both, key=lambda pair: largest_deficit(*pair[1:]))
    gap, k = largest_deficit(own, other)
    what = f"P@{k}, {ours.name} : {theirs.name}, worst: {name}"
    cells = own[f"P@{k}"], other[f"P@{k}"], gap, yes(gap <= MAX_DEFICIT)
    return [(what, f"at most {MAX_DEFICIT} lower", *cells)]


def largest_deficit(ours: Values, theirs: Values) -> tuple[float, int]:
    """Return how far P@k is below at the worst k, negative where it is above, and that k."""
    return max((theirs[f"P@{k}"] - ours[f"P@{k}"], k) for k in CUTS)


def yes(is_met: bool) -> str:
    return "yes" if is_met else "no"
