"""Tests of the firewall: Debian's nginx with ModSecurity and the Core Rule Set."""
