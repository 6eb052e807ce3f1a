"""Ceilings that several parts keep: what is larger is refused before it is held in memory."""

from __future__ import annotations

MAX_KEY_FILE = 4 << 20  # bytes; the largest distribution keyrings have some hundred KiB
