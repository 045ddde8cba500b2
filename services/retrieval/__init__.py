"""A query finds the passages that an answer may rest on."""
