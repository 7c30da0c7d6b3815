"""Turns: one thread at a time, and who is waited for goes first."""

import threading
from contextlib import suppress

from index.turns import Turns


def test_who_wants_it_now_goes_before_who_has_waited_longer() -> None:
    turns, order, threads = Turns(), list[str](), list[threading.Thread]()

    def work(name: str) -> None:
        with turns.now() if name == "question" else turns.later():
            order.append(name)

    with turns.later():
        for name in ("batch", "batch", "question"):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
        while not turns._urgent:
            pass
        assert order == []
    for thread in threads:
        thread.join(20)
    assert order == ["question", "batch", "batch"]


def test_one_thread_at_a_time_also_after_a_failure() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work(number: int) -> None:
        for _ in range(50):
            with suppress(ZeroDivisionError), turns.now() if number % 2 else turns.later():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1
                _ = 1 / 0

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (inside, most) == ([0], [1])
