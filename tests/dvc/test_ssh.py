"""Data, checkpoints and predictions through an SSH remote: OpenSSH on loopback, with keys made for the test alone."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

COPIED = (".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitignore", "data/.gitignore", "dvc.yaml", "image.digest")
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {user}
Subsystem sftp internal-sftp
"""
KEY = "0" * 64
# What the four kinds of bytes are called in a store; DVC reads none of them.
BYTES = {
    f"data/files/{hashlib.sha256(b'rows').hexdigest()}": b"rows",
    f"store/pretrain/{KEY}/encoder/model.safetensors": os.urandom(300_000),
    f"store/evaluate/{KEY}/predictions.parquet": b"predictions",
    f"store/evaluate/{KEY}/manifest.json": b"{}",
}
LEFT_OUT = {"store/work/half/model.safetensors": b"half", "store/locks/one": b""}


@dataclass
class Server:
    """A running sshd: where it listens, and the key that it lets in."""

    port: int
    key: Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Yield an sshd of this user's own, on a free port of 127.0.0.1; skip where it cannot be had."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not program:
        pytest.skip("no sshd: apt-get install openssh-server")
    if not find_spec("dvc_ssh"):
        pytest.skip("DVC has no SSH here: the extra dvc")
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder, user=getpass.getuser()))
    with _privilege_separation(), (folder / "log").open("w") as log:
        running = subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stderr=log)
        try:
            if not _answers(running, port):
                pytest.skip(f"sshd does not start here: {(folder / 'log').read_text().strip()[-300:]}")
            yield Server(port, folder / "user")
        finally:
            running.terminate()
            running.wait(10)


@contextlib.contextmanager
def _privilege_separation() -> Iterator[None]:
    """Hold the empty folder in which root's sshd wants to be confined; a booted system has it."""
    folder = Path("/run/sshd")
    mine = os.getuid() == 0 and not folder.exists()
    if mine:
        folder.mkdir(mode=0o755)
    try:
        yield
    finally:
        if mine:
            folder.rmdir()


def _answers(running: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(100):
        if running.poll() is not None:
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as here:
            return here.recv(4) == b"SSH-"
        time.sleep(0.05)
    return False


def write(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.slow  # starts DVC three times, two seconds each
def test_bytes_go_to_an_ssh_remote_and_into_a_fresh_clone(server: Server, repository: Path, tmp_path: Path) -> None:
    first, second, home = tmp_path / "first", tmp_path / "second", tmp_path / "home"
    write(first, {name: (repository / name).read_bytes() for name in COPIED} | BYTES | LEFT_OUT)
    write(first, {"harness/code.py": b"", "specs/tasks/one.yaml": b""})
    who = {f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    places = {name: str(home / name) for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR")}
    machine = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "GIT_", "XDG_", "SSH_"))}
    environment = {**machine, **who, **places, "HOME": str(home), "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_NOSYSTEM": "1"}

    def do(folder: Path, *command: str) -> str:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def dvc(folder: Path, *arguments: str) -> str:
        return do(folder, sys.executable, "-m", "dvc", *arguments)

    def configure(folder: Path) -> None:
        """Write what four calls of `dvc remote` would; the address and the key are nobody else's business."""
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{server.port}{tmp_path}/remote"
        text = f"[core]\n    remote = there\n['remote \"there\"']\n    url = {url}\n    keyfile = {server.key}\n"
        (folder / ".dvc/config.local").write_text(text)

    do(first, "git", "init", "--quiet")
    configure(first)
    dvc(first, "commit", "--force", "data", "study")
    do(first, "git", "add", "--all")
    do(first, "git", "commit", "--quiet", "--message", "test")
    dvc(first, "push", "data", "study")
    assert len([path for path in (tmp_path / "remote").rglob("*") if path.is_file()]) == len(BYTES) + 2  # two folders

    do(first, "git", "clone", "--quiet", str(first), str(second))
    configure(second)
    dvc(second, "pull", "data", "study")
    found = {path.relative_to(second).as_posix() for top in ("data/files", "store") for path in (second / top).rglob("*")}
    assert {name for name in found if (second / name).is_file()} == set(BYTES)
    assert all((second / name).read_bytes() == content for name, content in BYTES.items())
