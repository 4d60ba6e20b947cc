"""A small taxonomy to change, and short ways to change it."""

from xmlrec.taxonomy import Node, Taxonomy
from xmlrec.taxonomy.change_sets import replay
from xmlrec.taxonomy.state import TaxonomyState

NODES = (
    Node("k", "Kitchen"),
    Node("k1", "Kettles", ("k",), ("water boiler",), "Boil water."),
    Node("k2", "Toasters", ("k",)),
    Node("g", "Garden"),
    Node("g1", "Hoses", ("g",)),
    Node("g2", "Rakes", ("g",)),
    Node("g21", "Leaf Rakes", ("g2",)),
    Node("gift", "Gift Sets", ("k", "g")),
)


def shelves():
    return TaxonomyState(Taxonomy.from_nodes(NODES, source="shelves.csv"))


def changed(*changes, state=None):
    """Return the state after changes, by default of the shelves."""
    return replay(state or shelves(), changes)


def paths(state):
    """Return the path of each category in use by id."""
    taxonomy = state.taxonomy
    return {
        taxonomy.ids[column]: taxonomy.path_text(column)
        for column in taxonomy.is_active.nonzero()[0].tolist()
    }


def successors(state, label_id):
    """Return the ids of the categories that an id stands for."""
    taxonomy = state.taxonomy
    return [taxonomy.ids[column] for column in taxonomy.successors(taxonomy.column(label_id))]
