"""Wrong categories in a catalog: how many `xmlrec categorize --audit` puts on top.

Paths of some test rows are replaced by other paths of the training rows, drawn at random.
"""

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from bench.batch_ours import ours
from bench.datasets import WORK, DataMissingError, TextSet, load_text_set, paths_of
from bench.dumps import COLUMNS as FIELDS
from bench.dumps import row_id
from bench.options import Options
from bench.peers import BenchError, made
from bench.processes import measure_command
from bench.table import Cell, Table

SET = "mwpd"
REPLACED_SHARE, FIRST_SHARE = 0.02, 0.05
N_SEEDS, TO_REACH = 5, 80.0
COLUMNS = ("set", "preset", "rows", "replaced", "draws", "found", "least", "to reach", "seconds")


def run(options: Options) -> list[Table]:
    """Return one table."""
    if not options.chosen((SET,)):
        return []
    table = Table(
        f"Audit: replaced paths among the {FIRST_SHARE:.0%} most suspicious rows, in percent",
        COLUMNS,
    )
    try:
        texts = load_text_set(SET)
    except DataMissingError as missing:
        table.notes.append(f"Skipped {missing}.")
        return [table]
    n_seeds = N_SEEDS if options.n_seeds > 1 else 1
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        for preset in options.presets:
            table.rows.append(measure(texts, preset, Path(folder), n_seeds))
    table.notes.append("Found: the mean over draws of rows and paths. Seconds: of one command.")
    return [table]


def measure(texts: TextSet, preset: str, folder: Path, n_seeds: int) -> tuple[Cell, ...]:
    """Train, audit a catalog for each draw, and return the row of a preset."""
    model, catalog, out = folder / preset, folder / "catalog.jsonl", folder / "audit.jsonl"
    system = ours(preset)
    system.train(texts.name, model)
    shares, seconds = [], []
    for seed in range(n_seeds):
        print(f"{texts.name}: audit, {preset}, draw {seed}", file=sys.stderr, flush=True)
        replaced = write_catalog(texts, catalog, seed)
        command = [*system.command(model, catalog, out).arguments, "--audit"]
        log = made(WORK / "logs") / f"{texts.name}-audit-{preset}.log"
        seconds.append(measure_command(command, log=log).seconds)
        shares.append(100.0 * share_found(out, replaced, len(texts.test)))
        out.unlink()
    counts, found = (len(texts.test), len(replaced), n_seeds), (fmean(shares), min(shares))
    return texts.name, preset, *counts, *found, TO_REACH, fmean(seconds)


def write_catalog(texts: TextSet, path: Path, seed: int) -> set[str]:
    """Write the test rows, some with another path than their own; return the ids of these."""
    rng, paths = random.Random(seed), sorted(paths_of(texts.train))
    n_rows = len(texts.test)
    replaced = set(rng.sample(range(n_rows), round(REPLACED_SHARE * n_rows)))
    with path.open("w", encoding="utf-8") as out:
        for number, row in enumerate(texts.test):
            own = row["paths"]
            if number in replaced:
                own = [rng.choice([path for path in paths if list(path) not in row["paths"]])]
            written = {name: row.get(name) for name in FIELDS}
            written |= {"id": row_id(number), "paths": own}
            out.write(json.dumps(written, ensure_ascii=False) + "\n")
    return set(map(row_id, replaced))


def share_found(out: Path, replaced: set[str], n_rows: int) -> float:
    """Return which share of ``replaced`` is at the top of the audit.

    Raises
    ------
    BenchError
        If a row is missing, or is there twice.
    """
    ids = list(read_ids(out))
    if len(ids) != n_rows or len(set(ids)) != n_rows:
        raise BenchError(f"{out}: {len(set(ids)):,} rows in {len(ids):,} lines, not {n_rows:,}")
    first = ids[: round(FIRST_SHARE * n_rows)]
    return len(replaced.intersection(first)) / len(replaced)


def read_ids(out: Path) -> Iterator[str]:
    with out.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["id"]
