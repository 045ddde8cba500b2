"""Offline measurements: accuracy on development cases, and speed."""
