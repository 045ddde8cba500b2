"""Drafts: answers whose statements point at sentences of the evidence."""
