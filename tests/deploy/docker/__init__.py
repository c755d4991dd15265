"""Tests of deploy/docker that need no container engine."""
