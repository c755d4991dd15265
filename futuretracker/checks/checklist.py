"""All items of the checklist, in the order of the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from futuretracker.checks import as_owner
from futuretracker.checks.items import (
    anomalies,
    backups,
    clerk,
    clock,
    cors,
    database,
    database_setup,
    edge,
    environment,
    files,
    host,
    https,
    journal,
    limits,
    monitoring,
    proxy,
    prune,
    row_security,
    store,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject


class Item(NamedTuple):
    """One check, which may take ``within`` seconds. ``cheap`` items also run before each start."""

    id: str
    title: str
    check: Callable[[Subject], Finding]
    cheap: bool = False
    within: float = 5.0


ITEMS = (
    Item("environment-complete", "Every setting is present", environment.complete, cheap=True),
    Item("environment-production", "Nothing runs in development mode", environment.production),
    Item("secrets-strong", "Secrets are long, Clerk's keys are live", environment.secrets),
    Item("cors-origin", "Only real frontends are listed", cors.origins, cheap=True),
    Item(
        "env-file-private",
        "Other users cannot read the settings",
        files.env_file_private,
        cheap=True,
    ),
    Item("env-file-ignored", "git does not have .env", files.env_file_ignored, within=15),
    Item("credentials-readable", "Files of secrets can be read", files.credentials, cheap=True),
    Item("privileged-secrets", "Privileged secrets are elsewhere", files.privileged_secrets),
    Item("database-reachable", "Postgres is available", database.reachable, cheap=True),
    Item("database-role", "Row level security applies to the role", database.role, cheap=True),
    Item("migrations-applied", "The database is up to date", database.migrated, cheap=True),
    Item("database-tls", "Connections to Postgres are encrypted", database.encrypted),
    Item("database-writable", "Postgres accepts changes", database_setup.writable),
    Item("database-timeouts", "Statements have time limits", database_setup.timeouts),
    Item("database-privileges", "The role may do its work", database_setup.privileges),
    Item("database-triggers", "Triggers are enabled", database_setup.triggers),
    Item("audit-partitions", "Audit entries have a partition", database_setup.audit_partitions),
    Item("database-room", "Postgres has room for all connections", database_setup.room),
    Item("row-level-security", "Row level security is on for every table", row_security.enabled),
    Item("data-api-grants", "Nobody can bypass the service", row_security.grants),
    Item("definer-functions", "Functions of the owner are safe", row_security.definer_functions),
    Item("store-usable", "The store works", store.usable, cheap=True, within=as_owner.WITHIN),
    Item(
        "store-private",
        "Other users cannot write to the store",
        store.private,
        cheap=True,
        within=as_owner.WITHIN,
    ),
    Item("store-shared", "All processes share the store", store.shared, cheap=True),
    Item("limits-counted", "Rate limits count exactly", limits.counted, within=as_owner.WITHIN + 2),
    Item("clerk-keys", "Clerk's keys can be fetched", clerk.keys),
    Item("token-refused", "A forged token is refused", clerk.refused, within=8),
    Item("token-accepted", "A real token is accepted", clerk.accepted),
    Item("webhook-refused", "A forged webhook is refused", clerk.webhook),
    Item("webhook-accepted", "Clerk's webhooks are accepted", clerk.signed_webhook),
    Item("https", "TLS that browsers trust", https.certificate),
    Item("https-redirect", "http is redirected to https", https.redirect),
    Item("hsts", "Browsers stay with https", https.hsts),
    Item("service-healthy", "The service is healthy at its URL", https.health),
    Item("metrics-private", "Metrics are not public", https.metrics),
    Item("cors-headers", "CORS headers arrive", cors.headers, within=10),
    Item("proxy-hops", "Clients cannot forge their address", proxy.hops, within=10),
    Item("gunicorn-private", "gunicorn is reached only through the proxy", proxy.gunicorn),
    Item("origin-hidden", "Nobody gets past Cloudflare", edge.hidden, within=10),
    Item("origin-pulls", "nginx asks for Cloudflare's certificate", edge.pulls, within=10),
    Item("attacks-blocked", "The firewall blocks attacks", edge.attacks),
    Item("jails-running", "fail2ban bans attackers", edge.jails),
    Item("listening-ports", "Only ports 80 and 443 are open", host.ports),
    Item("open-files", "The limit of open files is high enough", host.open_files),
    Item("clock", "The clock is right", clock.skew, within=10),
    Item("audit-lines", "Audit lines are kept", journal.collected, within=15),
    Item("backup-recent", "A backup was made today", backups.recent, within=backups.WITHIN + 5),
    Item("backup-restored", "A backup was restored", backups.restored),
    Item("prune-recent", "What is due is removed", prune.recent),
    Item("metrics-scraped", "Prometheus scrapes the metrics", monitoring.scraped),
    Item("anomalies-evaluated", "Anomaly detection works", anomalies.evaluated),
)
