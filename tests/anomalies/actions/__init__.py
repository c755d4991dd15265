"""Tests of what happens after a finding."""
