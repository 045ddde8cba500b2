"""How urgent it is: cited rules over findings, before anything else."""
