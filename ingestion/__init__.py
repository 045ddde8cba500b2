"""Guideline files become a published edition of the library."""
