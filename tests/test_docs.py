"""The pages in ``docs``: every command and snippet of the tutorial runs and shows what is shown."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
import yaml
from numba import config

from tests.xmlrec.recommend.visits import fit_visits
from xmlrec.catalog import Fault, ResultRow
from xmlrec.catalog.audit_rows import VERDICTS, AuditRow, GivenPath
from xmlrec.cli import main
from xmlrec.cli.explained import SOURCES
from xmlrec.fuse.scores import NAMES
from xmlrec.metrics import evaluate_ranking
from xmlrec.models import explanation
from xmlrec.models.explanation import HELD_BACK
from xmlrec.recommend import list_events
from xmlrec.recommend.events import read_events
from xmlrec.recommend.item_catalog import read_item_catalog
from xmlrec.taxonomy import lint_file, read_taxonomy, write_taxonomy
from xmlrec.taxonomy.resolve import AMBIGUOUS_PATH, BAD_PATH, UNKNOWN_PATH
from xmlrec.text.words import Word

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
EXPLAINED = [part for part in vars(explanation).values() if is_dataclass(part)]
SHELL_SIGNS = {"|", ">", "<", "||", "&&"}


class Block(NamedTuple):
    """A fenced block of a page: its language, the file it is to be saved as, and its text."""

    line: int
    language: str
    file: str
    text: str


def read_blocks(page):
    text = page.read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, fence.start()) + 1, fence[1], fence[2] or "", fence[3])
        for fence in FENCE.finditer(text)
    ]


def commands(block):
    """Return the commands of a console block, each with the output that the page shows."""
    shown = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [tuple(part.split("\n", 1)) for part in shown]


def run_xmlrec(arguments):
    """Run the command line in this process, where kernels are warm; return exit code, output."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    argv, sys.argv = sys.argv, ["xmlrec", *arguments]
    code = 0
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = argv
    return code, output.buffer.getvalue().decode()


def run_shell(command, bin_folder):
    """Run a command line of several programs; return its exit code and what it printed."""
    script = bin_folder / "xmlrec"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xmlrec "$@"\n')
    script.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def run_command(command, bin_folder):
    words = shlex.split(command)
    if words[0] == "xmlrec" and not SHELL_SIGNS & set(words):
        return run_xmlrec(words[1:])
    return run_shell(command, bin_folder)


def masked(line):
    """Return a line without what differs between machines: scores, digests, sizes, widths."""
    line = re.sub(r"[0-9a-f]{12,}|-?\d+\.\d+|[\d,]+(?= bytes)", "0", line)
    return " ".join(line.split())


def missing_line(shown, printed):
    """Return the first line of ``shown`` that does not follow in ``printed``, None if all do.

    A line ``...`` stands for any lines, and ``...`` at a line's end for its rest.
    """
    lines = iter(map(masked, printed.splitlines()))
    for line in shown.splitlines():
        start, cut, _ = line.partition("...")
        wanted = masked(start)
        if line != "..." and not any(
            found.startswith(wanted) if cut else found == wanted for found in lines
        ):
            return line
    return None


def check_console(block, place, bin_folder):
    """Run the commands of a block; each must succeed and print what the page shows."""
    for command, shown in commands(block):
        code, printed = run_command(command, bin_folder)
        assert code == 0, f"{place}: {command}: exit {code}\n{printed}"
        missing = missing_line(shown, printed)
        assert missing is None, f"{place}: {command}: not {missing!r} but\n{printed}"


def check_python(block, place, names):
    """Run a block among ``names``; it must print what stands after each ``# ->``."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(block.text, place, "exec"), names)
    missing = missing_line("\n".join(re.findall("# -> (.*)", block.text)), output.getvalue())
    assert missing is None, f"{place}: not {missing!r} but\n{output.getvalue()}"


@pytest.mark.skipif(config.DISABLE_JIT, reason="trains for minutes where nothing is compiled")
@pytest.mark.parametrize("page", ["tutorial.md", "changing.md", "recommend.md"])
def test_page_can_be_followed_from_top_to_bottom(tmp_path, monkeypatch, page):
    folder, bin_folder, names = tmp_path / "work", tmp_path / "bin", {}
    folder.mkdir()
    bin_folder.mkdir()
    monkeypatch.chdir(folder)
    for block in read_blocks(DOCS / page):
        place = f"{page}, line {block.line}"
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            check_console(block, place, bin_folder)
        elif block.language == "python":
            check_python(block, place, names)


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = (block for block in read_blocks(ROOT / "README.md") if block.language == "python")
    names = {}
    check_python(block, "README.md", names)
    assert names["model"].classify(["cordless kettle 1.7 l"])[0]["status"] == "ok"


@pytest.mark.parametrize("shown", ["one 1.5\ntwo 2", "on...", "...\ntwo 2", "one   9.1", "..."])
def test_shown_output_may_leave_out_lines_and_differ_in_scores(shown):
    assert missing_line(shown, "one 5.0\ntwo 2\n") is None


@pytest.mark.parametrize(
    ("shown", "missing"), [("one 1.5\ntwo 3", "two 3"), ("two 2\none 5.0", "one 5.0"), ("on", "on")]
)
def test_shown_output_that_was_not_printed_is_found(shown, missing):
    assert missing_line(shown, "one 5.0\ntwo 2\n") == missing


def test_events_and_items_of_the_formats_page_are_read(tmp_path):
    blocks = {block.text.split(",")[0]: block.text for block in read_blocks(DOCS / "formats.md")}
    for name, start in (("events.csv", "session_id"), ("items.csv", "item_id")):
        (tmp_path / name).write_text(blocks[start], encoding="utf-8")
    rejects = []
    catalog = read_item_catalog(str(tmp_path / "items.csv"), rejects.append)
    events = read_events(str(tmp_path / "events.csv"), rejects.append, items=catalog.items)

    assert rejects == []
    assert (catalog.n_new, catalog.n_without_path, events.n_new_items) == (2, 1, 0)
    assert catalog.items.is_available.tolist() == [True, False]
    assert events.sessions.ids == ("s2", "s1")
    assert events.sessions.lengths().tolist() == [1, 2]


TAXONOMY_FILES = [block for block in read_blocks(DOCS / "formats.md") if block.file]


@pytest.mark.parametrize("block", TAXONOMY_FILES, ids=[block.file for block in TAXONOMY_FILES])
def test_example_of_a_taxonomy_file_is_read(block, tmp_path):
    path, again = tmp_path / block.file, tmp_path / "again.jsonl"
    path.write_text(block.text, encoding="utf-8")

    taxonomy = read_taxonomy(path)

    assert [taxonomy.depths.max(), len(lint_file(path))] == [2, 0]
    write_taxonomy(taxonomy, again)
    assert again.read_text(encoding="utf-8") == block.text or block.file != "taxonomy.jsonl"


def test_formats_name_every_code_key_and_figure():
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", text))
    one = sp.csr_array(np.ones((1, 1)))
    figures = evaluate_ranking(
        np.zeros((1, 1), dtype=np.int32),
        one,
        ancestors=one,
        primary_parents=np.array([-1]),
        depths=np.array([1]),
        inv_propensity=np.ones(1),
    )
    wanted = {name.replace("level_1", "level_L") for name in figures}
    wanted |= {str(fault) for fault in Fault} | set(ResultRow.__annotations__)
    wanted |= {AMBIGUOUS_PATH, BAD_PATH, UNKNOWN_PATH}
    wanted |= {*VERDICTS, *AuditRow.__annotations__, *GivenPath.__annotations__}

    assert wanted - named == set()


def test_formats_name_every_key_of_an_explanation():
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", text))
    wanted = {field.name for part in EXPLAINED for field in fields(part)} | set(Word._fields)
    wanted |= {*SOURCES, HELD_BACK, "x size"}
    wanted |= {name for name in NAMES if not name.endswith("x size")}

    assert wanted - named == set()


def test_formats_name_every_key_and_figure_of_recommendations():
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", text))
    model = fit_visits()
    (answer,) = model.recommend([["0020"]], 1, explain=True)
    row = answer.to_json()
    wanted = {*row, *row["items"][0], *row["items"][0]["explanation"]}
    sessions = list_events([["0020", "0021"]], items=model.items_).sessions
    for name in model.evaluate(sessions):
        name = re.sub(r"level_\d", "level_L", name)
        wanted.add(re.sub(r"^(n_)?(short|rare|cold|several_paths)(?=_|$)", r"\1SLICE", name))

    assert wanted - named == set()


CLUSTER_BLOCKS = read_blocks(DOCS / "cluster.md")


@pytest.mark.parametrize("block", CLUSTER_BLOCKS, ids=[f"line {it.line}" for it in CLUSTER_BLOCKS])
def test_what_needs_a_cluster_can_be_read_at_least(block):
    if block.language == "python":
        compile(block.text, "cluster.md", "exec")
    elif block.language == "yaml":
        assert all(part["kind"] for part in yaml.safe_load_all(block.text))
    else:
        assert block.language == "sh"
        subprocess.run(["sh", "-n"], input=block.text.encode(), check=True)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_of_a_page_lead_somewhere(page):
    for target, section in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        linked = (page.parent / target) if target else page
        assert linked.exists(), f"{page.name} links to {target}"
        text = linked.read_text(encoding="utf-8") if linked.suffix == ".md" else ""
        titles = re.findall("^#+ (.*)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
        assert not section or section in anchors, f"{page.name} links to {target}#{section}"
