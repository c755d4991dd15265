"""The table of all settings, and the only place that defines names, defaults and meanings.

docs/operations/settings.md and .env.example are printed from it (documents.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_DOMAIN = "your-project.supabase.co:5432/postgres?sslrootcert=/etc/futuretracker/supabase-ca.crt"
_OWNER = f"postgresql://postgres:password@db.{_DOMAIN}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    ``default`` is the text that is read when the setting is absent. ``absent`` describes a default
    that is not a fixed text. ``missing`` says what to set a required setting to. ``example`` is the
    value in .env.example. ``shown``: its line there is active, not a comment.
    """

    name: str
    default: str
    meaning: str
    absent: str = ""
    missing: str = ""
    secret: bool = False
    example: str = ""
    shown: bool = False


# The FutureTracker extension in the Chrome Web Store.
EXTENSION: Final = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"
SECTIONS: dict[str, tuple[Setting, ...]] = {
    "Server": (
        Setting(
            "FUTURETRACKER_ENV",
            "production",
            "`production`, `development` or `test`. `/api/health` shows it. In production the"
            " service refuses to start with a database role that can bypass row level security.",
            shown=True,
        ),
        Setting("HOST", "127.0.0.1", "The address that gunicorn listens on.", shown=True),
        Setting("PORT", "3001", "The port that gunicorn listens on.", shown=True),
        Setting("WEB_CONCURRENCY", "2", "The number of worker processes, 1 to 512."),
        Setting(
            "WORKER",
            "event-loop",
            "`event-loop` for the service's own worker, or `stock` for gunicorn's threaded worker;"
            " `docs/server.md` compares them.",
        ),
        Setting(
            "THREADS",
            "4",
            "Threads for requests in each worker, 1 to 64. Only `WORKER=stock` uses them.",
        ),
        Setting(
            "STATEMENTS",
            "8",
            "The number of reads, and of writes, that each worker runs in Postgres at the same"
            " time, 1 to 64. `WORKER=stock` ignores it.",
        ),
        Setting(
            "TRUSTED_PROXIES",
            "1",
            "The number of reverse proxies in front of the service that set `X-Forwarded-For`."
            " Use 0 if clients connect directly; otherwise they can forge their address.",
            shown=True,
        ),
        Setting(
            "API_SUNSET",
            "",
            "The day (`YYYY-MM-DD`) from which the original API (`/api`) may be removed. It is sent"
            " in the `Sunset` header.",
            example="2027-12-31",
        ),
        Setting(
            "REQUIRE_IF_MATCH",
            "false",
            "`true` refuses a `PUT`, `PATCH` or `DELETE` of an opportunity in v1 that has no"
            " `If-Match`, with a 428. Then none of them can overwrite a change that the client has"
            " not seen. Clients that do not know ETags stop working. A batch and a change of all"
            " that match take no `If-Match`, and are not refused.",
        ),
        Setting(
            "TRASH_DAYS",
            "30",
            "For how many days a deleted opportunity can be restored, 1 to 3650. `prune` removes it"
            " afterwards.",
        ),
        Setting(
            "PRUNE_DIRECTORY",
            "/var/lib/futuretracker-prune",
            "The folder of `prune.json`, which `prune` writes and `/metrics` reads. Without the"
            " folder, `prune` writes no file.",
        ),
        Setting(
            "ACCOUNT_DELETION_DAYS",
            "30",
            "For how many days users can cancel the deletion of their account, 1 to 90. `prune`"
            " erases the account afterwards. A change does not move deletions that were requested"
            " before.",
        ),
    ),
    "Browsers": (
        Setting(
            "CORS_ORIGIN",
            "http://localhost:3000",
            "The origins that may call the API from a browser: an exact, comma-separated list,"
            " without a slash at the end. Browser extensions are origins as well: the example"
            " includes the FutureTracker extension for Chrome. Firefox and Safari give an extension"
            " another origin in each installation. `moz-extension://*` and"
            " `safari-web-extension://*` allow all of them: every extension that a user of that"
            " browser has installed may then call the API, but it still needs a token.",
            example=f"https://your-frontend-domain.com,{EXTENSION}",
            shown=True,
        ),
        Setting(
            "CORS_ALLOWED_HEADERS",
            "",
            "Further request headers that pages of these origins may send, comma-separated, such as"
            " those of tracing. The service itself does not read them.",
            example="traceparent,tracestate,baggage,sentry-trace",
        ),
    ),
    "Front page": (
        Setting(
            "SOURCE_URL",
            "",
            "The URL of the source code. The front page links to it.",
            example="https://git.example.com/futuretracker",
        ),
        Setting(
            "SECURITY_CONTACT",
            "",
            "Where to report a vulnerability: a comma-separated list of `mailto:` and `https:`"
            " URLs, the preferred one first. The front page and `/.well-known/security.txt` show"
            " it. Without it, `security.txt` is a 404.",
            example="mailto:security@example.com",
        ),
    ),
    "Sign-in with Clerk": (
        Setting(
            "CLERK_PUBLISHABLE_KEY",
            "",
            "The key that names the Clerk instance. The issuer of tokens and the URL of their keys"
            " follow from it.",
            example="pk_live_your_publishable_key_here",
            shown=True,
        ),
        Setting(
            "CLERK_JWT_PUBLIC_KEY",
            "",
            "The instance's public key in PEM, with `\\n` for new lines. If it is set, no keys are"
            " downloaded.",
            example='"-----BEGIN PUBLIC KEY-----\\n...\\n-----END PUBLIC KEY-----"',
        ),
        Setting(
            "CLERK_SECRET_KEY",
            "",
            "Downloads the keys from Clerk's Backend API. It is only used if neither of the two"
            " settings above is set.",
            secret=True,
            example="your_clerk_secret_key_here",
        ),
        Setting(
            "CLERK_ISSUER",
            "",
            "The issuer of tokens. It is required without a publishable key.",
            absent="from `CLERK_PUBLISHABLE_KEY`",
            missing="set CLERK_PUBLISHABLE_KEY, or set CLERK_ISSUER to the issuer of your tokens",
            example="https://clerk.your-domain.com",
        ),
        Setting("CLERK_API_URL", "https://api.clerk.com", "Clerk's Backend API."),
        Setting(
            "CLERK_AUTHORIZED_PARTIES",
            "",
            "The origins that tokens may be issued for (the `azp` claim), comma-separated. If you"
            " set it, include the origin of each extension, as in `CORS_ORIGIN`; it takes the same"
            " patterns.",
            absent="`CORS_ORIGIN`",
            example=f"https://your-frontend-domain.com,{EXTENSION}",
        ),
        Setting(
            "CLERK_ALLOW_MISSING_AZP",
            "false",
            "Whether tokens with no `azp` claim or an empty one are accepted. Native apps need it.",
        ),
        Setting(
            "CLERK_WEBHOOK_SECRET",
            "",
            "The signing secret of Clerk's webhooks (`whsec_...`). While you replace it, set the"
            " old and the new one, comma-separated. Without it there is no `/webhooks/clerk`.",
            secret=True,
            example="whsec_your_webhook_secret_here",
        ),
        Setting(
            "CLERK_MAX_TOKEN_LIFETIME",
            "600",
            "The longest lifetime of a token that is accepted, in seconds, up to one day.",
        ),
    ),
    "Database": (
        Setting(
            "DATABASE_URL",
            "",
            "Postgres, as the role `futuretracker_api` and never as the owner of the tables. A host"
            " that is not local needs `sslmode=verify-full`, which is also the default.",
            missing="set it to the Postgres URL of the role futuretracker_api",
            secret=True,
            example=f"postgresql://futuretracker_api:password@db.{_DOMAIN}",
            shown=True,
        ),
        Setting(
            "DATABASE_POOLER",
            "auto",
            "`transaction` if `DATABASE_URL` points to a pooler in transaction mode: no"
            " statement is then prepared. `none` if it does not. `auto` recognises Supavisor by"
            " its port 6543.",
        ),
        Setting(
            "DATABASE_REPLICA_URL",
            "",
            "A streaming replica of the same Postgres, used for reads. The rules of `DATABASE_URL`"
            " apply.",
            secret=True,
            example=f"postgresql://futuretracker_api:password@replica.{_DOMAIN}",
        ),
        Setting(
            "DATABASE_REPLICA_WINDOW",
            "10",
            "After a write, a session reads from the primary for this many seconds, 2 to 300. A"
            " replica that lags by more than half of that is not used.",
        ),
        Setting(
            "MIGRATION_DATABASE_URL",
            "",
            "Postgres as the owner of the tables. Only `migrate` reads it, and `backup` if"
            " `BACKUP_DATABASE_URL` is not set.",
            absent="required by `migrate`",
            missing="set it to the Postgres URL of the tables' owner",
            secret=True,
            example=_OWNER,
        ),
    ),
    "Shared store": (
        Setting(
            "STORE_URL",
            "lmdb:///dev/shm/futuretracker",
            "The store that the processes of one host share: `lmdb:///` and a folder in shared"
            " memory, or `memory://` with a single worker.",
        ),
        Setting(
            "REDIS_URL",
            "",
            "Redis or Valkey, shared by several hosts. It replaces `STORE_URL`. Forms: `redis://`,"
            " `rediss://`, `redis+sentinel://host:port,host:port/name`,"
            " `redis+cluster://host:port,host:port`.",
            secret=True,
            example="rediss://:password@redis.your-domain.com:6379/0",
        ),
    ),
    "Rate limits": (
        Setting(
            "RATE_LIMIT_GENERAL", "2000 per 15 minutes", "Requests of one IP address.", shown=True
        ),
        Setting("RATE_LIMIT_WRITE", "1500 per 15 minutes", "Writes of one IP address.", shown=True),
        Setting(
            "RATE_LIMIT_USER_GENERAL", "2000 per 15 minutes", "Requests of one user.", shown=True
        ),
        Setting("RATE_LIMIT_USER_WRITE", "1500 per 15 minutes", "Writes of one user.", shown=True),
        Setting("RATE_LIMIT_KEY_GENERAL", "600 per 15 minutes", "Requests of one API key."),
        Setting("RATE_LIMIT_KEY_WRITE", "300 per 15 minutes", "Writes of one API key."),
        Setting(
            "RATE_LIMIT_USER_SLOWED",
            "60 per 15 minutes",
            "Requests of one user for whom anomaly detection has lowered the limit"
            " (`ANOMALY_ACTIONS`).",
        ),
    ),
    "Metrics": (
        Setting(
            "METRICS_PORT",
            "0",
            "A port on 127.0.0.1 that serves `/metrics` and nothing else; 0 for none.",
            example="9464",
            shown=True,
        ),
        Setting(
            "METRICS_TOKEN",
            "",
            "The bearer token that gives access to `/metrics` on the API's port: 32 to 512"
            " letters, digits and `._~+/=-`.",
            secret=True,
            example="a_long_random_token_of_at_least_32_characters",
        ),
    ),
    "Backups": (
        Setting(
            "BACKUP_DIRECTORY",
            "/var/lib/futuretracker-backup",
            "The folder of the backups and of `status.json`, which `/metrics` and `check` read.",
        ),
        Setting(
            "BACKUP_DATABASE_URL",
            "",
            "Postgres as a role that row level security does not restrict. It must be a direct"
            " connection or a pooler in session mode. Only `backup` reads it.",
            absent="`MIGRATION_DATABASE_URL`",
            secret=True,
            example=_OWNER,
        ),
        Setting("BACKUP_KEEP_DAILY", "7", "For how many days the last backup of each day is kept."),
        Setting(
            "BACKUP_KEEP_WEEKLY", "5", "For how many weeks the last backup of each week is kept."
        ),
        Setting(
            "BACKUP_KEEP_MONTHLY",
            "12",
            "For how many months the last backup of each month is kept.",
        ),
        Setting(
            "BACKUP_AGE_RECIPIENT",
            "",
            "The age public keys (`age1...`) that backups are encrypted for, comma-separated.",
            absent="not encrypted",
            example="age1...",
        ),
        Setting(
            "BACKUP_AGE_IDENTITY",
            "",
            "The age identity that decrypts backups, as `age-keygen` writes it. Only `restore` and"
            " `drill` read it. Keep it off this host, and use `BACKUP_AGE_IDENTITY_FILE`.",
            secret=True,
        ),
        Setting(
            "RESTORE_DATABASE_URL",
            "",
            "The empty database that `restore` fills, as its owner.",
            absent="required by `restore`",
            missing="set it to the Postgres URL of an empty database's owner",
            secret=True,
            example=_OWNER.replace("your-project", "your-project-copy"),
        ),
        Setting(
            "POSTGRES_BIN",
            "",
            "The folder of Postgres' programs: `pg_dump`, `pg_restore` and `psql`, and for `drill`"
            " also `initdb` and `postgres`.",
            absent="those on `PATH`",
            example="/usr/lib/postgresql/17/bin",
        ),
    ),
    "Audit log": (
        Setting(
            "AUDIT_KEEP_MONTHS",
            "0",
            "For how many whole months `audit prune` keeps the entries of the table `audit_log`;"
            " 0 for ever.",
            example="24",
        ),
        Setting(
            "AUDIT_DIRECTORY",
            "/var/lib/futuretracker-audit",
            "The folder of `audit.json`, which `audit prune` writes and `/metrics` reads.",
        ),
    ),
    "Firewall": (
        Setting(
            "WAF_DIRECTORY",
            "/var/lib/futuretracker-waf",
            "The folder of `waf.json`, which `waf-log` writes and `/metrics` reads.",
        ),
    ),
    "Anomaly detection": (
        Setting(
            "WATCH_DATABASE_URL",
            "",
            "Postgres as the role `futuretracker_watch`. Only `watch` and `findings` read it.",
            absent="required by `watch` and `findings`",
            missing="set it to the Postgres URL of the role futuretracker_watch",
            secret=True,
            example=f"postgresql://futuretracker_watch:password@db.{_DOMAIN}",
        ),
        Setting(
            "ANOMALY_DIRECTORY",
            "/var/lib/futuretracker-watch",
            "The folder of `anomalies.json`, which `watch` writes and `/metrics` reads.",
        ),
        Setting(
            "ANOMALY_ACTIONS",
            "",
            "What `watch` does after a new finding, comma-separated: a kind of finding, or `*` for"
            " every kind, and `revoke-session`, `suspend-key`, `lower-limit` or `webhook`. With"
            " `:dry-run` it only records what it would have done.",
            absent="nothing",
            example="stolen-token=revoke-session,scraping=lower-limit:dry-run,*=webhook",
        ),
        Setting(
            "ANOMALY_WEBHOOK_URL",
            "",
            "Where `webhook` sends its messages: an `https://` URL, or `http://` on this machine.",
            secret=True,
            example="https://alerts.example.com/futuretracker",
        ),
        Setting(
            "ANOMALY_WEBHOOK_SECRET",
            "",
            "The secret that signs the messages by the rules of Standard Webhooks: `whsec_` and"
            " base64 of 16 bytes or more.",
            secret=True,
            example="whsec_your_webhook_secret_here",
        ),
    ),
    "Checks": (
        Setting(
            "PUBLIC_URL",
            "",
            "The URL that clients use. `check --deploy` sends its requests there, and signed"
            " requests must be signed for its host.",
            example="https://api.example.com",
        ),
        Setting(
            "ORIGIN_ADDRESS",
            "",
            "The public IP address of this host, if clients reach it through Cloudflare. A port may"
            " follow; the default is 443. `check --deploy` tries to get past Cloudflare.",
            example="203.0.113.7",
        ),
        Setting(
            "HOSTS",
            "1",
            "The number of hosts that run the service. `check --deploy` compares the connections of"
            " all of them with the limits of Postgres.",
        ),
        Setting(
            "CHECK_TOKEN",
            "",
            "A session token that `check --deploy` tries at `PUBLIC_URL`. Clerk's tokens expire"
            " after a minute, so `CHECK_TOKEN_FILE` is easier.",
            secret=True,
        ),
    ),
}

SETTINGS = {setting.name: setting for section in SECTIONS.values() for setting in section}
