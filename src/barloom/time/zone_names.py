"""The names of time zones, and the nearest one to a mistyped name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["known_zone", "nearest_zone", "zone_names"]


@cache
def zone_names() -> tuple[str, ...]:
    """The names of all zones there are."""
    return tuple(sorted(files("tzdata").joinpath("zones").read_text("utf-8").split()))


def nearest_zone(name: str) -> str | None:
    """The zone whose name, or whose city, is nearest to a mistyped one; none where nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    near = get_close_matches(name, zone_names(), n=1, cutoff=0.5) or get_close_matches(
        name.lower(), [item.lower().rpartition("/")[2] for item in zone_names()], n=1, cutoff=0.7
    )
    return next((item for item in zone_names() if near and near[0] in {item, item.lower().rpartition("/")[2]}), None)


def known_zone(name: object) -> str | None:
    """The name of a zone that there is, or none."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only where a zone is declared

    try:
        return ZoneInfo(name).key if isinstance(name, str) else None
    except (ValueError, OSError, LookupError):
        return None
