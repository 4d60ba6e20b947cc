"""Classify product catalogs into taxonomy paths."""
