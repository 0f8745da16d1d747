"""Doubles of trading venues: their protocols on loopback, over a market whose truth is known, with scripted trouble."""

from barloom.testing.venues.double import VenueDouble
from barloom.testing.venues.market import VenueMarket
from barloom.testing.venues.protocols.venues import VENUES
from barloom.testing.venues.script import Script
from barloom.testing.venues.trades import MarketTrade

__all__ = ["VENUES", "MarketTrade", "Script", "VenueDouble", "VenueMarket"]
