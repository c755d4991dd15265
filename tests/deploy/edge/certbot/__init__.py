"""Tests of issuing and renewing certificates."""
