"""Tests of operations on several opportunities."""
