"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CatalogArgument = Annotated[
    str,
    typer.Argument(
        metavar="CATALOG",
        help=".jsonl, .csv, .tsv, also compressed, or .parquet; a pattern or folder; - is stdin",
    ),
]
ModelOption = Annotated[Path, typer.Option("--model", metavar="DIR", help="Model directory")]
TextOption = Annotated[
    list[str] | None,
    typer.Option("--text", metavar="COLUMN", help="Column to read, the title first; repeatable"),
]
IdOption = Annotated[
    str | None, typer.Option("--id-column", metavar="COLUMN", help="Default: id, else row numbers")
]
LabelOption = Annotated[
    str | None,
    typer.Option("--label-column", metavar="COLUMN", help="Default: paths, else the known one"),
]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help="Default: utf-8")]
DelimiterOption = Annotated[
    str | None, typer.Option("--delimiter", help="Of a CSV file; default: guessed")
]
MaxDecompressedOption = Annotated[
    int | None,
    typer.Option(
        "--max-decompressed",
        min=1,
        metavar="BYTES",
        help="What a compressed file may give; default: 1 GiB, or 200 times its size",
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Default: all processors")
]
MAX_PATHS = 20
"""Categories of an item that have a probability, `xmlrec.probabilities.N_BEST`."""

MinPrecisionOption = Annotated[
    float | None,
    typer.Option(
        "--min-precision",
        metavar="SHARE",
        help="Only answers of which this share is right: if need be a category further up, or none",
    ),
]
UnderOption = Annotated[
    str | None, typer.Option("--under", metavar="PATH", help="A category that is known to hold")
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATH", help="A category not to answer with; repeatable"),
]
MaxPathsOption = Annotated[
    int | None,
    typer.Option("--max-paths", min=1, help="Paths that may hold, where items have several"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON")]
