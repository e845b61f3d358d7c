"""Makes the strategies of the room, which stand one folder up, importable when only this folder is run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
