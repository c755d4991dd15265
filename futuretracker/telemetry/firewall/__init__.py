"""The web application firewall: its audit log as log lines and as metrics."""
