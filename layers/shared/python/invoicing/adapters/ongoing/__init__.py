"""Ongoing WMS: its Automation interface, spoken in hand-written SOAP. Wire names stop here."""
