"""Fortnox: its authorization server and its API."""
