"""API keys: their text, their sessions, and what they may be used for."""
