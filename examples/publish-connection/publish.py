"""Publish many messages over one connection, with Python's standard library alone.

    python3 publish.py [http://127.0.0.1:8080]

Each line of standard input is published to the channel "doors" as text. Each is answered, in the
order of the lines; here its id is printed. Lines are sent while answers come, and a line that was
not answered, because the connection broke, is sent again with its key, so that it is stored once.
"""

import collections
import json
import socket
import sys
import threading
import time
import urllib.parse
import uuid

# Lines that were sent and are not answered: beyond it, wait. It bounds the memory.
WINDOW = 1000


class Connection:
    """One request whose body and whose answer go on at the same time."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        address = (parts.hostname, parts.port or 80)
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        path = parts.path.rstrip("/") + "/publish"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        status = self.reader.readline().split()
        if status[1:2] != [b"200"]:
            raise ConnectionError(f"refused: {status}")
        while self.reader.readline().strip():
            pass

    def send(self, lines):
        """Send lines, each a dict, as one chunk."""
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(body), body))

    def end(self):
        """Say that no more lines come."""
        self.socket.sendall(b"0\r\n\r\n")

    def close(self):
        """End it in both directions: a send under way fails."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is broken
        self.reader.close()
        self.socket.close()

    def answers(self):
        """Yield the answer to each line, until the answers end or the connection breaks."""
        rest = b""
        while True:
            length = int(self.reader.readline() or b"0", 16)
            if length == 0:
                return
            *lines, rest = (rest + self.reader.read(length)).split(b"\n")
            self.reader.readline()
            for line in lines:
                yield json.loads(line)


def publish(url, messages):
    """Publish (channel, data) pairs. Yields the answer to each."""
    lines = ({"channel": c, "data": d, "key": str(uuid.uuid4())} for c, d in messages)
    waiting = collections.deque()  # what was sent and not answered, the oldest first
    failures = 0  # one after the other, without an answer in between
    while failures < 6:
        try:
            connection = Connection(url)
            room = threading.Semaphore(WINDOW)
            again = list(waiting)

            def send():
                try:
                    for line in again:
                        room.acquire()
                        connection.send([line])
                    for line in lines:
                        room.acquire()
                        waiting.append(line)
                        connection.send([line])
                    connection.end()
                except OSError:
                    pass  # the answers end, too

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            try:
                for answer in connection.answers():
                    failures = 0
                    waiting.popleft()
                    room.release()
                    yield answer
            except (OSError, ValueError):
                pass
            # No line may be with a thread that can't send it any more.
            connection.close()
            for _ in range(WINDOW):
                room.release()
            sender.join()
            if not waiting:
                return
        except OSError:
            pass
        time.sleep(0.25 * 2**failures)
        failures += 1
    raise ConnectionError(f"{len(waiting)} messages are not known to be published")


if __name__ == "__main__":
    server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    inputs = (("doors", line.rstrip("\n")) for line in sys.stdin)
    failed = False
    for answer in publish(server, inputs):
        failed = failed or "error" in answer
        print(answer.get("id") or answer["error"]["detail"], flush=True)
    sys.exit(failed)
