"""Tests of the units of the backup and the drill."""
