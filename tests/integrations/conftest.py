from __future__ import annotations

import sys
from pathlib import Path

#: The stub server of chat completions is a module of its own beside the tests, which are no package.
sys.path.append(str(Path(__file__).parent))
