"""What is called when a socket is ready, whoever had its number before."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.server.poller import Poller

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def poller() -> Iterator[Poller]:
    here = Poller()
    yield here
    here.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_file_is_called_for_until_it_is_unregistered(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    called: list[Any] = []
    poller.register(here, select.EPOLLIN, called.append)
    poller.dispatch(0)
    assert called == []
    there.send(b"x")
    poller.dispatch(1)
    poller.dispatch(1)
    assert called == [here, here]
    poller.unregister(here)
    poller.dispatch(0)
    assert called == [here, here]
    with pytest.raises(KeyError):
        poller.unregister(here)


def test_once_is_once_until_it_is_asked_for_again(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    called: list[int] = []
    there.send(b"x")
    for _ in range(2):
        poller.once(here.fileno(), select.EPOLLIN, called.append)
        poller.dispatch(1)
        poller.dispatch(0)

    assert called == [select.EPOLLIN] * 2


def test_whoever_gets_the_number_of_a_closed_one_is_somebody_else(poller: Poller) -> None:
    called: list[str] = []
    first, other = socket.socketpair()
    poller.once(first.fileno(), select.EPOLLIN, lambda _events: called.append("first"))
    other.send(b"x")
    poller.dispatch(1)
    number = first.fileno()
    first.close()
    second, peer = socket.socketpair()
    with other, second, peer:
        assert number in {second.fileno(), peer.fileno()}
        it = second if second.fileno() == number else peer
        with pytest.raises(KeyError):  # as gunicorn expects of what was never registered
            poller.unregister(it)
        poller.register(it, select.EPOLLIN, lambda _file: called.append("second"))
        (peer if it is second else second).send(b"x")
        poller.dispatch(1)

    assert called == ["first", "second"]


def test_who_is_closed_by_one_before_it_is_not_called(poller: Poller) -> None:
    called: list[str] = []
    ends = [socket.socketpair() for _ in range(2)]

    def close_the_other(file: socket.socket) -> None:
        called.append("one")
        for here, _there in ends:
            poller.unregister(here)
            here.close()

    for here, there in ends:
        poller.register(here, select.EPOLLIN, close_the_other)
        there.send(b"x")
    poller.dispatch(1)
    for _here, there in ends:
        there.close()

    assert called == ["one"]
