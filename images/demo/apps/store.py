"""A client for Redis, just large enough: RESP over one connection for each call."""

import os
import socket

HOST = os.environ.get("STORE_HOST", "store")
PORT = int(os.environ.get("STORE_PORT", "6379"))
PASSWORD_FILE = os.environ.get("STORE_PASSWORD_FILE", "/run/secrets/store-password")


class StoreError(Exception):
    pass


def call(*words):
    """call("RPUSH", "orders", "...") -> what Redis answers."""
    with open(PASSWORD_FILE, encoding="ascii") as file:
        password = file.read().strip()
    with socket.create_connection((HOST, PORT), timeout=3) as connection, connection.makefile("rwb") as stream:
        _send(stream, ("AUTH", password))
        _receive(stream)
        _send(stream, words)
        return _receive(stream)


def _send(stream, words):
    stream.write(b"*%d\r\n" % len(words))
    for word in words:
        data = str(word).encode()
        stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
    stream.flush()


def _receive(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise StoreError("the store closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise StoreError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    length = int(rest)
    if length < 0:
        return None
    if kind == b"*":
        return [_receive(stream) for _ in range(length)]
    data = stream.read(length + 2)
    return data[:-2].decode()
