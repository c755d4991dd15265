"""Settings: all problems in one message, and no secret in any text."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from futuretracker.config import Config
from futuretracker.config.environment import ConfigError
from futuretracker.config.rate_limits import RateLimit
from tests.conftest import config_from
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

REMOTE = "postgresql://futuretracker_api:hunter2@db.example.com/postgres"


def problems(settings: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config_from(settings)
    return caught.value.problems


def test_the_defaults_are_those_of_production(settings: dict[str, str]) -> None:
    needed = ("DATABASE_URL", "CLERK_JWT_PUBLIC_KEY", "CLERK_ISSUER")
    config = config_from({name: settings[name] for name in needed})

    assert config.environment == "production"
    assert (config.host, config.port, config.workers) == ("127.0.0.1", 3001, 2)
    assert config.cors_origins == ("http://localhost:3000",)
    assert config.trusted_proxies == 1
    assert config.store_url == "lmdb:///dev/shm/futuretracker"
    assert config.general == RateLimit("general", 2000, 900, "15 minutes")
    assert config.write == RateLimit("write", 1500, 900, "15 minutes")
    assert config.user_general.amount == 2000
    assert config.user_write.amount == 1500
    assert config.clerk.max_lifetime == 600
    assert config.clerk.authorized_parties == {"http://localhost:3000"}
    assert not config.clerk.allow_missing_azp


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        {
            "FUTURETRACKER_ENV": "staging",
            "PORT": "http",
            "WEB_CONCURRENCY": "0",
            "CORS_ORIGIN": "https://app.example.com/",
            "TRUSTED_PROXIES": "-1",
            "REDIS_URL": "redis://:hunter2@host:abc/0",
            "STORE_URL": "/dev/shm",
            "DATABASE_POOLER": "yes",
            "DATABASE_REPLICA_URL": "localhost",
            "DATABASE_REPLICA_WINDOW": "0",
            "RATE_LIMIT_WRITE": "lots",
            "RATE_LIMIT_GENERAL": "0 per hour",
            "CLERK_JWT_PUBLIC_KEY": "nonsense",
            "CLERK_ALLOW_MISSING_AZP": "perhaps",
            "CLERK_MAX_TOKEN_LIFETIME": "0",
        }
    )

    assert sorted(problem.partition(":")[0] for problem in found) == [
        "CLERK_ALLOW_MISSING_AZP",
        "CLERK_ISSUER",
        "CLERK_JWT_PUBLIC_KEY",
        "CLERK_MAX_TOKEN_LIFETIME",
        "CORS_ORIGIN",
        "DATABASE_POOLER",
        "DATABASE_REPLICA_URL",
        "DATABASE_REPLICA_WINDOW",
        "DATABASE_URL",
        "FUTURETRACKER_ENV",
        "PORT",
        "RATE_LIMIT_GENERAL",
        "RATE_LIMIT_WRITE",
        "REDIS_URL",
        "STORE_URL",
        "TRUSTED_PROXIES",
        "WEB_CONCURRENCY",
    ]


def test_memory_is_refused_with_more_than_one_worker(settings: dict[str, str]) -> None:
    memory = {**settings, "STORE_URL": "memory://"}

    assert config_from({**memory, "WEB_CONCURRENCY": "1"}).store_url == "memory://"
    [problem] = problems({**memory, "WEB_CONCURRENCY": "2"})
    assert problem.startswith("STORE_URL: memory:// counts in each process")


def test_redis_url_replaces_store_url(settings: dict[str, str]) -> None:
    config = config_from({**settings, "REDIS_URL": "rediss://:pw@redis.example.com:6379/0"})

    assert config.store_url == "rediss://:pw@redis.example.com:6379/0"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis+sentinel://:pw@10.0.0.1:26379,sentinel-2.example.com:26379/limits",
        "redis+sentinel://[::1]:26379/a-b.c",
        "redis+cluster://user:pw@node-1:7000,node-2:7000",
        "redis+cluster://node-1:7000/",
    ],
)
def test_urls_of_sentinels_and_clusters_are_accepted(settings: dict[str, str], url: str) -> None:
    assert config_from({**settings, "REDIS_URL": url}).store_url == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("memcached://hunter2", "must begin with redis://, rediss://, redis+sentinel:// or redis+"),
        ("redis+sentinel://:hunter2@host:26379", "must end with the name that Sentinel knows the"),
        ("redis+sentinel://:hunter2@host:26379/a/b", "must end with the name that Sentinel knows"),
        ("redis+sentinel://:hunter2@host/name", "must name hosts with their ports: host:port,host"),
        ("redis+cluster://:hunter2@", "must name hosts with their ports: host:port,host:port"),
        ("redis+cluster://:hunter2@a:1,b", "must name hosts with their ports: host:port,host:port"),
        ("redis+cluster://:hunter2@[::1:6379", "must name hosts with their ports: host:port,host"),
        ("redis+cluster://:hunter2@a:1,b:65536", "has a port that is not from 1 to 65535: b:65536"),
        ("redis+sentinel://:hunter2@[::1]:0/a", "has a port that is not from 1 to 65535: [::1]:0"),
        ("redis://:hunter2@host:65536/0", "is not a Redis URL, such as redis://:password@host:"),
        ("rediss://:hunter2@host:0", "is not a Redis URL, such as redis://:password@host:6379/0"),
        ("redis://:hunter2@[::1/0", "is not a Redis URL, such as redis://:password@host:6379/0"),
        ("redis://:hunter2@::1]/0", "is not a Redis URL, such as redis://:password@host:6379/0"),
        ("redis+sentinel://:hunter2@[::1:1/a", "must name hosts with their ports: host:port,host"),
        (
            "redis+cluster://:hunter2@a:port",
            "must name hosts with their ports: host:port,host:port",
        ),
    ],
)
def test_a_malformed_redis_url_is_named_without_the_password(
    settings: dict[str, str], url: str, problem: str
) -> None:
    (found,) = problems({**settings, "REDIS_URL": url})

    assert found.startswith(f"REDIS_URL: {problem}")
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("", 0),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", 2),
    ],
)
def test_up_to_two_webhook_secrets_are_accepted(
    settings: dict[str, str], text: str, secrets: int
) -> None:
    config = config_from({**settings, "CLERK_WEBHOOK_SECRET": text})

    assert len(config.clerk.webhook_secrets) == secrets
    assert "whsec_" not in repr(config)


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "whsec_",
        "whsec_hunter2",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,hunter2",
        ",".join(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] * 3),
    ],
)
def test_a_malformed_webhook_secret_is_named_without_its_value(
    settings: dict[str, str], text: str
) -> None:
    (found,) = problems({**settings, "CLERK_WEBHOOK_SECRET": text})

    assert found == (
        "CLERK_WEBHOOK_SECRET: must be a Svix secret (whsec_ and base64), or two of them,"
        " comma-separated"
    )


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5 per minute", RateLimit("general", 5, 60, "1 minute")),
        ("7 per 2 hours", RateLimit("general", 7, 7200, "2 hours")),
        ("2000/15minutes", RateLimit("general", 2000, 900, "15 minutes")),
    ],
)
def test_a_rate_limit_is_read_from_words(
    settings: dict[str, str], text: str, limit: RateLimit
) -> None:
    assert config_from({**settings, "RATE_LIMIT_GENERAL": text}).general == limit


@pytest.mark.parametrize(
    "text",
    ["", "many", "0 per minute", "-5 per minute", "5 per minute; 9 per hour", "5 per 0 minutes"],
)
def test_a_malformed_rate_limit_is_refused(settings: dict[str, str], text: str) -> None:
    assert [p.partition(":")[0] for p in problems({**settings, "RATE_LIMIT_WRITE": text})] == [
        "RATE_LIMIT_WRITE"
    ]


def without_clerk(settings: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in settings.items() if not key.startswith("CLERK_")}


def publishable(host: str) -> str:
    return f"pk_test_{b64encode(f'{host}$'.encode()).decode()}"


def test_a_publishable_key_gives_issuer_and_url_of_the_keys(
    settings: dict[str, str],
) -> None:
    key = publishable("sunny-cat-1.clerk.accounts.dev")
    clerk = config_from({**without_clerk(settings), "CLERK_PUBLISHABLE_KEY": key}).clerk

    assert clerk.issuer == "https://sunny-cat-1.clerk.accounts.dev"
    assert clerk.jwks_url == "https://sunny-cat-1.clerk.accounts.dev/.well-known/jwks.json"
    assert clerk.public_key is None


def test_with_a_pem_no_keys_are_downloaded(settings: dict[str, str]) -> None:
    key = publishable("clerk.example.com")
    clerk = config_from(
        {**settings, "CLERK_PUBLISHABLE_KEY": key, "CLERK_SECRET_KEY": "sk_x"}
    ).clerk

    assert clerk.jwks_url is None
    assert clerk.public_key
    assert clerk.issuer == "https://localhost"


def test_a_secret_key_downloads_the_keys_from_the_backend_api(settings: dict[str, str]) -> None:
    changes = {"CLERK_SECRET_KEY": "sk_live_x", "CLERK_ISSUER": "https://clerk.example.com"}
    clerk = config_from({**without_clerk(settings), **changes}).clerk

    assert clerk.jwks_url == "https://api.clerk.com/v1/jwks"
    assert clerk.secret_key == "sk_live_x"


def test_an_issuer_alone_gives_the_url_of_the_keys(settings: dict[str, str]) -> None:
    clerk = config_from({**without_clerk(settings), "CLERK_ISSUER": "https://c.example.com"}).clerk

    assert clerk.jwks_url == "https://c.example.com/.well-known/jwks.json"


def test_without_an_issuer_the_start_is_refused(settings: dict[str, str]) -> None:
    for given in (
        {},
        {"CLERK_SECRET_KEY": "sk"},
        {"CLERK_JWT_PUBLIC_KEY": settings["CLERK_JWT_PUBLIC_KEY"]},
    ):
        [problem] = problems({**without_clerk(settings), **given})
        assert problem.startswith("CLERK_ISSUER: missing; set CLERK_PUBLISHABLE_KEY, or ")


@pytest.mark.parametrize("key", ["pk_test_", "pk_prod_YSQ=", "sk_live_YSQ", "pk_test_YQ==", "x"])
def test_a_malformed_publishable_key_is_refused(settings: dict[str, str], key: str) -> None:
    [problem] = problems({**without_clerk(settings), "CLERK_PUBLISHABLE_KEY": key})

    assert problem.startswith("CLERK_PUBLISHABLE_KEY: must be a Clerk publishable key")


@pytest.mark.parametrize("url", ["http://c.example.com", "https://c.example.com/", "clerk"])
def test_a_malformed_issuer_is_refused(settings: dict[str, str], url: str) -> None:
    [problem] = problems({**settings, "CLERK_ISSUER": url})

    assert problem.startswith("CLERK_ISSUER: must be an https:// URL")


def test_a_remote_database_needs_a_verified_certificate(
    settings: dict[str, str],
) -> None:
    url = config_from({**settings, "DATABASE_URL": REMOTE}).database.primary.url

    assert "sslmode=verify-full" in url
    assert "sslrootcert=system" in url
    own = config_from(
        {**settings, "DATABASE_URL": f"{REMOTE}?sslrootcert=/etc/ca.crt"}
    ).database.primary.url
    assert "sslrootcert=/etc/ca.crt" in own
    [problem] = problems({**settings, "DATABASE_URL": f"{REMOTE}?sslmode=require"})
    assert problem == "DATABASE_URL: a host that is not local needs sslmode=verify-full"


def test_a_remote_replica_needs_a_verified_certificate(settings: dict[str, str]) -> None:
    assert config_from(settings).database.replica is None
    assert config_from({**settings, "DATABASE_REPLICA_URL": ""}).database.replica is None
    replica = config_from({**settings, "DATABASE_REPLICA_URL": REMOTE}).database.replica
    assert replica is not None
    assert "sslmode=verify-full" in replica.url
    [problem] = problems({**settings, "DATABASE_REPLICA_URL": f"{REMOTE}?sslmode=prefer"})
    assert problem == "DATABASE_REPLICA_URL: a host that is not local needs sslmode=verify-full"


@pytest.mark.parametrize("window", ["1", "301", "soon"])
def test_a_window_outside_2_to_300_seconds_is_refused(
    settings: dict[str, str], window: str
) -> None:
    [problem] = problems({**settings, "DATABASE_REPLICA_WINDOW": window})

    assert problem.startswith("DATABASE_REPLICA_WINDOW: ")


@pytest.mark.parametrize(
    ("setting", "port", "expected"),
    [
        ("auto", 5432, False),
        ("auto", 6543, True),
        ("none", 6543, False),
        ("transaction", 5432, True),
    ],
)
def test_a_transaction_pooler_is_set_or_recognised_by_supavisors_port(
    settings: dict[str, str], setting: str, port: int, *, expected: bool
) -> None:
    url = f"postgresql://u:hunter2@localhost:{port}/db"
    named = {**settings, "DATABASE_URL": url, "DATABASE_REPLICA_URL": url}
    database = config_from({**named, "DATABASE_POOLER": setting}).database

    assert database.primary.transaction_pooler is expected
    assert database.replica is not None
    assert database.replica.transaction_pooler is expected


def test_an_unknown_kind_of_pooler_is_refused(settings: dict[str, str]) -> None:
    [problem] = problems({**settings, "DATABASE_POOLER": "session"})

    assert problem.startswith("DATABASE_POOLER: ")


def test_session_parameters_are_refused_behind_a_transaction_pooler(
    settings: dict[str, str],
) -> None:
    limits = "options=-c%20statement_timeout%3D1s"
    url = f"postgresql://u:hunter2@localhost:6543/db?{limits}"
    [problem] = problems({**settings, "DATABASE_URL": url})
    assert problem.startswith("DATABASE_URL: a pooler in transaction mode drops session parameters")
    for fine in (
        f"postgresql://u@localhost:5432/db?{limits}",
        "postgresql://u@localhost:6543/db?options=reference%3Dproject",  # Supavisor's tenant
    ):
        config_from({**settings, "DATABASE_URL": fine})


def test_secrets_stay_out_of_reprs_and_messages(settings: dict[str, str]) -> None:
    secrets = {
        **without_clerk(settings),
        "DATABASE_URL": REMOTE,
        "DATABASE_REPLICA_URL": REMOTE,
        "REDIS_URL": "redis://:hunter2@localhost",
        "CLERK_SECRET_KEY": "sk_live_hunter2",
        "CLERK_ISSUER": "https://clerk.example.com",
    }

    assert "hunter2" not in repr(config_from(secrets))
    for url in (REMOTE + "?sslmode=disable", "postgresql://u:hunter2@h/db?nonsense=1", "u:hunter2"):
        for name in ("DATABASE_URL", "DATABASE_REPLICA_URL"):
            assert "hunter2" not in str(problems({**secrets, name: url, "PORT": "x"}))


def test_the_environment_wins_over_the_dotenv_file(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=4000\nHOST=0.0.0.0\n")
    code = "from futuretracker.config import Config; c = Config.from_env(); print(c.host, c.port)"
    env = {**settings, "PYTHONPATH": str(ROOT), "PORT": "5000", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0.0.0.0 5000\n"


def test_a_secret_can_be_in_a_file(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "url").write_text(settings["DATABASE_URL"])
    url = settings.pop("DATABASE_URL")

    config = config_from({**settings, "DATABASE_URL_FILE": str(tmp_path / "url")})
    assert config.database.primary.url == url


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_an_unreadable_file_of_a_secret_is_a_problem(
    settings: dict[str, str], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "url"
    if content:
        file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        config_from({**settings, "DATABASE_URL_FILE": str(file)})
    assert caught.value.problems == ["DATABASE_URL_FILE: cannot be read as a UTF-8 text file"]


def test_supabases_own_settings_may_be_present(settings: dict[str, str]) -> None:
    config = config_from({**settings, "SUPABASE_URL": "x", "SUPABASE_SERVICE_ROLE_KEY": "hunter2"})

    assert "hunter2" not in repr(config)


def test_gunicorn_prints_all_problems_in_one_message_and_stops(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": "x", "CORS_ORIGIN": "y"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for name in ("PORT", "CORS_ORIGIN", "DATABASE_URL", "CLERK_ISSUER"):
        assert f"  - {name}: " in done.stderr


def test_a_dotenv_file_that_is_not_text_is_one_problem(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe")

    with pytest.raises(ConfigError) as caught:
        Config.from_env(str(file))
    assert caught.value.problems == [f"{file} cannot be read as UTF-8 text"]


PRISMA = "postgresql://u:hunter2@h.example:6543/postgres"


@pytest.mark.parametrize(
    "name",
    ["pgbouncer", "connection_limit", "pool_timeout", "schema", "statement_cache_size", "supa"],
)
def test_a_parameter_of_another_tool_is_named(settings: dict[str, str], name: str) -> None:
    [problem] = problems({**settings, "DATABASE_URL": f"{PRISMA}?sslmode=verify-full&{name}=true"})

    assert problem.startswith(
        f"DATABASE_URL: has the parameter {name}, which is not one of Postgres"
    )
    assert ("DATABASE_POOLER" in problem) == (name == "pgbouncer")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss?hunter=x@h.example/postgres",
        "postgresql://u:p@h.example/postgres?x=1@hunter.example&hunter=2",
        f"{PRISMA}?{'hunter' * 9}=1",
        f"{PRISMA}?hunter2=1",
        "host=h user=u password=p hunter=2",
    ],
)
def test_what_may_be_a_part_of_a_password_is_not_named(settings: dict[str, str], url: str) -> None:
    [problem] = problems({**settings, "DATABASE_URL": url})

    assert problem.startswith("DATABASE_URL: is not a valid Postgres URL")
    assert "hunter" not in problem


def test_contacts_and_source_are_read_as_urls(settings: dict[str, str]) -> None:
    assert config_from(settings).security_contact == ()
    assert config_from(settings).source_url == ""
    contacts = "mailto:a@example.com, https://example.com/report"
    config = config_from({**settings, "SECURITY_CONTACT": contacts, "SOURCE_URL": "https://e.org"})
    assert config.security_contact == ("mailto:a@example.com", "https://example.com/report")
    assert config.source_url == "https://e.org"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SECURITY_CONTACT", "security@example.com"),
        ("SECURITY_CONTACT", "http://example.com"),
        ("SECURITY_CONTACT", "mailto:a@example.com\nExpires: 2099-01-01T00:00:00Z"),
        ("SOURCE_URL", "javascript:alert(1)"),
        ("SOURCE_URL", "https://example.com/ a"),
    ],
)
def test_a_malformed_contact_or_source_is_refused(
    settings: dict[str, str], name: str, text: str
) -> None:
    assert problems({**settings, name: text})[0].startswith(f"{name}: ")
