import io
import json
import os
import sys
from typing import NamedTuple

import pytest

from tests.xmlrec.models.shop import NODES, fit_shop, shop_items
from tests.xmlrec.recommend.visits import fit_visits
from xmlrec.cli import main


class Result(NamedTuple):
    """What one run of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def rows(self):
        return [json.loads(line) for line in self.lines]

    def refused(self, code=1):
        """Return the one line that says why, after checking that it is all there is."""
        assert (self.code, self.out) == (code, ""), self
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line


@pytest.fixture
def xmlrec(monkeypatch, capfdbinary, model):
    """Run the command line in this process: ``xmlrec("info", folder)``.

    The model comes first, so that no run has to say that it compiles.
    """

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["xmlrec", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capfdbinary.readouterr()
        return Result(exit_.value.code or 0, out.decode(), err.decode())

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a model of the shop; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("cli") / "model"
    fit_shop().save(folder)
    return folder


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A working folder with ``shop.jsonl``, ``shop.csv`` and ``taxonomy.csv``."""
    items = shop_items()
    (tmp_path / "shop.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    rows = [
        ",".join([item["id"], item["title"], item["description"], " > ".join(item["paths"][0])])
        for item in items
    ]
    (tmp_path / "shop.csv").write_text("\n".join(["id,title,description,category", *rows, ""]))
    nodes = [f"{node.id},{''.join(node.parents)},{node.name}\n" for node in NODES]
    (tmp_path / "taxonomy.csv").write_text("id,parent_id,name\n" + "".join(nodes))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(shop):
    """Write a file into the working folder and return its name."""

    def write(name, content):
        content = content.encode() if isinstance(content, str) else content
        (shop / name).write_bytes(content)
        return name

    return write


@pytest.fixture
def new_files(shop):
    """Say which files and folders came into the working folder, hidden ones too."""
    before = set(os.listdir(shop))
    return lambda: sorted(set(os.listdir(shop)) - before)


@pytest.fixture(scope="session")
def recommender(tmp_path_factory):
    """The folder of a recommender of the shop; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("cli") / "recommender"
    fit_visits().save(folder)
    return folder
