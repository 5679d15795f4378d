"""Time in Sweden: where a date is meant, it is the date there."""

from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")
