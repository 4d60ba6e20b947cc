"""A catalog dump from compressed CSV to JSON lines: speed and memory, ours beside other systems.

The dump is made of a set's test rows, see `bench.dumps`. Ours are the models whose accuracy
`bench.cases.presets` reports. Every run is a fresh process, and its output is checked.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.batch import (
    N_PATHS,
    Batch,
    Figures,
    measure_batch,
    measure_batch_once,
    measure_checked,
)
from bench.batch_ours import ours
from bench.batch_peers import annif, minilm, pecos
from bench.datasets import WORK, DataMissingError, TextSet, load_text_set
from bench.dumps import write_dump
from bench.options import PRESETS, Options
from bench.peers import THREADS, made
from bench.stages import STAGES, stage_times
from bench.table import Cell, Table, show

SETS, SMALL_SET = ("onet-unspsc", "mwpd"), "onet-tasks"
GROWING = "onet-unspsc", "fast"
PECOS, ANNIF, MINILM = "PECOS script", "Annif, omikuji", "MiniLM script"
MUST_RATE = {("onet-unspsc", "fast"): 20_000, ("mwpd", "fast"): 6_000}
MUST_RATE |= {("onet-unspsc", "balanced"): 3_000}
MUST_RATIO = {("fast", PECOS): 3.0, ("fast", ANNIF): 30.0}
MUST_MEMORY = 1.3
QUICK_SHARE, QUICK_TEST = 0.05, 300

COLUMNS = (
    "set",
    "system",
    "rows",
    "seconds",
    "start s",
    "rows a second",
    "to reach",
    "peak MB",
    "P@1",
    "measured",
)
GROWTH_COLUMNS = (
    "rows",
    "seconds",
    "rows a second",
    "peak MB",
    "times the memory",
    "to be at most",
)
RATIO_COLUMNS = ("set", "ours", "other", "times as fast", "to reach", "P@1 difference")
NOTES = (
    "Seconds: the whole command. Start: the same for a catalog of one row. Rows a second: without "
    "the start. Peak MB: of all processes of the command together.",
    f"{N_PATHS} paths a row. Rows: of one dump; who has fewer got its beginning, and the rate is "
    "taken to hold for all of it. P@1 in percent, of the set's own test rows.",
    "MiniLM was never trained on the rows: the nearest mean vector of a label's name and path. "
    "Annif gets the columns named as it asks for; the time to rename them is not counted.",
)
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Sizes:
    """How many rows of the dump each system gets; the slow ones get its beginning."""

    fast: int
    balanced: int
    annif: int
    minilm: int
    stages: int = 20_000

    def part(self, share: float) -> "Sizes":
        return Sizes(*(max(round(share * n), 100) for n in vars(self).values()))


SIZES = {
    "onet-unspsc": Sizes(400_000, 60_000, 10_000, 2_000),
    "mwpd": Sizes(100_000, 30_000, 3_000, 1_000, 6_000),
    "onet-tasks": Sizes(200_000, 60_000, 10_000, 2_000),
}
GROWTH = (10_000, 100_000, 500_000, 2_000_000)
GROWTH_BASE = 1  # the size whose memory the others are compared with


def run(options: Options) -> list[Table]:
    """Return four tables: speeds, ratios to others, times of stages, and growth."""
    names = options.chosen(SETS) or options.chosen((SMALL_SET,))
    if not names:
        return []
    speeds, ratios, stages, growth = tables = empty_tables()
    for name in names:
        try:
            texts = shortened(load_text_set(name), options)
        except DataMissingError as missing:
            speeds.notes.append(f"Skipped {missing}.")
            continue
        with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
            models = train_presets(name, Path(folder))
            add_speeds(speeds, ratios, texts, models, options)
            for row in stage_rows(texts, models, options):
                add(stages, row)
            if name == GROWING[0]:
                for row in growth_rows(texts, models[GROWING[1]], options):
                    add(growth, row)
    speeds.notes += NOTES
    return [speeds, *[table for table in tables[1:] if table.rows]]


def empty_tables() -> tuple[Table, Table, Table, Table]:
    return (
        Table(f"Categorize: CSV.gz to JSON lines, {THREADS} threads each", COLUMNS),
        Table("Categorize: times as fast as others, once started", RATIO_COLUMNS),
        Table(
            "Categorize: microseconds a row by stage, one thread",
            ("set", "preset", *STAGES, "all"),
            notes=["Each stage by itself; trees and fusion: with encoder and neighbours."],
        ),
        Table(f"Categorize: growth, {' '.join(GROWING)}", GROWTH_COLUMNS),
    )


def add(table: Table, row: Row) -> None:
    print(*map(show, row), file=sys.stderr, flush=True)
    table.rows.append(row)


def sizes_of(name: str, options: Options) -> Sizes:
    return SIZES[name].part(QUICK_SHARE) if is_quick(options) else SIZES[name]


def shortened(texts: TextSet, options: Options) -> TextSet:
    """Return the set, with few test rows in a quick run."""
    return replace(texts, test=texts.test[:QUICK_TEST]) if is_quick(options) else texts


def is_quick(options: Options) -> bool:
    return options.n_repetitions == 1


def train_presets(name: str, folder: Path) -> dict[str, Path]:
    """Train ours; return the model of each preset."""
    models = {preset: folder / preset for preset in PRESETS}
    for preset, model in models.items():
        ours(preset).train(name, model)
    return models


def add_speeds(
    speeds: Table, ratios: Table, texts: TextSet, models: dict[str, Path], options: Options
) -> None:
    """Measure every system on a set, and compare."""
    name, sizes, found = texts.name, sizes_of(texts.name, options), {}
    for preset, n_rows in (("fast", sizes.fast), ("balanced", sizes.balanced)):
        found[preset] = measure_batch(
            ours(preset),
            texts,
            models[preset],
            n_rows=n_rows,
            n_repetitions=options.n_repetitions,
        )
        figures = found[preset]
        add(speeds, speed_row(name, ours(preset), figures, MUST_RATE.get((name, preset))))
    for batch, n_rows in peers(sizes, speeds.notes):
        figures = measure_batch_once(batch, texts, n_rows=n_rows, fresh=options.fresh)
        add(speeds, speed_row(name, batch, figures, None))
        for preset in PRESETS:
            times = found[preset].rows_a_second / figures.rows_a_second
            gain = found[preset].precision - figures.precision
            must = MUST_RATIO.get((preset, batch.name))
            ratios.rows.append((name, preset, batch.name, times, must, gain))


def peers(sizes: Sizes, notes: list[str]) -> Iterator[tuple[Batch, int]]:
    """Yield the others, and how many rows each gets."""
    yield pecos(), sizes.fast
    yield annif(), sizes.annif
    if (script := minilm(notes)) is not None:
        yield script, sizes.minilm


def speed_row(name: str, batch: Batch, figures: Figures, must: int | None) -> Row:
    return (
        name,
        batch.name,
        figures.n_rows,
        figures.seconds,
        figures.start_s,
        figures.rows_a_second,
        must,
        figures.peak_mb,
        figures.precision,
        figures.day,
    )


def stage_rows(texts: TextSet, models: dict[str, Path], options: Options) -> Iterator[Row]:
    """Yield the times of the stages of each preset."""
    n_rows = sizes_of(texts.name, options).stages
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        folder = Path(name)
        dump = folder / "dump.csv.gz"
        write_dump(texts.test, dump, n_rows)
        for preset, model in models.items():
            times = stage_times(model, dump, folder / "out.jsonl", n_rows)
            yield texts.name, preset, *times, sum(times)


def growth_rows(texts: TextSet, model: Path, options: Options) -> Iterator[Row]:
    """Yield what dumps of rising size take; memory is compared with that of the second."""
    batch = ours(GROWING[1])
    sizes = [round(n * QUICK_SHARE) if is_quick(options) else n for n in GROWTH]
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        folder = Path(name)
        dump, out = folder / "dump.csv.gz", folder / "out.jsonl"
        taken = []
        for n_rows in sizes:
            write_dump(texts.test, dump, n_rows)
            taken.append(measure_checked(batch, texts.name, model, dump, out, n_rows))
    base = taken[GROWTH_BASE].peak_mb
    for n_rows, of_size in zip(sizes, taken, strict=True):
        rate, ratio = n_rows / of_size.seconds, of_size.peak_mb / base
        must = MUST_MEMORY if n_rows == sizes[-1] else None
        yield n_rows, of_size.seconds, rate, of_size.peak_mb, ratio, must
