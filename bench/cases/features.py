"""Text to features: what the preset `fast` ships beside the same features by scikit-learn."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.datasets import TEXT_SETS, WORK, DataMissingError, data_file
from bench.options import Options
from bench.peers import made, run_command
from bench.table import Table

SETS = ("mwpd", "tate", "amazon-sports")
WAYS = (("scikit-learn", 1), ("xmlrec", 1), ("xmlrec", 2))
COLUMNS = (
    "set",
    "maker",
    "threads",
    "fit s",
    "rows a second",
    "times scikit-learn",
    "peak MB to fit",
    "peak MB to transform",
)


def run(options: Options) -> list[Table]:
    """Return one table: rows a second of `transform` on the test rows, fitted on the train rows."""
    table = Table(
        "Text to features: transform, to be 4 times scikit-learn on one thread, 8 on two", COLUMNS
    )
    for name in options.chosen(TEXT_SETS if options.sets else SETS):
        try:
            data_file(name, "train.jsonl.gz")
        except DataMissingError as missing:
            table.notes.append(f"Skipped {missing}.")
            continue
        add_rows(table, name)
    table.notes.append(
        "Rows differ where entities, tags or Unicode forms are resolved, and by the word pairs "
        "across fields that only scikit-learn makes: one more pair changes a row's every value."
    )
    return [table]


def add_rows(table: Table, name: str) -> None:
    """Measure one text set in every way, and note how far the features are the same."""
    made_by, base = {}, 0.0
    for maker, threads in WAYS:
        measures, X = measure(name, maker, threads)
        speed = X.shape[0] / measures["transform_s"]
        base = base or speed
        peaks = measures["fit_peak_mb"], measures["transform_peak_mb"]
        ratio = speed / base
        table.rows.append((name, maker, threads, measures["fit_s"], speed, ratio, *peaks))
        made_by[maker] = X
    ours, theirs = made_by["xmlrec"], made_by["scikit-learn"]
    table.notes.append(
        f"{name}: {ours.shape[0]:,} rows, {ours.nnz / ours.shape[0]:.0f} features a row "
        f"(scikit-learn {theirs.nnz / theirs.shape[0]:.0f}), "
        f"{equal_share(ours, theirs):.1%} of the rows with equal values."
    )


def measure(name: str, maker: str, threads: int) -> tuple[dict[str, float], sp.csr_array]:
    """Return the numbers and the features of a fresh process."""
    print(f"{name}: features by {maker}, {threads} thread(s)", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        out = Path(folder)
        job = {"set": name, "maker": maker, "threads": threads, "out": folder}
        (out / "job.json").write_text(json.dumps(job), encoding="utf-8")
        run_command(
            [sys.executable, "-m", "bench.features_worker", str(out / "job.json")],
            threads=threads,
            log=made(WORK / "logs") / f"{name}-features.log",
        )
        measures = json.loads((out / "measures.json").read_text(encoding="utf-8"))
        return measures, sp.csr_array(sp.load_npz(out / "X.npz"))


def equal_share(A: sp.csr_array, B: sp.csr_array) -> float:
    """Return the share of rows with the same values; the columns have other numbers."""
    same = 0
    for row in range(A.shape[0]):
        a = np.sort(A.data[A.indptr[row] : A.indptr[row + 1]])
        b = np.sort(B.data[B.indptr[row] : B.indptr[row + 1]])
        same += len(a) == len(b) and np.allclose(a, b, atol=1e-4)
    return same / A.shape[0]
