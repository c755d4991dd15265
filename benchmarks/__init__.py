"""Benchmarks of this service and of the same API written with other frameworks.

``bench`` compares servers, ``scaling`` measures growth, ``large`` measures a user with very many
rows, and ``profile`` shows where CPU time goes.
"""
