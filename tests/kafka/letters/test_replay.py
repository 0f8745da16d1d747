"""Dead letters go back where they came from, each exactly once, on a real broker."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from barloom.clock import SystemClock
from barloom.errors import Fenced, TopicMismatch
from barloom.kafka.letters import replay as module
from barloom.kafka.letters.dead_letters import dead_letter
from barloom.kafka.letters.replay import Replay, replay, select
from kafka.letters.letterbox import NOW, Letterbox, Sent

if TYPE_CHECKING:
    from barloom.kafka.letters.envelope import Letter
    from servers.broker import Broker
    from servers.topics import Topics

CLOCK = SystemClock()

KILLED = """
import sys
from barloom.clock import SystemClock
from barloom.kafka.config.settings import KafkaSettings
from barloom.plan.identity import Topics
from barloom.kafka.letters import replay

brokers, app, topic, dlq, ledger = sys.argv[1:]
replay._RECORDS = 10
commit, committed = replay._Writing.commit, []

def stop_in_the_third(self):
    if len(committed) == 2:
        self._producer.flush()
        print("inside", flush=True)
        sys.stdin.read()
    commit(self)
    committed.append(1)

replay._Writing.commit = stop_in_the_third
settings = KafkaSettings(brokers=brokers, app=app, input=(topic,))
replay.replay(settings, Topics({}, {}, "", "", "", dlq, ledger, ""), lambda letter: True, SystemClock())
"""


@pytest.fixture
def box(broker: Broker, topics: Topics) -> Letterbox:
    """Topics of this test."""
    return Letterbox(broker, topics)


def everything(_letter: Letter) -> bool:
    """Every letter is meant."""
    return True


def numbered(count: int) -> list[Sent]:
    """Messages with values of their own, over all partitions."""
    return [Sent(n % 3, b"k", b"%d" % n) for n in range(count)]


def test_a_message_comes_back_as_it_was(box: Letterbox) -> None:
    """Bytes, headers and partition are those of the message; where it comes from and its history are added."""
    box.fail([Sent(2, b"\x00\xff", b"\x01\x00raw", [("trace", b"\x07"), ("trace", None)]), Sent(1, None, None)])

    done = replay(box.settings, box.names, everything, CLOCK)

    null, raw = box.put_back()
    assert Replay(replayed=2, before=0, foreign=0) == done
    assert (1, None, None) == (null.partition(), null.key(), null.value())
    assert (2, b"\x00\xff", b"\x01\x00raw") == (raw.partition(), raw.key(), raw.value())
    assert [
        ("trace", b"\x07"),
        ("trace", None),
        ("barloom.replayed-from", f"{box.names.dead_letter}/2/0".encode()),
        ("barloom.first-seen", b"2025-11-13T02:13:20.500000000Z"),
        ("barloom.tries", b"1"),
    ] == raw.headers()


def test_what_was_put_back_is_not_put_back_again(box: Letterbox) -> None:
    """A filter takes some, all takes the rest, a third call finds nothing to do, and a dry look says so before."""
    box.fail(numbered(6))

    def late(letter: Letter) -> bool:
        return (letter.value or b"") >= b"4"

    some = replay(box.settings, box.names, late, CLOCK)
    foreseen = [(letter.value, done) for letter, done in select(box.settings, box.names, everything)]
    rest = replay(box.settings, box.names, everything, CLOCK)
    again = replay(box.settings, box.names, everything, CLOCK)

    assert [Replay(2, 0, 0), Replay(4, 2, 0), Replay(0, 6, 0)] == [some, rest, again]
    assert {b"0": False, b"1": False, b"2": False, b"3": False, b"4": True, b"5": True} == dict(foreseen)
    assert {b"%d" % n: 1 for n in range(6)} == box.times()


def test_a_message_that_fails_again_can_be_put_back_again(box: Letterbox) -> None:
    """Its new letter is another one, and knows of the first try."""
    box.fail([Sent(0, b"k", b"bad")])
    replay(box.settings, box.names, everything, CLOCK)
    (back,) = box.put_back()
    letter = dead_letter(back, "still bad", NOW + 1)
    producer = Producer({"bootstrap.servers": box.bootstrap})
    producer.produce(box.names.dead_letter, letter.value, letter.key, 0, headers=letter.headers)
    producer.flush()

    second = replay(box.settings, box.names, everything, CLOCK)

    told = [dict(message.headers() or ()) for message in box.put_back()]
    assert Replay(1, 1, 0) == second
    assert [b"1", b"2"] == [headers["barloom.tries"] for headers in told]
    assert 1 == len({headers["barloom.first-seen"] for headers in told})


def test_killed_inside_a_transaction_and_run_again_puts_each_back_once(box: Letterbox) -> None:
    """Two transactions are there, the third is open with everything sent when the process dies."""
    box.fail(numbered(45))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, box.bootstrap, box.settings.app, box.input, *box.names_of_letters],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert "inside\n" == process.stdout.readline()
        process.send_signal(signal.SIGKILL)

    again = replay(box.settings, box.names, everything, CLOCK)

    assert Replay(replayed=25, before=20, foreign=0) == again
    assert {b"%d" % n: 1 for n in range(45)} == box.times()


def test_of_two_replays_at_once_the_first_is_stopped(box: Letterbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one goes on behind what the earlier had committed, and nothing is put back twice."""
    monkeypatch.setattr(module, "_RECORDS", 2)
    box.fail(numbered(7))
    second: list[Replay] = []

    def another(_committed: int) -> None:
        if not second:
            second.append(Replay(0, 0, 0))
            second.append(replay(box.settings, box.names, everything, CLOCK))

    with pytest.raises(Fenced):
        replay(box.settings, box.names, everything, CLOCK, progress=another)

    assert Replay(5, 2, 0) == second[1]
    assert {b"%d" % n: 1 for n in range(7)} == box.times()


def test_a_letter_whose_topic_is_gone_stops_it_before_it_is_sent(box: Letterbox) -> None:
    """The message names the letter; nothing of the open transaction is seen, and no topic is made by the way."""
    box.fail([Sent(0, b"k", b"good")])
    producer = Producer({"bootstrap.servers": box.bootstrap})
    gone = {"barloom.topic": f"{box.input}-gone", "barloom.partition": "0", "barloom.offset": "3"}
    producer.produce(box.names.dead_letter, b"v", b"k", 1, headers=gone)
    producer.flush()

    with pytest.raises(TopicMismatch, match=r"letter 1/0 came from .*-gone/0"):
        replay(box.settings, box.names, everything, CLOCK)
    rest = replay(box.settings, box.names, lambda letter: letter.partition == 0, CLOCK)

    assert Replay(1, 0, 0) == rest
    assert {b"good": 1} == box.times()


def test_a_record_that_is_no_dead_letter_is_left_alone(box: Letterbox) -> None:
    """What somebody else wrote into the topic has nowhere to go, and is counted."""
    producer = Producer({"bootstrap.servers": box.bootstrap})
    producer.produce(box.names.dead_letter, b"v", b"k", 0, headers={"barloom.topic": "x", "barloom.partition": "²"})
    producer.flush()

    assert Replay(0, 0, 1) == replay(box.settings, box.names, everything, CLOCK)


def test_a_topic_of_dead_letters_made_anew_is_not_mistaken(box: Letterbox) -> None:
    """The ledger knows which message a letter held; another message at the same place is another letter."""
    box.fail([Sent(0, b"k", b"new")])
    producer = Producer({"bootstrap.servers": box.bootstrap})
    entry = f'{{"topic":"{box.input}","partition":0,"offset":99,"at":1,"v":1}}'
    producer.produce(box.names.replayed, entry, f"{box.names.dead_letter}/0/0")
    producer.flush()

    assert Replay(1, 0, 0) == replay(box.settings, box.names, everything, CLOCK)
