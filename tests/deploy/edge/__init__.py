"""Tests of the reverse proxies in front of the service: Debian's nginx, a new nginx, and Caddy."""
