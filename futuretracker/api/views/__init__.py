"""The views. Each states its contract with the decorators of ``api/contract.py``."""
