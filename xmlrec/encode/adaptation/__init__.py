"""The static encoder's token vectors, trained on a catalog: seconds, without torch."""

from xmlrec.encode.adaptation.adapt import AdaptSettings, adapt

__all__ = ["AdaptSettings", "adapt"]
