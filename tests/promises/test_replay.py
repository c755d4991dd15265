"""The tests that do not run behind the firewall exist, and the others do run there."""

from __future__ import annotations

import re

import pytest

from tests.support.direct import DIRECT, reason_of
from tests.support.servers import ROOT

NAMES = [
    (file, test) for files in DIRECT.values() for file, tests in files.items() for test in tests
]


@pytest.mark.parametrize(("file", "test"), NAMES)
def test_a_test_that_is_left_out_exists(file: str, test: str) -> None:
    name = test.partition("[")[0]

    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_no_test_is_left_out_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_name_stands_for_itself_and_its_parameters_only() -> None:
    start = "tests/api/test_bad_input.py::test_invalid_json_is_refused"

    assert reason_of(f"{start}[deep arrays]")
    assert reason_of(f"{start}[empty]") is None
    assert reason_of("tests/api/test_bad_input.py::test_a_bad_url_is_refused") is None
    assert reason_of("tests/api/test_bad_input.py::test_an_unknown_route_is_a_404[/.env]")
