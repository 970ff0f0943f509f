"""The slow reference: every rule of the step in plain Python, one file a phase."""

import sys

sys.modules.setdefault("plain", sys.modules[__name__])  # its files know it as `plain`, also when it is `tests.plain`
