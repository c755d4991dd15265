#!/bin/sh
# A deploy hook for certbot. It reloads nginx after each renewal, and no request fails meanwhile.
# Install it in /etc/letsencrypt/renewal-hooks/deploy/.
set -eu

# With a wrong configuration nginx keeps the old certificate until it expires. Print the reason, because
# certbot reports the output of its hooks.
if ! said=$(nginx -t 2>&1); then
	mistake=$(printf '%s\n' "$said" | sed -n 's/^.*\[emerg\] //p' | tail -n 1)
	echo "nginx was not reloaded and keeps its old certificate: ${mistake:-$said}." >&2
	exit 1
fi
if ! said=$(nginx -s reload 2>&1); then
	mistake=$(printf '%s\n' "$said" | tail -n 1)
	echo "nginx was not reloaded and keeps its old certificate: ${mistake:-it does not run}." >&2
	exit 1
fi
