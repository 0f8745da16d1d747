"""How hard the properties try: the same examples in every run, few enough for every run."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

__all__ = ["quick"]


def quick(examples: int) -> settings:
    """Settings for a number of examples. Failing ones are not shrunk: brute force makes that slow."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
