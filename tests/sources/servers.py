"""Real servers on this machine for the tests of sources: S3, SFTP, and a relay that breaks connections."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import asyncssh
import boto3
from moto.server import ThreadedMotoServer

from tests.postgres_server import HOST, PASSWORD

_BLOCK = 1 << 14


class Relay:
    """Passes connections on to a port; `cut_after` breaks one, once, after so many bytes came from the server.

    With `always` every one breaks there; with `stalled` set nothing comes from the server any more, and nothing ends.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.cut_after: int | None = None
        self.cuts = 0
        self.always = False
        self.stalled = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._to))
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        seen = 0
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                seen += len(block)
                if counted and self.cut_after is not None and seen > self.cut_after:
                    self.cuts += 1
                    self.cut_after = self.cut_after if self.always else None
                    break
                while counted and self.stalled.is_set():
                    time.sleep(0.05)
                target.sendall(block)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    opened = Relay(port)
    try:
        yield opened
    finally:
        opened.close()


@dataclass
class S3:
    """A server that checks signatures, with one bucket `declarations` and one user's key."""

    port: int
    key: str
    secret: str
    bucket: str = "declarations"

    def client(self):
        return boto3.client(
            "s3", endpoint_url=f"http://{HOST}:{self.port}", region_name="us-east-1",
            aws_access_key_id=self.key, aws_secret_access_key=self.secret,
        )  # fmt: skip

    def put(self, name: str, content: bytes) -> None:
        self.client().put_object(Bucket=self.bucket, Key=name, Body=content)

    def put_folder(self, folder: Path, prefix: str) -> None:
        client = self.client()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            client.put_object(Bucket=self.bucket, Key=f"{prefix}{path.relative_to(folder)}", Body=path.read_bytes())


@contextmanager
def s3() -> Iterator[S3]:
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        opener = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
        iam = boto3.client("iam", endpoint_url=f"http://{host}:{port}", **opener)
        iam.create_user(UserName="bureau")
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
        iam.put_user_policy(UserName="bureau", PolicyName="s3", PolicyDocument=policy)
        made = iam.create_access_key(UserName="bureau")["AccessKey"]
        _check_signatures(host, port, "0")
        opened = S3(port, made["AccessKeyId"], made["SecretAccessKey"])
        opened.client().create_bucket(Bucket=opened.bucket)
        yield opened
    finally:
        _check_signatures(host, port, "Infinity")
        server.stop()


def _check_signatures(host: str, port: int, after: str) -> None:
    address, kind = f"http://{host}:{port}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    with urlopen(Request(address, after.encode(), kind, method="POST")):
        pass


@dataclass
class Sftp:
    """A server of one folder, its root, for the user `district` with PASSWORD or with the key."""

    folder: Path
    port: int
    host_key: str
    private_key: str
    logins: list[str] = field(default_factory=list)


class _Door(asyncssh.SSHServer):
    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("district", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "district" and key.public_data == self._key.public_data


@contextmanager
def sftp(folder: Path) -> Iterator[Sftp]:
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Door(user_key), HOST, 0, server_host_keys=[host_key], allow_scp=False,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)),
        )  # fmt: skip

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    public = host_key.export_public_key().decode().split()
    try:
        yield Sftp(folder, acceptor.get_port(), " ".join(public[:2]), user_key.export_private_key().decode())
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
