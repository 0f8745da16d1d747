"""Write the golden files anew: ``PYTHONPATH=src:tests python -m ksqldb.update_golden``."""

from __future__ import annotations

from ksqldb.golden_cases import CASES, outcome


def main() -> None:
    """Compile every case into its file."""
    for name in CASES:
        path, text = outcome(name)
        path.write_text(text)


if __name__ == "__main__":
    main()
