"""Tests of deploy/ with the real software that each file is for."""
