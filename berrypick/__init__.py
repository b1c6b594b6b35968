"""berrypick: Gymnasium search environments, strategy diversity, and the price of its collapse.

Importing this package registers the environments (``berrypick/Almanac-v0`` and the others) and loads no torch,
numba, faiss or sklearn.
"""

from importlib.metadata import version

__version__ = version("berrypick")

import berrypick.envs  # noqa: F401  (registers the environments)

__all__ = ["__version__"]
