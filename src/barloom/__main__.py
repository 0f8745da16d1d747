"""``python -m barloom`` does what ``barloom`` does."""

from __future__ import annotations

from barloom.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
