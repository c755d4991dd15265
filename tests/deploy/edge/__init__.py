"""What stands before the service and speaks TLS: nginx, Debian's and a newest one, and Caddy."""
