"""Benchmarks of others, from files that the user has: nothing of them is shipped."""
