"""The table of the platforms, held against what each platform does."""

from __future__ import annotations

from tests.deploy.platforms.files import CLIENT, PLATFORMS, all_platforms


def test_each_platform_s_count_of_proxies_is_the_client_s_place_from_the_right() -> None:
    readme = (PLATFORMS / "README.md").read_text().splitlines()

    for platform in all_platforms():
        (row,) = [line for line in readme if line.startswith(f"| [{platform.name}/]")]
        addresses = platform.arrives.split(", ")
        assert row.split("|")[4].strip() == str(len(addresses) - addresses.index(CLIENT))
