#!/bin/sh
# certbot's deploy hook: lets nginx take a renewed certificate, without losing a request. It belongs
# into /etc/letsencrypt/renewal-hooks/deploy/.
set -eu

# A wrong configuration would leave the old certificate in place, and nobody would hear of it before
# it ends: certbot reports what a hook says.
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
