"""Requests and look-ups that several checks share."""
