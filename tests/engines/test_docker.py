"""One container: shut off from the host and held to its limits; each way to end has its own word."""

from __future__ import annotations

import gc
import json
import os
import socket
from pathlib import Path
from threading import Thread

import pytest

from harness.engines import _docker
from harness.errors import HarnessError, SpecError

LOOK = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def writable(path):
    try:
        open(os.path.join(path, "x"), "w").close()
        return True
    except OSError:
        return False
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(),
    "capabilities": int(status["CapEff"], 16), "bounding": int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "interfaces": sorted(os.listdir("/sys/class/net")),
    "writable": [p for p in ("/", "/etc", "/usr", "/tmp", "/in", "/out") if writable(p)],
    "read": open("/in/file").read(), "home": os.environ["HOME"], "threads": os.environ["OMP_NUM_THREADS"],
}))
"""


def test_a_container_is_shut_off_from_all_that_it_does_not_need(python, tmp_path) -> None:
    given, taken = tmp_path / "given", tmp_path / "taken"
    given.mkdir()
    taken.mkdir()
    (given / "file").write_text("hello")
    os.chown(taken, *_docker.ids())
    ended = python(LOOK, read={given: "/in"}, write={taken: "/out"})
    assert (ended.how, ended.code) == ("exited", 0), ended.output
    found = json.loads(ended.output)
    assert (found["uid"], found["gid"]) == _docker.ids()
    assert found["uid"] != 0
    assert (found["capabilities"], found["bounding"], found["no_new_privileges"]) == (0, 0, "1")
    assert found["interfaces"] == ["lo"]
    assert found["writable"] == ["/tmp", "/out"]
    assert (found["read"], found["home"], found["threads"]) == ("hello", "/tmp", "1")
    assert (taken / "x").exists()
    assert not (given / "x").exists()


def test_output_comes_line_by_line_and_the_exit_status_with_it(python) -> None:
    lines: list[str] = []
    ended = python("import sys; print('über\\nzwei'); print('last', end=''); sys.exit(7)", line=lines.append)
    assert lines == ["über", "zwei", "last"]
    assert (ended.how, ended.code, ended.output) == ("exited", 7, "über\nzwei\nlast")


def test_lines_come_while_the_container_runs(python) -> None:
    came: list[str] = []
    program = "import time; print('early'); time.sleep(60)"
    ended = python(program, limits={"timeout_seconds": 3}, line=came.append)
    assert (ended.how, came) == ("timed out", ["early"])


def test_too_much_memory_is_told_from_a_kill(python) -> None:
    program = "print('begun'); x = bytearray(400 << 20); print(len(x))"
    ended = python(program, memory_bytes=64 << 20)
    assert (ended.how, ended.output) == ("out of memory", "begun")
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert killed.how == "exited"
    assert killed.code != 0


def test_more_processes_than_allowed_are_refused(python) -> None:
    program = """
import os, time
n = 0
try:
    while n < 1000:
        if os.fork() == 0:
            time.sleep(30); os._exit(0)
        n += 1
except BlockingIOError:
    print("refused", n < 512)
"""
    assert python(program).output == "refused True"


def test_no_container_is_left_whatever_happens(python, client, tmp_path) -> None:
    def broken(_: str) -> None:
        raise KeyError

    python("print(1)")
    python("import time; time.sleep(60)", limits={"timeout_seconds": 1})
    with pytest.raises(Exception, match=r"nosuch|mount|bind"):
        python("print(1)", read={tmp_path / "nosuch": "/in"})
    assert _docker.labelled(client, {"harness.test": str(tmp_path)}, "harness.test") == set()


def test_a_container_is_found_by_its_labels_and_removed(client, small) -> None:
    labels = {"harness.test": "leftover", "harness.key": "abc"}
    client.containers.create(small, ["sleep", "60"], labels=labels).start()
    assert _docker.labelled(client, {"harness.test": "leftover"}, "harness.key") == {"abc"}
    assert _docker.remove(client, {"harness.test": "leftover", "harness.key": "other"}) == 0
    assert _docker.remove(client, labels) == 1
    assert _docker.remove(client, labels) == 0


def test_an_image_is_found_by_name_id_and_the_digest_of_its_last_layer(client, image, small) -> None:
    found = client.images.get(image)
    last = found.attrs["RootFS"]["Layers"][-1]
    for reference in (image, found.id, f"example.org/harness@{found.id}", f"harness@{last}"):
        assert _docker.find_image(client, reference).id == found.id
    assert _docker.find_image(client, small).id == small


def test_an_image_that_is_missing_or_not_meant_is_refused_with_the_next_step(client) -> None:
    with pytest.raises(HarnessError, match=r"no image nosuch:1 here; build or pull it \(docs/container.md\)"):
        _docker.find_image(client, "nosuch:1")
    wrong = "harness@sha256:" + "0123456789abcdef" * 4
    with pytest.raises(HarnessError, match=f"no image {wrong} here; docker pull {wrong}"):
        _docker.find_image(client, wrong)
    with pytest.raises(SpecError, match="the digest is not sha256: and 64 hex digits"):
        _docker.find_image(client, "harness@sha256:" + "0" * 64)


def test_gpus_that_the_engine_cannot_hand_on_are_said_in_plain_words(client, python) -> None:
    if "nvidia" in client.info().get("Runtimes", {}):
        pytest.skip("this container engine can hand on GPUs")
    said = r"--gpus all: the container engine cannot hand on GPUs .* NVIDIA container toolkit"
    with pytest.raises(HarnessError, match=said):
        python("print(1)", limits={"gpus": "all"})


def test_a_dead_engine_is_said_with_the_next_step(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    said = f"no container engine answers at unix://{tmp_path}/nobody .*start it.*leave out --engine container"
    with pytest.raises(HarnessError, match=said), _docker.connected():
        raise AssertionError


# The SDK leaves the socket of a broken connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_dies_in_between_is_said_alike(monkeypatch, tmp_path: Path) -> None:
    """Answers one ping, as an engine does, and is gone."""
    place = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()
    body = b'{"ApiVersion":"1.41"}'

    def answer() -> None:
        answered = 0
        while answered < 2:  # the SDK asks for the version, then we ping
            connection, _ = listener.accept()
            if not connection.recv(65536):  # somebody looked whether there is anybody
                connection.close()
                continue
            answered += 1
            head = ("HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
            connection.sendall("\r\n".join((*head, "", "")).encode() + body)
            connection.close()
        listener.close()
        place.unlink()

    thread = Thread(target=answer)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{place}")

    def use() -> None:
        with _docker.connected() as client:
            thread.join()
            _docker.remove(client, {"harness.test": "x"})

    with pytest.raises(HarnessError, match="no container engine answers"):
        use()
    gc.collect()  # here, and not in the midst of another test
