"""Taxonomies: categories with opaque ids, names and parents, numbered as label columns."""

from xmlrec.taxonomy.files import lint_file, read_taxonomy, write_taxonomy
from xmlrec.taxonomy.lint import Problem
from xmlrec.taxonomy.node import SEPARATOR, Node, split_path
from xmlrec.taxonomy.resolve import (
    PathResolver,
    Refusal,
    Resolution,
    ResolvedPaths,
    extend_with_paths,
)
from xmlrec.taxonomy.taxonomy import Taxonomy

__all__ = [
    "SEPARATOR",
    "Node",
    "PathResolver",
    "Problem",
    "Refusal",
    "Resolution",
    "ResolvedPaths",
    "Taxonomy",
    "extend_with_paths",
    "lint_file",
    "read_taxonomy",
    "split_path",
    "write_taxonomy",
]
