"""Tests of what people note of an opportunity in v1."""
