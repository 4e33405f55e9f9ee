"""When somebody means, read from what they wrote."""

from agents.tools.dates.reading import Dated, find, moment, once, repeats, zone_of

__all__ = ["Dated", "find", "moment", "once", "repeats", "zone_of"]
