"""Recommend the next item of a session, with the category paths of items."""
