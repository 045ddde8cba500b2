"""Identifiers are found and replaced before text goes anywhere else."""
