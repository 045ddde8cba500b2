"""Property tests run the same examples everywhere and have no time limit of their own."""

from hypothesis import settings

settings.register_profile("unit", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("unit")
