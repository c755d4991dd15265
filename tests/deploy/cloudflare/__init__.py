"""The files for Cloudflare, and nginx behind it."""
