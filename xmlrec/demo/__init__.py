"""A made-up shop: a hand-written taxonomy, rows as dirty as real ones, and its visitors."""

from xmlrec.demo.catalog import make_catalog
from xmlrec.demo.files import write_demo
from xmlrec.demo.product import Product
from xmlrec.demo.sessions import Event, make_sessions

__all__ = ["Event", "Product", "make_catalog", "make_sessions", "write_demo"]
