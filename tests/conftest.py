"""What all tests share."""

import os

from hypothesis import settings

# On a shared machine a deadline measures the neighbours, and a merge must not fail by the luck of a draw: desks search.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
