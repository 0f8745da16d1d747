"""The hours of one trading date as a template writes them, and what stays of the usual ones around other regular hours.

After an early close the hours behind it begin at that close and last as long as ever: where 16:00 to 20:00 is usual,
13:00 to 17:00 follows a close at 13:00. Those before the open end at it, at the latest.
"""

from __future__ import annotations

from typing import NamedTuple

from barloom.time.declared.hours import Hours, Phase, Stretch, parse_hours, write_hours

__all__ = ["DayHours", "around", "shifted"]


class DayHours(NamedTuple):
    """The written hours of a date: regular ones, those before and after, and the night before; all may be empty.

    Those of the night are of the evening of the trading date before, and of the early hours that follow it.
    """

    regular: str
    pre: str = ""
    post: str = ""
    night: str = ""

    @property
    def closed(self) -> bool:
        """Whether there is no session."""
        return not parse_hours(self.regular, weekday=0)

    def hours(self, weekday: int) -> Hours:
        """All stretches of a date on a weekday (0 is Monday) in order, without those of the night."""
        parts = ((self.pre, Phase.PRE), (self.regular, Phase.REGULAR), (self.post, Phase.POST))
        return tuple(sorted(item for text, phase in parts if text for item in parse_hours(text, phase, weekday)))

    @property
    def night_hours(self) -> Hours:
        """The stretches of the night, in minutes from the midnight before its evening."""
        hours = parse_hours(self.night) if self.night else ()
        return shifted(hours, 1) if hours and hours[0].opens < 0 else hours

    def with_regular(self, regular: str, weekday: int) -> DayHours:
        """Other regular hours, and what stays of the others around them; nothing where it is closed."""
        hours = parse_hours(regular, weekday=weekday)
        if not hours:
            return DayHours(regular)
        kept = around(self.hours(weekday), hours)
        pre, post = (tuple(item for item in kept if item.phase is phase) for phase in (Phase.PRE, Phase.POST))
        written = [write_hours(part, weekday) if part else "" for part in (pre, post)]
        return DayHours(regular, written[0], written[1], self.night)


def around(usual: Hours, regular: Hours) -> Hours:
    """What stays of the hours before and after those of a `usual` date on one with other `regular` hours."""
    if not regular:
        return ()
    opens, closes = regular[0].opens, regular[-1].closes
    usually = max((item.closes for item in usual if item.phase is Phase.REGULAR), default=closes)
    earlier = max(usually - closes, 0)
    kept = []
    for item in usual:
        if item.phase is Phase.PRE and item.opens < opens:
            kept.append(item._replace(closes=min(item.closes, opens)))
        elif item.phase is Phase.POST:
            kept.append(Stretch(max(item.opens - earlier, closes), item.closes - earlier, item.phase))
    return tuple(item for item in kept if item.opens < item.closes)


def shifted(hours: Hours, days: int) -> Hours:
    """The same hours so many days later."""
    return tuple(item._replace(opens=item.opens + days * 1440, closes=item.closes + days * 1440) for item in hours)
