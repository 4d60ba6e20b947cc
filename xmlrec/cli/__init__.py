"""The command line: results go to stdout, all else to stderr."""

from xmlrec.cli.app import main

__all__ = ["main"]
