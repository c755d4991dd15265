"""Tests of deploy/platforms, started as each platform would start them."""
