"""Which column is what, by the names that people and exchanges give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["KEYS", "NO_KEYS", "in_role", "plain"]

KEYS: Final = (
    "symbol ticker instrument pair sym product productid market marketid marketsymbol instid currencypair security ric"
    " isin code contract asset s localsymbol rawsymbol root underlying name instrumentid"
)
NO_KEYS: Final = frozenset(
    """
    side type ordertype ordtype exchange venue broker source cond condition conditions salecondition flag flags tape
    action aggressor takerside makerside direction status misc currency ismaker tradeid id origin channel event e
    exchangecondition suspicious
    """.split()  # noqa: SIM905 - a long list of words
)
_ROLES: Final = {
    "time": "timestamp eventtime eventtimestamp tradetime tradets transacttime tsevent siptimestamp"
    " participanttimestamp exchangetimestamp time datetime ts unixtime unix epoch opentime windowstart"
    " starttime bartime gmttime localtime utc at date created createdat t start begin bucket closetime"
    " endtime end eventdate tradedate day",
    "arrival": "tsrecv received receivedat receivetime recvtime arrival arrivaltime localtimestamp receipttimestamp",
    "key": KEYS,
    "price": "price px tradeprice lastprice tradedprice executionprice fillprice p last rate value",
    "size": "size qty quantity amount tradesize tradevolume tradeqty tradequantity lastsize lastqty executedqty sz"
    " volume vol lots shares contracts basevolume q v",
    "bid": "bid bidprice bidpx bidpx00 bestbid bestbidprice b",
    "ask": "ask askprice askpx askpx00 offer offerprice bestask bestaskprice a",
    "bid_size": "bidsize bidqty bidvolume bidsz bidsz00 bestbidqty bestbidsize",
    "ask_size": "asksize askqty askvolume asksz asksz00 bestaskqty bestasksize offersize",
    "open": "open openprice o",
    "high": "high highprice h max",
    "low": "low lowprice l min",
    "close": "close closeprice c",
    "volume": "volume vol v basevolume totalvolume quantity qty tickvol tickvolume",
    "trades": "trades count numberoftrades tradecount transactions numtrades n",
    "id": "tradeid id tid aggtradeid sequence sequencenumber seq",
}


def plain(name: str) -> str:
    """A name as it is compared: of a path its last part, in small letters and digits only."""
    last = re.split(r"[.\]]", name.rstrip("]"))[-1]
    return re.sub(r"[^a-z0-9]", "", last.lower())


def in_role(role: str, names: Iterable[str]) -> list[str]:
    """Those of the names that stand for something, the likeliest first."""
    known: Sequence[str] = _ROLES[role].split()
    found = [(known.index(_bare(name, role, known)), name) for name in names if _bare(name, role, known) in known]
    return [name for _, name in sorted(found, key=lambda each: each[0])]


def _bare(name: str, role: str, known: Sequence[str]) -> str:
    """The plain name; of ``Volume BTC`` and ``price_usd`` the first word."""
    whole = plain(name)
    if whole in known or role not in ("volume", "price", "size"):
        return whole
    return plain(re.split(r"[ _(]", name.strip())[0])
