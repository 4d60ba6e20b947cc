"""What others do with the same dump: scripts around PECOS and MiniLM, and Annif."""

import csv
import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path

from bench.batch import N_PATHS, Answer, Batch, Command
from bench.datasets import WORK, load_text_set, paths_of, title_and_description
from bench.dumps import open_text
from bench.peers import (
    PECOS_TREE,
    THREADS,
    made,
    peer_versions,
    peers_python,
    python_of,
    run_command,
)
from bench.script_rows import read_chunks
from xmlrec.encode.model_files import find_model
from xmlrec.errors import EncoderError

ANNIF_PROJECT = """\
[catalog]
name=catalog
language=en
backend=omikuji
analyzer=snowball(english)
vocab=catalog
"""
"""What its documentation gives for Parabel in English, with the defaults of all parameters."""


def pecos() -> Batch:
    versions = peer_versions()
    facts = [versions["libpecos"], versions["scikit-learn"], PECOS_TREE.settings]
    return Batch("PECOS script", json.dumps(facts), train_pecos, pecos_command, script_answer)


def train_pecos(name: str, model: Path) -> None:
    command = [peers_python(), "-m", "bench.pecos_script", "train", name, str(model)]
    run_command(command, threads=THREADS, log=made(WORK / "logs") / f"{name}-pecos-script.log")


def pecos_command(model: Path, catalog: Path, out: Path) -> Command:
    script = [peers_python(), "-m", "bench.pecos_script", "categorize"]
    return Command([*script, str(catalog), str(model), str(out)])


def minilm(notes: list[str]) -> Batch | None:
    """Return a script around MiniLM, or None; ``notes`` gets why it is missing."""
    try:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise EncoderError("MiniLM", "torch is missing", 'pip install "xmlrec[encoder]"')
        encoder = str(find_model(None, None))
    except EncoderError as error:
        notes.append(f"Skipped MiniLM: {error}")
        return None
    script = [sys.executable, "-m", "bench.minilm_script"]

    def train(name: str, model: Path) -> None:
        command = [*script, "train", name, str(model), encoder]
        run_command(command, threads=THREADS, log=made(WORK / "logs") / f"{name}-minilm-script.log")

    def categorize(model: Path, catalog: Path, out: Path) -> Command:
        return Command([*script, "categorize", str(catalog), str(model), str(out), encoder])

    facts = [version("sentence-transformers"), version("torch"), "name and path"]
    return Batch("MiniLM script", json.dumps(facts), train, categorize, script_answer)


def script_answer(row: dict) -> Answer:
    return row["id"], tuple(row["paths"][0]) if row["paths"] else None


def annif() -> Batch:
    versions = peer_versions("annif")
    facts = [versions["annif"], versions["omikuji"], ANNIF_PROJECT]
    return Batch("Annif, omikuji", json.dumps(facts), train_annif, annif_command, annif_answer)


def train_annif(name: str, model: Path) -> None:
    """Make vocabulary, training corpus and project of a set, and train."""
    texts = load_text_set(name)
    uris = {path: f"http://example.org/{n}" for n, path in enumerate(sorted(paths_of(texts.train)))}
    model.mkdir()
    (model / "projects.cfg").write_text(ANNIF_PROJECT, encoding="utf-8")
    with (model / "paths.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("uri", "label_en"))
        writer.writerows((uri, " > ".join(path)) for path, uri in uris.items())
    with open_text(model / "train.csv.gz") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "subject_uris"))
        for text, row in zip(title_and_description(texts.train), texts.train, strict=True):
            writer.writerow((text, " ".join(uris[tuple(path)] for path in row["paths"])))
    steps = (
        ["load-vocab", "catalog", str(model / "paths.csv")],
        ["train", "--jobs", str(THREADS), "catalog", str(model / "train.csv.gz")],
    )
    for step in steps:
        command = annif_call(model, step)
        run_command(
            command.arguments,
            threads=THREADS,
            log=made(WORK / "logs") / f"{name}-annif-{step[0]}.log",
            environment=command.environment,
        )


def annif_command(model: Path, catalog: Path, out: Path) -> Command:
    """Return the command; before, which does not count, the catalog gets the names it asks for."""
    documents = out.with_name("documents.csv.gz")
    with open_text(documents) as file:
        writer = csv.writer(file)
        writer.writerow(("document_id", "text"))
        for ids, texts in read_chunks(catalog, 10_000):
            writer.writerows(zip(ids, texts, strict=True))
    choices = ["--no-include-doc", "--force", "--limit", str(N_PATHS), "--output", str(out)]
    return annif_call(model, ["index", *choices, "catalog", str(documents)])


def annif_call(model: Path, arguments: list[str]) -> Command:
    home = Path(python_of("annif")).parent
    (data,) = home.parent.glob("lib/python*/site-packages/llama_index/core/_static/nltk_cache")
    places = {"ANNIF_PROJECTS": str(model / "projects.cfg"), "ANNIF_DATADIR": str(model)}
    return Command([str(home / "annif"), *arguments], places | {"NLTK_DATA": str(data)})


def annif_answer(row: dict) -> Answer:
    found = row["results"]
    return row["document_id"], tuple(found[0]["label"].split(" > ")) if found else None
