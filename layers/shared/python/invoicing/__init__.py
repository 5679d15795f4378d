"""Sends 3PL invoices from Ongoing WMS to Fortnox.

Imports go inward only: functions → runtime → adapters → application → domain.
"""
