"""Tests of files with opportunities."""
