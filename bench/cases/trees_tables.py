"""The tables of `bench.cases.trees`: every system, ours beside the best, one row, and int8."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from bench.datasets import Problem
from bench.metrics import precision_at, psp_at
from bench.peers import ONE_TREE, PECOS_TREE, THREADS, THREE_TREES, Measurement, System
from bench.table import Cell, Table

CUTS = (1, 3, 5)
COSTS = (  # column, measure
    ("train s", "train_s"),
    ("us a row", "us_per_row"),
    ("one row p50 us", "one_row_p50_us"),
    ("p99 us", "one_row_p99_us"),
    ("model MB", "model_mb"),
    ("peak MB", "peak_rss_mb"),
    ("before MB", "loaded_rss_mb"),
)
COMPARED = tuple(
    (column, key) for column, key in COSTS if key not in ("one_row_p99_us", "loaded_rss_mb")
)
ACCURACIES = tuple(f"{name}@{k}" for name in ("P", "PSP") for k in CUTS)


@dataclass(frozen=True)
class Figures:
    """What the runs of a system on a set come to, and the day of the oldest.

    ``values`` has the medians of the measures, and means of P@k and PSP@k in percent.
    """

    values: dict[str, float]
    day: str


Book = dict[str, dict[str, Figures]]
"""Figures by set and name of the system."""


def sum_up(problem: Problem, runs: Sequence[Measurement]) -> Figures:
    """Return the figures of the runs of one system."""
    keys = set.intersection(*(set(run.measures) for run in runs))
    values = {key: median(run.measures[key] for run in runs) for key in sorted(keys)}
    Y, truth = problem.Y, problem.Y_test
    for k in CUTS:
        values[f"P@{k}"] = fmean(precision_at(run.labels, truth, k=k) for run in runs)
        values[f"PSP@{k}"] = fmean(psp_at(run.labels, Y, truth, k=k) for run in runs)
    int8 = [run.int8_labels for run in runs if run.int8_labels is not None]
    if int8:
        values["int8 P@1"] = fmean(precision_at(labels, truth, k=1) for labels in int8)
    return Figures(values, min(run.day for run in runs))


def every_table(book: Book) -> Table:
    """Return one row for each set and system."""
    columns = [column for column, _ in COSTS]
    table = Table(
        "Label trees: one matrix for all systems",
        ("set", "system", *columns, *ACCURACIES, "measured"),
    )
    for name, systems in book.items():
        for system, figures in systems.items():
            keys = *(key for _, key in COSTS), *ACCURACIES
            cells = [figures.values[key] for key in keys]
            table.rows.append((name, system, *cells, figures.day))
    table.notes += [
        f"{THREADS} threads, medians, P@k and PSP@k the means of the runs' seeds.",
        "One row: one thread on one processor, 500 rows one by one.",
        "Peak: memory of the process until it is trained; before: when training starts.",
    ]
    return table


def best_table(book: Book) -> Table:
    """Return the costs of ours divided by those of the best peer of each column."""
    table = Table(
        "Ours / best peer of each column: below 1 is better than all",
        ("set", "system", *(column for column, _ in COMPARED)),
    )
    ours = (ONE_TREE.name, THREE_TREES.name)
    for name, systems in book.items():
        peers = [figures.values for system, figures in systems.items() if system not in ours]
        for system in ours if peers else ():
            if system in systems:
                own = systems[system].values
                ratios = [own[key] / min(peer[key] for peer in peers) for _, key in COMPARED]
                table.rows.append((name, system, *ratios))
    return table


def one_row_table(book: Book) -> Table:
    """Compare the whole call for one row, and the compiled search inside it, with PECOS's."""
    table = Table(
        "One row, p50 us: the Python call, and the compiled search inside it",
        ("set", "call, 1 tree", "PECOS", "PECOS / ours", "search, 1 tree", "PECOS", "PECOS / ours"),
    )
    for name, ours, theirs in pairs(book, ONE_TREE, PECOS_TREE):
        cells: list[Cell] = [name]
        for key in ("one_row_p50_us", "one_row_core_us"):
            cells += [ours[key], theirs[key], theirs[key] / ours[key]]
        table.rows.append(cells)
    table.notes.append("PECOS's search is its C++ function less what that calls back in Python.")
    return table


def size_table(book: Book) -> Table:
    """Compare the sizes on disk with PECOS's, and show what weights of 8 bits cost."""
    sizes = (("int8", "int8_mb"), ("compressed", "int8_compressed_mb"))
    table = Table(
        "One tree with weights of 8 bits",
        (
            "set", "float32 MB", "PECOS MB",
            *(text for size, _ in sizes for text in (f"{size} MB", f"{size} / PECOS")),
            "float32 P@1", "int8 P@1", "loss", "float32 us a row", "int8 us a row",
        ),
    )  # fmt: skip
    for name, ours, theirs in pairs(book, ONE_TREE, PECOS_TREE):
        cells: list[Cell] = [name, ours["model_mb"], theirs["model_mb"]]
        for _, key in sizes:
            cells += [ours[key], ours[key] / theirs["model_mb"]]
        cells += [ours["P@1"], ours["int8 P@1"], ours["P@1"] - ours["int8 P@1"]]
        table.rows.append((*cells, ours["us_per_row"], ours["int8_us_per_row"]))
    return table


def pairs(
    book: Book, ours: System, theirs: System
) -> list[tuple[str, dict[str, float], dict[str, float]]]:
    """Return the values of two systems on every set that has both."""
    return [
        (name, systems[ours.name].values, systems[theirs.name].values)
        for name, systems in book.items()
        if ours.name in systems and theirs.name in systems
    ]
