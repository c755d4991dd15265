"""Every item of the checklist, in the order in which it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from futuretracker.checks.items import (
    backups,
    clerk,
    clock,
    cors,
    database,
    environment,
    files,
    host,
    https,
    journal,
    limits,
    monitoring,
    proxy,
    row_security,
    store,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject


class Item(NamedTuple):
    """One thing to check, within so many seconds; ``cheap`` ones before each start as well."""

    id: str
    title: str
    check: Callable[[Subject], Finding]
    cheap: bool = False
    within: float = 5.0


ITEMS = (
    Item("environment-complete", "Every setting is there", environment.complete, cheap=True),
    Item("environment-production", "Nothing runs as for development", environment.production),
    Item("secrets-strong", "Secrets are long, keys are live", environment.secrets),
    Item("cors-origin", "Real frontends alone may call", cors.origins, cheap=True),
    Item("env-file-private", "Others cannot read the settings", files.env_file_private, cheap=True),
    Item("env-file-ignored", "git does not have .env", files.env_file_ignored, within=15),
    Item("credentials-readable", "NAME_FILE can be read", files.credentials, cheap=True),
    Item("privileged-secrets", "Keys to everything are elsewhere", files.privileged_secrets),
    Item("database-reachable", "Postgres answers", database.reachable, cheap=True),
    Item("database-role", "Row level security binds the role", database.role, cheap=True),
    Item("migrations-applied", "The database is up to date", database.migrated, cheap=True),
    Item("database-tls", "The way to Postgres is verified", database.encrypted),
    Item("row-level-security", "Policies hold on every table", row_security.enabled),
    Item("data-api-grants", "No way around the service", row_security.grants),
    Item("definer-functions", "Functions of the owner are safe", row_security.definer_functions),
    Item("store-usable", "The store works", store.usable, cheap=True),
    Item("store-shared", "The store fits who shares it", store.shared, cheap=True),
    Item("limits-counted", "Budgets are exact", limits.counted, within=limits.WITHIN + 2),
    Item("clerk-keys", "Sign-in keys are there", clerk.keys),
    Item("token-refused", "A forged token is refused", clerk.refused, within=8),
    Item("token-accepted", "A real token is let in", clerk.accepted),
    Item("webhook-refused", "Clerk's webhooks arrive, forged ones fail", clerk.webhook),
    Item("https", "TLS that browsers trust", https.certificate),
    Item("https-redirect", "http leads to https", https.redirect),
    Item("hsts", "Browsers stay with https", https.hsts),
    Item("service-healthy", "The service answers at its URL", https.health),
    Item("metrics-private", "Figures are not public", https.metrics),
    Item("cors-answers", "Browsers are told so", cors.answers, within=10),
    Item("proxy-hops", "No address can be forged", proxy.hops, within=10),
    Item("gunicorn-private", "The proxy is the only way in", proxy.gunicorn),
    Item("listening-ports", "80 and 443 alone are open", host.ports),
    Item("open-files", "Room for every connection", host.open_files),
    Item("clock", "The clock is right", clock.skew, within=10),
    Item("audit-lines", "Audit lines are kept", journal.collected, within=15),
    Item("backup-recent", "A backup of today", backups.recent),
    Item("backup-restored", "A backup that was restored", backups.restored),
    Item("metrics-scraped", "Somebody watches", monitoring.scraped),
)
