"""Imports go down only, along the floors and rooms of the house."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGINES = ("label_trees", "indexes")
ROOMS = (
    ("cli",),
    ("batch", "recommend", "report", "demo"),
    ("models",),
    ("fuse", "encode", "text", "catalog", "probabilities"),
    ("taxonomy", "metrics"),
    ("errors",),
)
"""Rooms of `xmlrec`, top to bottom; a room may import those in lower rows and the engines."""

LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
TOP = ("__init__", "__main__")
"""Modules of `xmlrec` itself, above all rooms."""

HEAVY = ("torch", "sentence_transformers", "faiss")
"""Imported inside functions, except by the modules that are about them."""


def may_import_heavy(module):
    return module == "indexes.faiss_index" or is_inside(module, "xmlrec.encode")


def is_inside(module, package):
    return module == package or module.startswith(f"{package}.")


def source_files(*packages):
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def module_name(path):
    """Return the dotted name of a file; a package's ``__init__`` keeps that part."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(source, module, *, at_module_level=False):
    """Return ``(imported module, names, line)`` of each import in ``source``."""
    found, waiting = [], [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, (), node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            found.append((base, tuple(alias.name for alias in node.names), node.lineno))
        elif at_module_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        waiting.extend(ast.iter_child_nodes(node))
    return found


def room_of(module, names=()):
    """Return the rooms that ``from module import names`` enters; "" is `xmlrec` itself."""
    parts = module.split(".")
    if len(parts) > 1:
        return {"" if parts[1] in TOP else parts[1]}
    return {name if name in LEVEL else "" for name in names} or {""}


def upward_imports(source, module):
    """Return a line of text for each import in ``source`` that does not go down."""
    faults = []
    engine = next((name for name in ENGINES if is_inside(module, name)), None)
    for target, names, line in imports(source, module):
        others = [name for name in (*ENGINES, "xmlrec") if name != engine]
        if engine and any(is_inside(target, other) for other in others):
            faults.append(f"{module}:{line} an engine imports {target}")
        if engine or not is_inside(target, "xmlrec"):
            continue
        (own,) = room_of(module)
        for room in room_of(target, names) - {own}:
            if own and LEVEL[own] >= LEVEL.get(room, -1):
                faults.append(f"{module}:{line} imports {target}, which is not below")
    return faults


def heavy_imports(source, module):
    """Return a line of text for each heavy import that runs when ``module`` is imported."""
    return [
        f"{module}:{line} imports {target} at module level"
        for target, _, line in imports(source, module, at_module_level=True)
        if target.split(".")[0] in HEAVY and not may_import_heavy(module)
    ]


def private_imports(source, module):
    """Return a line of text for each underscore name of another module that is imported."""
    return [
        f"{module}:{line} imports {name} from {target}"
        for target, names, line in imports(source, module)
        for name in (*target.split("."), *names)
        if name.startswith("_") and not name.startswith("__")
    ]


def faults_of(check, *packages):
    return [
        fault
        for path in source_files(*packages)
        for fault in check(path.read_text(encoding="utf-8"), module_name(path))
    ]


def test_the_house_has_modules():
    assert {path.relative_to(ROOT).parts[0] for path in source_files("xmlrec", *ENGINES)} >= {
        "xmlrec",
        "label_trees",
    }


def test_every_room_is_known():
    rooms = {room for path in source_files("xmlrec") for room in room_of(module_name(path))}

    assert rooms - {""} <= set(LEVEL)


def test_imports_go_down_only():
    assert faults_of(upward_imports, "xmlrec", *ENGINES) == []


def test_heavy_packages_are_imported_inside_functions():
    assert faults_of(heavy_imports, "xmlrec", *ENGINES) == []


def test_underscore_names_stay_in_their_module():
    assert faults_of(private_imports, "xmlrec", *ENGINES, "tests", "bench") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("label_trees.tree", "import indexes"),
        ("label_trees.tree", "from xmlrec.errors import XmlrecError"),
        ("label_trees.tree", "def f():\n    import xmlrec"),
        ("indexes.exact", "from label_trees.ranking import Ranking"),
        ("xmlrec.catalog.rows", "from xmlrec.text import TextFeatures"),
        ("xmlrec.catalog.rows", "from xmlrec import text"),
        ("xmlrec.catalog.rows", "from .. import text"),
        ("xmlrec.catalog.rows", "from ..models.ranker import Ranker"),
        ("xmlrec.taxonomy.graph", "import xmlrec.metrics.paths"),
        ("xmlrec.errors", "from xmlrec.taxonomy import Taxonomy"),
        ("xmlrec.models.ranker", "def f():\n    from xmlrec.cli import main"),
        ("xmlrec.models.ranker", "import xmlrec"),
    ],
)
def test_an_import_that_does_not_go_down_is_found(module, source):
    assert len(upward_imports(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("xmlrec.cli.train", "from xmlrec import batch, errors"),
        ("xmlrec.demo.catalog", "from xmlrec.catalog import read_rows"),
        ("xmlrec.catalog.rows", "from xmlrec.taxonomy import Taxonomy\nimport label_trees"),
        ("xmlrec.catalog.rows", "from xmlrec.catalog.lines import Line\nfrom . import lines"),
        ("xmlrec.__main__", "from xmlrec.cli import main"),
        ("label_trees.tree", "from label_trees.ranking import Ranking\nimport numpy"),
    ],
)
def test_an_import_that_goes_down_is_let_through(module, source):
    assert upward_imports(source, module) == []


@pytest.mark.parametrize(
    ("module", "source", "n_faults"),
    [
        ("xmlrec.models.ranker", "import torch.nn", 1),
        (
            "xmlrec.models.ranker",
            "try:\n    from faiss import IndexFlat\nexcept ImportError: pass",
            1,
        ),
        ("xmlrec.models.ranker", "class A:\n    import sentence_transformers", 1),
        ("xmlrec.models.ranker", "def f():\n    import torch", 0),
        ("xmlrec.encode.model", "import torch", 0),
        ("indexes.faiss_index", "import faiss", 0),
        ("indexes.exact", "import faiss", 1),
    ],
)
def test_a_heavy_import_is_found_where_it_runs_at_import(module, source, n_faults):
    assert len(heavy_imports(source, module)) == n_faults


@pytest.mark.parametrize(
    ("source", "n_faults"),
    [
        ("from label_trees.persist import _load_tree", 1),
        ("from xmlrec._private import thing", 1),
        ("from __future__ import annotations\nfrom xmlrec import __version__", 0),
    ],
)
def test_an_imported_underscore_name_is_found(source, n_faults):
    assert len(private_imports(source, "xmlrec.models.ranker")) == n_faults
