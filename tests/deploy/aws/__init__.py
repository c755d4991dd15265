"""The files for AWS."""
