"""``python -m xmlrec``."""

from xmlrec.cli import main

main()
