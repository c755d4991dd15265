"""Tests of audits, of the SBOM and of the workflows."""
