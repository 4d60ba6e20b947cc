"""A made-up product catalog: a hand-written taxonomy, and rows as dirty as real ones."""

from xmlrec.demo.catalog import make_catalog
from xmlrec.demo.files import write_demo
from xmlrec.demo.product import Product

__all__ = ["Product", "make_catalog", "write_demo"]
