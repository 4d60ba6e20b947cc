"""Categorize whole catalogs."""
