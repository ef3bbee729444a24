#!/usr/bin/env python3
"""Abuse of a running daemon's HTTP server, and what it costs: malformed requests, slow clients, event streams that nobody reads,
latency under load, memory, throughput. Only Python's standard library.

    selfimprove daemon --state DIR --port 0 --json       prints its port; its process id is in DIR/daemon.json
    selfimprove start configs/nursery.yaml --state DIR   latency and events are about a daemon whose campaign trains
    python3 Tests/Clients/soak.py BASE_URL PID [--full] [--parts malformed,loris,events,latency,memory,throughput] [--model NAME]

Parts, each with a line of figures:
  latency     GET /api/campaigns while a campaign's step runs (it fails where none does)
  malformed   2,000 seeded requests that are wrong in many ways; 10,000 with --full
  loris       250 clients that send a byte a second; with --full also whether they are cut off in time
  events      200 event streams of which half never read
  memory      10,000 GETs of everything, 100,000 with --full; waits until no campaign runs, since one changes the memory by itself
  throughput  one client against 32 at once, of --model (left out without it)

Nothing here changes a campaign: what would be valid goes to a campaign that does not exist. --case N sends one malformed request again
and shows it. Ends with a line `N passed, N failed`.
"""
import argparse, collections, concurrent.futures, gc, itertools, json, multiprocessing, os, random, re, select, socket, struct, threading, time
import urllib.parse

from checks import check, finish

SLOW_DEADLINE = 60      # seconds in which a request must have come whole: head and body
HANG = 10               # seconds within which a request that was sent whole is answered, or its connection closed
LISTENERS = 256         # event streams that the server takes: EventHub.maximumListeners, of which the daemon's watchdog is one
HEARTBEAT = 15          # seconds between two signs of life in an event stream
MAXIMUM_BODY = 1 << 20  # HTTPServer.maximumBody
FD_SLACK = 10           # open files that may come and go by themselves: the database's readers, a step's files
GHOST = "no-such-campaign"
SECRET = b"root:x:0"    # how /etc/passwd begins
MB = 1 << 20


# The server, from outside

class Server:
    """Where it listens, and what the kernel tells of its process."""

    def __init__(self, url, pid):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.pid = parts.hostname, parts.port or 80, pid
        token = os.environ.get("SELFIMPROVE_TOKEN")
        self.common = f"Host: {self.host}:{self.port}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        self.birth = self.start_time()

    def start_time(self):
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]

    def is_alive(self):
        return self.birth is not None and self.start_time() == self.birth

    def rss(self):
        """Bytes in memory; 0 for a process that is gone."""
        try:
            with open(f"/proc/{self.pid}/status") as file:
                return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:")), 0)
        except OSError:
            return 0

    def fds(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return 0

    def fds_back(self, before, seconds):
        """Waits until about as many files are open as before. Returns how many are, and how long that took."""
        start = time.monotonic()
        while self.fds() > before + FD_SLACK and time.monotonic() - start < seconds:
            time.sleep(0.1)
        return self.fds(), time.monotonic() - start

    def connect(self, timeout=HANG, receive_buffer=None):
        connection = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.settimeout(timeout)
            connection.connect((self.host, self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connection.close()
            raise
        return connection

    def head(self, method, path, more=""):
        return f"{method} {path} HTTP/1.1\r\n{self.common}{more}".encode("utf-8", "surrogateescape")

    def request(self, method, path, body=None, more=""):
        if body is None:
            return self.head(method, path, more) + b"\r\n"
        return self.head(method, path, f"{more}Content-Length: {len(body)}\r\n") + b"\r\n" + body

    def get(self, path, timeout=HANG):
        """One GET on a connection of its own: status, body, seconds; status 0 where there was no answer."""
        start = time.perf_counter()
        try:
            with KeepAlive(self, timeout) as client:
                status, body = client.ask(self.request("GET", path))
        except OSError:
            status, body = 0, b""
        return status, body, time.perf_counter() - start

    def campaigns(self):
        status, body, _ = self.get("/api/campaigns")
        return json.loads(body)["campaigns"] if status == 200 else []

    def models(self):
        status, body, _ = self.get("/v1/models")
        return [entry["id"] for entry in json.loads(body)["data"]] if status == 200 else []

    def running(self):
        return next((campaign for campaign in self.campaigns() if campaign["status"] == "running"), None)


class KeepAlive:
    """A client as light as they come: one socket, answers of a known length."""

    def __init__(self, server, timeout=HANG):
        self.socket = server.connect(timeout)

    def __enter__(self): return self
    def __exit__(self, *_): self.socket.close()

    def ask(self, request):
        self.socket.sendall(request)
        answer = self.socket.recv(65536)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self.more()
        lower = answer[:end].lower()
        mark = lower.find(b"content-length:")
        if mark < 0:
            raise OSError("an answer without a length")
        stop = lower.find(b"\r\n", mark)
        missing = end + 4 + int(lower[mark + 15 : stop if stop > 0 else end]) - len(answer)
        parts = [answer]
        while missing > 0:
            parts.append(self.more())
            missing -= len(parts[-1])
        return int(answer[9:12]), b"".join(parts)[end + 4 :]

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionResetError("closed in the middle of an answer")
        return part


class Probe:
    """Asks /healthz and GET /api/campaigns on fresh connections, in the background, and keeps the times."""

    def __init__(self, server, pause=0.05):
        self.server, self.pause = server, pause
        self.seconds, self.failures, self.over = [], [], threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        for path in itertools.cycle(["/healthz", "/api/campaigns"]):
            status, _, seconds = self.server.get(path)
            self.seconds.append(seconds)
            if status != 200:
                self.failures.append((path, status, round(seconds, 2)))
            if self.over.wait(self.pause):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def judge(self, part):
        both, p99 = "/healthz and GET /api/campaigns", percentile(self.seconds, 99)
        check(not self.failures, f"{part}: {both} keep answering: {len(self.failures)} of {len(self.seconds)} did not: {self.failures[:3]}")
        check(p99 < 1, f"{part}: p99 of {both} is under a second: {p99:.2f} s")

    def words(self):
        return f"asked {len(self.seconds)} times meanwhile: {times(self.seconds)}"


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


def times(seconds):
    return f"p50 {percentile(seconds, 50) * 1000:.1f} ms, p99 {percentile(seconds, 99) * 1000:.1f} ms, most {max(seconds, default=0) * 1000:.1f} ms"


def memory(before, after):
    return f"RSS {before / MB:.0f} -> {after / MB:.0f} MB"


def wait_until_alive(server, seconds=180):
    """A server that stands still comes back, perhaps. Returns whether it did."""
    end = time.monotonic() + seconds
    while server.is_alive() and time.monotonic() < end:
        if server.get("/healthz", timeout=HANG)[0] == 200:
            return True
        time.sleep(0.5)
    return False


# Malformed requests
#
# A case is what is sent, how the client ends, and which status is right: "4" is any refusal, "" is anything but a 5xx. Clients end in three
# ways: WAIT for an answer (or the end of the connection), HALF, which says that nothing more comes and waits for the end of the connection,
# and LEAVE, which closes at once.

WAIT, HALF, LEAVE = "waits", "half-closes", "leaves"
Case = collections.namedtuple("Case", "data end status")


class Malformed:
    """Each method makes one kind of case. `r` is the case's own random generator."""

    JSON_PATHS = ["/v1/chat/completions", "/v1/completions"]
    GETS = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/dashboard.css", "/dashboard.js", "/api/campaigns", "/v1/models"]
    WRONG = [None, True, False, -1, 0.5, 1e308, -(2**63), 2**64, "", "x", "\u0000", "\ud800", [], [[]], {}, [None], {"a": {"a": []}}, "9" * 400]

    def __init__(self, server):
        self.server = server
        self.campaign = next((campaign["campaign"] for campaign in server.campaigns()), GHOST)
        self.model = next(iter(server.models()), "nobody/nothing")
        self.kinds = {name: getattr(self, name) for name, value in sorted(vars(Malformed).items()) if callable(value) and name[0] != "_" and name != "case"}

    def case(self, seed, index):
        """The index-th case of a seed: the same in every run against the same campaigns."""
        kind = list(self.kinds)[index % len(self.kinds)]
        return kind, self.kinds[kind](random.Random(f"{seed}/{index}"))

    # Of the protocol

    def request_line(self, r):
        line = r.choice([
            b"GET", b"GET ", b"GET  /healthz HTTP/1.1", b"GET /healthz", b"GET /healthz HTTP", b"GET /healthz HTTP/", b"GET /healthz HTTP/1.1 x",
            b" GET /healthz HTTP/1.1", b"get /healthz HTTP/1.1", b"G\x00T /healthz HTTP/1.1", b"GET\t/healthz\tHTTP/1.1", b"/healthz GET HTTP/1.1",
            b"GET healthz HTTP/1.1", b"GET /heal thz HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"GET /\r HTTP/1.1", b":",
            b"\x00", b"{}",
        ])
        return Case(line + b"\r\n" + self.server.common.encode() + b"\r\n", HALF, "")

    def version(self, r):
        version = r.choice(["HTTP/0.9", "HTTP/1.2", "HTTP/1.10", "HTTP/2.0", "HTTP/3", "HTTP/9.9", "HTTP/-1.1", "http/1.1", "HTTQ/1.1", "HTTP/" + "1" * 500])
        return Case(f"GET {r.choice(self.GETS)} {version}\r\n{self.server.common}\r\n".encode(), HALF, "")

    def giant_header(self, r):
        size = r.randint(100_000, 300_000)
        field = r.choice([b"X-A: " + b"a" * size, b"a" * size + b": x", b"Cookie: " + b"a=b; " * (size // 5), b"X-A:" + b" " * size + b"a"])
        return Case(self.server.head("GET", "/healthz") + field + b"\r\n\r\n", WAIT, "" if b"  " in field else "4")  # spaces may be skipped

    def giant_uri(self, r):
        size = r.randint(100_000, 300_000)
        path = r.choice(["/" + "a" * size, "/?" + "a=b&" * (size // 4), "/" + "a/" * (size // 2), "/api/models/" + "%41" * (size // 3)])
        return Case(self.server.request("GET", path), WAIT, "4")

    def long_uri(self, r):
        """Long, and still taken."""
        name = r.choice(["a", "%41", "../", "%"]) * r.randint(1000, 20_000)
        path = r.choice(["/{}", "/api/campaigns/{}", "/api/models/{}", "/api/campaigns/{}/rounds"])
        return Case(self.server.request("GET", path.format(name)), WAIT, "4")

    def many_headers(self, r):
        fields = "".join(f"X-{i}: {i}\r\n" for i in range(r.choice([1100, 3000, 8000])))
        return Case(self.server.request("GET", "/healthz", more=fields), WAIT, "4")

    def endless_header(self, r):
        return Case(self.server.head("GET", "/healthz") + b"X-A: b\r\n" * 30_000, WAIT, "4")

    def header_syntax(self, r):
        field = r.choice([
            b": x", b"X A: x", b"X-A : x", b"X-A", b"X-A: \x00", b"X\x00A: x", b"X-A: a\r\n b", b"X-A: a\nX-B: b", b"X-A: \x7f", b"\xff: x",
            b"X-A: \xff\xfe", b"(): x", b"X-A: a\rb", b"Host: evil", b"Host:", b"Connection: upgrade\r\nUpgrade: websocket", b"Connection: close, close",
            b"Range: bytes=9-1", b"Accept-Encoding: \x80", b"Authorization: Bearer \xff", b"Authorization: Basic !!!", b"Content-Type: \x01",
            b"Expect: nonsense", b"Trailer: x", b"TE: x",
        ])
        return Case(self.server.head("GET", r.choice(self.GETS)) + field + b"\r\n\r\n", HALF, "")

    def content_length(self, r):
        length = r.choice(["-1", "+5", "0x5", "5.0", "5 5", "5,5", "5, 6", "abc", "", "9" * 30, str(2**63), str(2**64 + 5), " 5 x", "\u0665", "5\x00"])
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), f"Content-Length: {length}\r\n") + b"\r\n[1,2]", HALF, "4")

    def two_lengths(self, r):
        lengths = r.choice([("5", "6"), ("5", "5"), ("0", "5"), ("5", "0"), ("5", "-5")])
        more = "".join(f"Content-Length: {length}\r\n" for length in lengths)
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), more) + b"\r\n[1,2]", HALF, "4")

    def length_and_chunks(self, r):
        encoding = r.choice(["Transfer-Encoding: chunked", "Transfer-Encoding: identity", "transfer-encoding:\tchunked", "Transfer-Encoding: x, chunked"])
        fields = ["Content-Length: 5\r\n", f"{encoding}\r\n"]
        r.shuffle(fields)
        smuggled = self.server.request("POST", f"/api/campaigns/{GHOST}/stop", b"")
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), "".join(fields)) + b"\r\n0\r\n\r\n" + smuggled, HALF, "4")

    def transfer_encoding(self, r):
        two = "chunked\r\nTransfer-Encoding: gzip"
        value = r.choice(["gzip", "chunked, gzip", "chunked, chunked", "xchunked", "chunked;a", "\x0bchunked", "identity", "", two, "CHUNKED x"])
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), f"Transfer-Encoding: {value}\r\n") + b"\r\n3\r\nabc\r\n0\r\n\r\n", HALF, "4")

    def chunks(self, r):
        body = r.choice([
            b"zz\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"ffffffffffffffffff\r\nabc", b"7fffffffffffffff\r\nabc",
            b"5\r\nabc", b"3\r\nabc", b"3\nabc\n0\n\n", b"3 ; x\r\nabc\r\n0\r\n\r\n", b"3;" + b"a" * 200_000 + b"\r\nabc\r\n0\r\n\r\n", b"\r\n", b"0\r\n",
            b"0\r\nX: \x00\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"1\r\n{\r\n" * 2000 + b"0\r\n\r\n",
        ])
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), "Transfer-Encoding: chunked\r\n") + b"\r\n" + body, HALF, "4")

    def truncated(self, r):
        """A request that breaks off, and a client that leaves or says that it has finished."""
        path = r.choice(self.JSON_PATHS + ["/api/campaigns", f"/api/campaigns/{GHOST}/criteria"])
        whole = self.server.request("POST", path, json.dumps(self._completion(path)).encode() + b" " * r.randint(0, 5000))
        return Case(whole[: r.randint(1, len(whole) - 1)], r.choice([HALF, LEAVE]), "4")

    def length_too_long(self, r):
        length = r.choice([50, 5000, MAXIMUM_BODY, MAXIMUM_BODY + 1, 1 << 40])
        return Case(self.server.head("POST", r.choice(self.JSON_PATHS), f"Content-Length: {length}\r\n") + b"\r\n{}", HALF, "4")

    def garbage(self, r):
        return Case(r.randbytes(r.choice([1, 10, 100, 1000, 100_000])), HALF, "4")

    def foreign_protocol(self, r):
        hello = bytes.fromhex("16030100c8010000c40303") + r.randbytes(193)
        return Case(r.choice([
            hello, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO localhost\r\n",
            b"*1\r\n$4\r\nPING\r\n", b"\x05\x01\x00", b"\x00" * 64, b"USER a\r\nPASS b\r\n", b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n",
            b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nSSH-2.0-x\r\n",
        ]), HALF, "")

    def pipelined_garbage(self, r):
        good = self.server.request("GET", "/healthz")
        bad = r.choice([r.randbytes(200), b"\x00" * 50, b"GARBAGE\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"])
        return Case(good * r.randint(1, 50) + bad, HALF, "")

    def body_of_a_get(self, r):
        body = r.choice([r.randbytes(500), self.server.request("POST", f"/api/campaigns/{GHOST}/stop", b""), b"{}" * 100_000])
        return Case(self.server.request("GET", r.choice(self.GETS), body), HALF, "")

    # Of who asks, for what

    def method(self, r):
        method = r.choice(["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "M-SEARCH", "A" * 300])
        return Case(self.server.request(method, r.choice(self.GETS + self.JSON_PATHS)), HALF, "4")

    def head_method(self, r):
        """Whatever it answers, it has no body: what follows it is the next answer."""
        path = r.choice(self.GETS + self.JSON_PATHS + ["/nothing", f"/api/campaigns/{GHOST}", "/api/models/nobody/nothing", "/api/events"])
        return Case(self.server.request("HEAD", path), HALF, "")

    def unknown_path(self, r):
        parts = ["api", "v1", "campaigns", "models", GHOST, "admin", ".git", "..;", "%2e", "*", "a" * 50, "\u00e9", "%", "%zz", "%c3%28"]
        path = "/" + "/".join(r.choice(parts) for _ in range(r.randint(1, 6))) + "/zzz"
        return Case(self.server.request(r.choice(["GET", "POST"]), path, r.choice([None, b"{}"])), WAIT, "4")

    def traversal(self, r):
        up = r.choice(["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..%252f", "..\\", "..%5c", "....//", "%c0%ae%c0%ae/", ".%00./", "..;/"])
        up *= r.randint(1, 12)
        target = r.choice([
            up + "etc/passwd", up + "etc%2fpasswd", up + "etc/passwd%00", "/etc/passwd", "%2fetc%2fpasswd", "%252fetc%252fpasswd", "file:///etc/passwd",
            "~root/.ssh/id_rsa", "/proc/self/environ",
        ])
        path = r.choice([
            "/{}", "/v1/models/{}", "/api/models/{}", f"/api/models/{self.campaign}/{{}}", "/api/campaigns/{}", "/api/campaigns/{}/samples",
            f"/api/campaigns/{self.campaign}/{{}}",
        ])
        return Case(self.server.request("GET", path.format(target)), WAIT, "")

    def query(self, r):
        value = r.choice([
            "-1", "0", str(2**63 - 1), str(2**63), "9" * 100, "1e9", "NaN", "", "%00", "%ff", "%zz", "'", "1;DROP%20TABLE%20campaigns", "\u0661", "1&limit=2",
            "a" * 5000, "../../etc/passwd", "true", "[]",
        ])
        key = r.choice(["limit", "offset", "after", "round", "step", "limit[]", "%6cimit", "x"])
        what = r.choice(["rounds", "samples", "events", "lineage"])
        return Case(self.server.request("GET", f"/api/campaigns/{self.campaign}/{what}?{key}={value}"), WAIT, "")

    def wrong_host(self, r):
        host = r.choice([
            "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "[::2]", "", "127.0.0.2", "169.254.169.254",
            "a" * 3000,
        ])
        path = r.choice(["/api/campaigns", "/metrics", "/v1/models", "/"])
        return Case(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), WAIT, "4")

    def wrong_origin(self, r):
        origin = r.choice(["http://evil.example", "null", "https://127.0.0.1.evil.example", "file://", "http://localhost:1", "", "x", "http://x://127.0.0.1"])
        path = r.choice([f"/api/campaigns/{GHOST}/{what}" for what in ["stop", "pause", "resume", "rollback"]] + self.JSON_PATHS + ["/api/campaigns"])
        return Case(self.server.request("POST", path, b"{}", f"Origin: {origin}\r\n"), WAIT, "403")

    # Of bodies

    def _completion(self, path):
        model = {"model": self.model, "max_tokens": 2, "temperature": 0}
        return {**model, "messages": [{"role": "user", "content": "a"}]} if "chat" in path else {**model, "prompt": "a"}

    def _refusable(self, r):
        """A path that reads JSON. Of a campaign that exists only those to which no body that is used here could mean anything: to stop and
        pause nearly every object is valid."""
        return r.choice([("POST", path) for path in self.JSON_PATHS] + [
            ("POST", f"/api/campaigns/{self.campaign}/rollback"), ("PATCH", f"/api/campaigns/{self.campaign}/criteria")])

    def no_json(self, r):
        method, path = self._refusable(r)
        body = r.choice([
            b"{", b"}", b"nul", b"nan", b"NaN", b"'a'", b"{'a': 1}", b'{"now": tru', b'{"to": }', b'{"a" 1}', b'{"a": 1,}', b'{"a": 01}', b'{"a": 1e}', b'"',
            b'"\\u12"', b'{"a": "\x01"}', b"// a\n", b"\xef\xbb\xbf{", b'{"now": "\xff"}', b'{"model": "\xc3\x28"}', b"\x00", b"<a/>", b'{"a": 1}{',
            r.randbytes(300), b'{"now": 1e99999', b"[" + b"9" * 100_000 + b"]",
        ])
        return Case(self.server.request(method, path, body), WAIT, "4")

    def nested_json(self, r):
        method, path = self._refusable(r)
        depth = r.choice([600, 5000, 100_000, 300_000])
        body = r.choice([b"[" * depth + b"]" * depth, b"[" * depth, (b'{"a":' * depth)[:900_000], (b'[{"a":' * depth)[:900_000]])
        return Case(self.server.request(method, path, body), WAIT, "4")

    def wrong_type(self, r):
        """A completion with one or two keys of the wrong kind. Some are odd, and valid."""
        path = r.choice(self.JSON_PATHS)
        body = self._completion(path)
        keys = [
            "model", "messages", "prompt", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop", "stream",
            "stream_options", "logprobs", "top_logprobs", "tools", "logit_bias", "response_format", "n", "max_tokens",
        ]
        for key in r.sample(keys, r.randint(1, 2)):
            body[key] = r.choice([value for value in self.WRONG if key != "max_tokens" or value not in (None, 1e308)])
        if r.random() < 0.3:
            odd = {"role": r.choice(self.WRONG), "content": r.choice(self.WRONG)}
            body["messages"] = [r.choice([odd, {"role": "user"}, {"role": "user", "content": [{"type": "image_url"}]}, 1])]
        return Case(self.server.request("POST", path, json.dumps(body).encode()), WAIT, "")

    def wrong_campaign_type(self, r):
        method, what, body = r.choice([
            *[("POST", what, {"now": r.choice([-1, 0.5, "yes", [], {}, "\u0000"])}) for what in ["stop", "pause"]],
            ("POST", "rollback", {"to": r.choice([1, None, [], {}])}),
            ("PATCH", "criteria", r.choice([{"rounds": 5}, {"rounds": "x"}, {"nothing": "1"}, {"deadline": "x"}, {"tokens": "-1"}])),
        ])
        return Case(self.server.request(method, f"/api/campaigns/{self.campaign}/{what}", json.dumps(body).encode()), WAIT, "4")

    def unknown_campaign(self, r):
        name = r.choice([GHOST, "..", "%2e%2e", "a" * 5000, "%00", "%ff", "';%20DROP%20TABLE%20campaigns;%20--", "*", "%25", "\u00e9"])
        method, what, body = r.choice([
            ("POST", "stop", b""), ("POST", "pause", b'{"now": true}'), ("POST", "resume", b""), ("POST", "rollback", b'{"to": "initial"}'),
            ("PATCH", "criteria", b'{"rounds": "1"}'),
        ])
        return Case(self.server.request(method, f"/api/campaigns/{name}/{what}", body), WAIT, "4")

    def huge_number(self, r):
        path = r.choice(self.JSON_PATHS)
        body = json.dumps({**self._completion(path), r.choice(["seed", "n", "temperature", "top_p", "max_tokens", "top_logprobs"]): "@"})
        number = r.choice(["1" + "0" * 400, "-1" + "0" * 400, "1e400", "-1e400", str(2**63), "1e19", "9" * 50_000, "2e6", "-0.0001e-400000"])
        return Case(self.server.request("POST", path, body.replace('"@"', number).encode()), WAIT, "")

    def names_a_file(self, r):
        """As a model, or in a configuration, which an unknown key keeps from being one."""
        file = r.choice([
            "/etc/passwd", "../../../../../../etc/passwd", "/proc/self/environ", "~/.ssh/id_rsa", "file:///etc/passwd", "/dev/zero", "/dev/stdin", "/etc", ".",
            "nursery/../../etc/passwd", "data:text/plain,x",
        ])
        if r.random() < 0.5:
            path = r.choice(self.JSON_PATHS)
            return Case(self.server.request("POST", path, json.dumps({**self._completion(path), "model": file}).encode()), WAIT, "4")
        lines = ["unknown: 1", "campaign: soak"] + r.sample([
            f"student: {file}", f"peers: [{{name: a, model: {file}}}]", f"prompts: {{source: {file}}}", f"evaluation: {{gate: {file}, report: {file}}}",
            f"nursery: {file}", f"<<: {file}", f"judges: [{{kind: likelihood, models: [{file}]}}]", f"campaign: {file}", f"x: !include {file}",
            f"mixture: {{proposers: [{file}], aggregator: {file}}}", f"x: !!python/object/apply:os.system [{file}]",
        ], 4)
        return self._yaml("\n".join(lines).encode())

    def no_yaml(self, r):
        body = r.choice([
            b"", b"a", b"- a", b"[", b"{", b"a: b: c", b"a:\n\t- b", b"\x00", b"\xff\xfe", b"a: &a *a", b"a: *b", b"%YAML 9.9\n---\na: b", b"a: 1\n---\nb: 2",
            b"? [a]\n: 1", b"!!binary x: 1", b"campaign: [a]\nseed: x", b"seed: " + b"9" * 1000, b"campaign: '" + b"a" * 100_000, b"campaign: \xe2\x80\xae\n",
            r.randbytes(500), b"a: [" * 900, b"{a: " * 900, b"- " * 50_000, b"a: |" + b"\n x" * 50_000, b"a: " + b"[" * 100_000,
        ])
        return self._yaml(body)

    def _yaml(self, body):
        return Case(self.server.request("POST", "/api/campaigns", body, "Content-Type: application/yaml\r\n"), WAIT, "4")

    def yaml_repeated_keys(self, r):
        return self._yaml(r.choice([b"a: 1\n", b"campaign: a\n", b"stop: {}\n"]) * 1500)

    def yaml_many_keys(self, r):
        return self._yaml(b"".join(b"k%d: 1\n" % i for i in range(80_000)))

    def yaml_aliases(self, r):
        """Nine of nine of nine, as a value and as a key ("billion laughs")."""
        body = b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 8))
        return self._yaml(body + r.choice([b"campaign: *a7\n", b"peers: *a7\n", b"? [*a7, *a7, *a7]\n: 1\n", b"<<: *a7\n"]))

    def long_prompt(self, r):
        path = r.choice(self.JSON_PATHS)
        text = r.choice(["a", "ab ", "9", "zq-", "."]) * r.choice([20_000, 200_000])
        turn = lambda content: {"role": "user", "content": content}
        long = r.choice([{"messages": [turn(text)]}, {"messages": [turn("a")] * 20_000}] if "chat" in path else [{"prompt": text}, {"prompt": ["a"] * 50_000}])
        return Case(self.server.request("POST", path, json.dumps({**self._completion(path), **long}, ensure_ascii=False).encode()), WAIT, "4")

    def body_too_large(self, r):
        path, size = r.choice(self.JSON_PATHS + ["/api/campaigns"]), MAXIMUM_BODY + r.choice([1, 1000, MAXIMUM_BODY])
        if r.random() < 0.5:
            return Case(self.server.request("POST", path, b" " * size), WAIT, "413")
        chunks = (b"10000\r\n" + b" " * 65536 + b"\r\n") * (size // 65536 + 1) + b"0\r\n\r\n"
        return Case(self.server.head("POST", path, "Transfer-Encoding: chunked\r\n") + b"\r\n" + chunks, WAIT, "413")


Answer = collections.namedtuple("Answer", "data seconds fault")


def is_whole(data):
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    length = re.search(rb"content-length: *(\d+)", head)
    return len(data) >= end + 4 + int(length[1]) if length else b"chunked" in head and data.endswith(b"0\r\n\r\n")


def send(server, case):
    """Sends a case, reading at the same time, and returns what came back, how long it took, and what was wrong with that."""
    start = time.monotonic()
    try:
        connection = server.connect()
    except OSError as error:
        return Answer(b"", time.monotonic() - start, f"no connection: {error}")
    with connection:
        if case.end == LEAVE:
            try:
                connection.sendall(case.data)
                if len(case.data) % 2:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leaves with a reset
            except OSError:
                pass
            return Answer(b"", time.monotonic() - start, "")
        connection.setblocking(False)
        left, data, half = memoryview(case.data), b"", False
        while time.monotonic() - start < HANG:
            readable, writable, _ = select.select([connection], [connection] if left else [], [], max(HANG + start - time.monotonic(), 0))
            try:
                if writable:
                    left = left[connection.send(left) :]
                if not left and case.end == HALF and not half:
                    connection.shutdown(socket.SHUT_WR)
                    half = True
                if readable:
                    part = connection.recv(1 << 20)
                    data += part
                    if not part:
                        return Answer(data, time.monotonic() - start, "")
                    if case.end == WAIT and not left and is_whole(data):
                        return Answer(data, time.monotonic() - start, "")
            except BlockingIOError:
                pass
            except OSError:  # reset, or closed for writing: what was read before counts
                try:
                    connection.setblocking(True)
                    connection.settimeout(1)
                    data += connection.recv(1 << 20)
                except OSError:
                    pass
                return Answer(data, time.monotonic() - start, "")
    return Answer(data, time.monotonic() - start, "answered, but not closed" if data else "no answer")


def statuses(data):
    return [status.decode() for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]


class Tally:
    """What the answers to malformed requests amount to."""

    CLAIMS = {
        "hang": f"what was sent whole is answered, or its connection closed, within {HANG} s",
        "5xx": "no 5xx but 503",
        "secret": "no answer holds a file of the machine",
        "status": "what is wrong is refused, with the right status",
        "head": "the answer to HEAD has no body",
        "healthz": "/healthz answers within a second after each batch",
    }

    def __init__(self):
        self.faults = {fault: collections.defaultdict(list) for fault in self.CLAIMS}  # by kind
        self.statuses, self.seconds, self.slowest = collections.Counter(), [], (0, "")

    def add(self, where, kind, case, answer):
        found = statuses(answer.data)
        self.statuses.update(found or ["hung" if answer.fault else "left" if case.end == LEAVE else "closed"])
        self.seconds.append(answer.seconds)
        self.slowest = max(self.slowest, (answer.seconds, kind))
        wrong = [status for status in found if not status.startswith(case.status) and status[0] != "5"]
        present = {
            "hang": answer.fault, "5xx": any(status[0] == "5" and status != "503" for status in found), "secret": SECRET in answer.data,
            "status": wrong or len(case.status) == 3 and not found and not answer.fault,
            "head": kind == "head_method" and answer.data.partition(b"\r\n\r\n")[2],
        }
        for fault in (fault for fault, is_present in present.items() if is_present):
            self.faults[fault][kind].append(f"{answer.fault or ' '.join(found) or 'closed'} in {answer.seconds:.2f} s: {where}")

    def judge(self, guilty):
        for fault, claim in self.CLAIMS.items():
            kinds = self.faults[fault]
            order = sorted(kinds, key=lambda kind: kind not in guilty)
            examples = "".join(f"\n  {kind}, {len(kinds[kind])} times: {kinds[kind][0]}" for kind in order[:8])
            check(not kinds, f"malformed: {claim}: {sum(map(len, kinds.values()))} times not, of {len(kinds)} kinds{examples}")


def malformed(server, options):
    cases = Malformed(server)
    tally, before, fds, start = Tally(), server.rss(), server.fds(), time.monotonic()
    healthz, guilty, batch, count = [], set(), 100, 10_000 if options.full else 2_000

    def one(index):
        kind, case = cases.case(options.seed, index)
        return index, kind, case, None if kind in guilty or kind in options.without else send(server, case)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for first in range(0, count, batch):
            suspects = {}
            for index, kind, case, answer in pool.map(one, range(first, min(first + batch, count))):
                if answer is None: continue
                tally.add(f"--case {index}, {case.end}: {bytes(case.data[:120])!r}", kind, case, answer)
                if answer.fault: suspects.setdefault(kind, (index, case))
            status, _, seconds = server.get("/healthz")
            healthz.append(seconds)
            if status != 200 or seconds > 1: tally.faults["healthz"]["healthz"].append(f"{status} after {seconds:.2f} s: after case {first + batch - 1}")
            for kind, (index, case) in suspects.items():  # what hangs by itself is not sent again: it would only hide the rest
                if not wait_until_alive(server): break
                if send(server, case).fault: guilty.add(kind)
            if suspects and not wait_until_alive(server): break
    check(not guilty, f"malformed: nothing hangs by itself: {', '.join(sorted(guilty))}")
    tally.judge(guilty)
    left, seconds = server.fds_back(fds, 20)
    check(left <= fds + FD_SLACK, f"malformed: its connections are closed: {fds} open files before, {left} after")
    counts = ", ".join(f"{status}: {number}" for status, number in sorted(tally.statuses.items()))
    print(
        f"malformed: {len(tally.seconds)} requests of {len(set(cases.kinds) - set(options.without))} kinds in {time.monotonic() - start:.1f} s; {counts}; "
        f"{times(tally.seconds)} ({tally.slowest[1]}); /healthz {times(healthz)}; {memory(before, server.rss())}, "
        f"files {fds} -> {left} in {seconds:.1f} s", flush=True)


def show_case(server, options):
    kind, case = Malformed(server).case(options.seed, options.case)
    print(f"{kind}: {len(case.data)} bytes, and the client {case.end}\n{bytes(case.data[:2000])!r}")
    answer = send(server, case)
    print(f"after {answer.seconds:.2f} s {answer.fault or 'this'}:\n{answer.data[:2000]!r}")


# Slow clients

class SlowClients:
    """Connections that send a byte a second: of a header that never ends, or of a body."""

    def __init__(self, server, headers, bodies):
        self.start = time.monotonic()
        self.open, self.closed = {}, {"header": [], "body": []}
        for kind, count in [("header", headers), ("body", bodies)]:
            for _ in range(count):
                connection = server.connect()
                body = server.head("POST", "/v1/completions", "Content-Length: 1000\r\n") + b"\r\n"
                connection.sendall(server.head("GET", "/healthz", "X-Slow: ") if kind == "header" else body)
                connection.setblocking(False)
                self.open[connection] = kind

    def tick(self):
        for connection, kind in list(self.open.items()):
            try:
                connection.send(b" ")
                over = not connection.recv(4096)
            except BlockingIOError:
                over = False
            except OSError:
                over = True
            if over:
                self.closed[kind].append(time.monotonic() - self.start)
                del self.open[connection]
                connection.close()

    def close(self):
        for connection in self.open: connection.close()

    def words(self, kind):
        closed = self.closed[kind]
        when = f" after {min(closed):.0f} to {max(closed):.0f} s" if closed else ""
        return f"{kind}: {len(closed)} cut off{when}, {list(self.open.values()).count(kind)} open"


def loris(server, options):
    before, fds = server.rss(), server.fds()
    slow = SlowClients(server, 200, 50)
    with Probe(server) as probe:
        end = slow.start + (SLOW_DEADLINE + 30 if options.full else 15)
        while slow.open and time.monotonic() < end:
            slow.tick()
            time.sleep(1)
    held, most = time.monotonic() - slow.start, server.rss()
    probe.judge("loris")
    if options.full:
        for kind, count in [("header", 200), ("body", 50)]:
            in_time = sum(seconds <= SLOW_DEADLINE + 5 for seconds in slow.closed[kind])
            check(in_time == count, f"loris: who is slow with a {kind} is cut off after {SLOW_DEADLINE} s: {in_time} of {count}; {slow.words(kind)}")
    words = f"{slow.words('header')}; {slow.words('body')}"
    slow.close()
    left, seconds = server.fds_back(fds, 20)
    check(left <= fds + FD_SLACK and server.is_alive(), f"loris: the process lives, its connections are closed: {fds} open files before, {left} after")
    print(f"loris: 250 slow clients for {held:.0f} s; {words}; {probe.words()}; {memory(before, most)}, files {fds} -> {left} in {seconds:.1f} s", flush=True)


# Event streams

class Readers:
    """Event streams: some are read, all the time; the others never after their headers."""

    def __init__(self, server):
        self.server, self.request = server, server.request("GET", "/api/events")
        self.reading, self.deaf, self.refused = {}, [], []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.read)

    def add(self, reads):
        """Opens one. Returns its status."""
        connection = self.server.connect(receive_buffer=None if reads else 2048)
        try:
            connection.sendall(self.request)
            head = b""
            while b"\r\n" not in head:
                part = connection.recv(64)
                if not part: break
                head += part
        except OSError:
            head = b""
        status = int(head[9:12] or 0) if head.startswith(b"HTTP/1.1 ") else 0
        if status != 200:
            self.refused.append(status)
            connection.close()
        elif reads:
            self.reading[connection] = [time.monotonic(), 0, 0]  # when something came last, bytes, events
        else:
            self.deaf.append(connection)
        return status

    def read(self):
        poller = select.poll()
        by_number = {connection.fileno(): connection for connection in self.reading}
        for number in by_number: poller.register(number, select.POLLIN)
        while not self.over.is_set():
            for number, _ in poller.poll(200):
                try:
                    part = by_number[number].recv(65536)
                except OSError:
                    part = b""
                if not part:
                    poller.unregister(number)
                    continue
                state = self.reading[by_number[number]]
                state[:] = [time.monotonic(), state[1] + len(part), state[2] + part.count(b"event: ")]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for connection in [*self.reading, *self.deaf]: connection.close()


def events(server, options):
    duration, running = 120 if options.full else 2 * HEARTBEAT, server.running() is not None
    leave_at_once(server, 1000)
    growth = streams(server, duration, running)
    if growth >= 64 * MB and running:  # perhaps the campaign's: a step that begins takes memory once, streams that are not read take more and more
        print("events: once more, for twice the time: a campaign that runs changes the memory by itself", flush=True)
        growth = streams(server, 2 * duration, running)
    check(growth < 64 * MB, f"events: memory is bounded: {growth / MB:+.0f} MB")


def leave_at_once(server, count):
    """Readers that are gone before the first event. Their places must not be lost: whether they are is seen by the readers that come next."""
    fds, request = server.fds(), server.request("GET", "/api/events")
    for index in range(count):
        with server.connect() as connection:
            connection.sendall(request)
            time.sleep(0.001 * (index % 3))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.fds_back(fds, HEARTBEAT)
    time.sleep(HEARTBEAT + 1)


def streams(server, duration, running):
    """Opens 200 streams, and more than there may be. Returns by how much the memory grew."""
    fds, before, most, start = server.fds(), server.rss(), 0, time.monotonic()
    readers = Readers(server)
    first = [readers.add(reads=index % 2 == 0) for index in range(200)]
    check(first == [200] * 200, f"events: the first 200 readers are taken, also after 1000 that left at once: {collections.Counter(first)}")
    with readers, Probe(server) as probe:
        more = [readers.add(reads=False) for _ in range(100)]
        taken = len(readers.reading) + len(readers.deaf)
        fits = set(more) <= {200, 503} and taken <= LISTENERS
        check(fits, f"events: readers over {LISTENERS} are refused with 503: {collections.Counter(more)}, {taken} taken")
        while time.monotonic() - start < duration:
            time.sleep(0.5)
            most = max(most, server.rss())
        silence = max((time.monotonic() - state[0] for state in readers.reading.values()), default=0)
    check(silence < HEARTBEAT + 3, f"events: those who read hear something every {HEARTBEAT} s: {silence:.1f} s of silence")
    probe.judge("events")
    left, seconds = server.fds_back(fds, 3 * HEARTBEAT)
    check(left <= fds + FD_SLACK and server.is_alive(), f"events: the process lives, closed streams are let go: {fds} open files before, {left} after")
    counts = [state[2] for state in readers.reading.values()]
    print(
        f"events: {len(readers.reading)} readers and {len(readers.deaf)} that never read for {duration} s, while {'a' if running else 'no'} campaign runs; "
        f"{min(counts, default=0)} to {max(counts, default=0)} events each; refused: {dict(collections.Counter(readers.refused))}; {probe.words()}; "
        f"{memory(before, most)}, files {fds} -> {left} in {seconds:.1f} s", flush=True)
    return most - before


# Latency

def ask_paced(clients, request, count, rate):
    """Times of requests that begin at moments fixed beforehand (rate 0: one after the other)."""
    seconds, wrong, begin = [], 0, time.perf_counter()
    for index in range(count):
        if rate:
            pause = begin + index / rate - time.perf_counter()
            if pause > 0: time.sleep(pause)
        start = time.perf_counter()
        status, _ = clients[index % len(clients)].ask(request)
        seconds.append(time.perf_counter() - start)
        wrong += status != 200
    return seconds, wrong, time.perf_counter() - begin


def latency(server, options):
    before = server.running()
    check(before is not None and "step" in before, "latency: a campaign's step runs; without one this says nothing")
    clients = [KeepAlive(server) for _ in range(4)]
    request = server.request("GET", "/api/campaigns")
    gc.disable()
    ask_paced(clients, request, 50, 50)
    paced, wrong, seconds = ask_paced(clients, request, 2000, 50)
    at_once, also_wrong, short = ask_paced(clients, request, 2000, 0)
    gc.enable()
    for client in clients: client.socket.close()
    after = server.running()
    check(after is not None or before is None, "latency: the campaign still runs at the end")
    check(wrong + also_wrong == 0, f"latency: every answer is 200: {wrong + also_wrong} are not")
    check(percentile(paced, 99) < 0.02, f"latency: p99 of GET /api/campaigns is under 20 ms: {percentile(paced, 99) * 1000:.1f} ms")
    steps = " to ".join(f"{campaign['campaign']} {campaign['step']['name']}" if campaign and "step" in campaign else "nothing" for campaign in [before, after])
    print(
        f"latency: 2000 requests, 50/s, over 4 connections ({steps}): {times(paced)} in {seconds:.1f} s; 2000 one after the other: {times(at_once)}, "
        f"{2000 / short:.0f}/s; load {os.getloadavg()[0]:.1f}", flush=True)


# Memory

def everything(server):
    """Every GET that ends, of a campaign that has models where there is one."""
    campaigns = server.campaigns()
    campaign = next((c for c in campaigns if "champion" in c), campaigns[0] if campaigns else {"campaign": GHOST})
    name, model = campaign["campaign"], campaign.get("champion", "0" * 64)
    paths = ["", "/lineage", "/rounds", "/samples", "/samples?step=sample&limit=5", "/events", "/rounds?limit=x"]
    return [
        "/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models", "/api/campaigns", "/nothing", f"/api/campaigns/{GHOST}",
        "/api/models/nobody/nothing",
        f"/api/models/{model}", f"/api/models/{name}/champion", f"/api/models/{model[:8]}", *[f"/api/campaigns/{name}{path}" for path in paths],
    ]


def memory_part(server, options):
    end = time.monotonic() + options.patience
    while server.running() and time.monotonic() < end: time.sleep(1)
    check(not server.running(), "memory: no campaign runs; one changes the memory by itself")
    paths, count = everything(server), 100_000 if options.full else 10_000
    requests = [server.request("GET", path) for path in paths]
    found, faults, begin = [], [], time.monotonic()
    for tenth in range(10):
        share = count // 10 // 4

        def work(number):
            r = random.Random(f"{options.seed}/{tenth}/{number}")
            with KeepAlive(server) as client:
                for _ in range(share):
                    status, _ = client.ask(r.choice(requests))
                    if status >= 500 or status == 0: faults.append(status)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        found.append(server.rss())
    growth, limit = found[-1] - found[0], max(found[0] * 0.05, 16 * MB)
    check(not faults, f"memory: no 5xx: {collections.Counter(faults)}")
    check(growth < limit and server.is_alive(), f"memory: after the first tenth it grows by less than {limit / MB:.0f} MB: {memory(found[0], found[-1])}")
    seconds = time.monotonic() - begin
    print(
        f"memory: {count} requests of {len(paths)} paths in {seconds:.1f} s, {count / seconds:.0f}/s; "
        f"RSS by tenths {' '.join(f'{rss / MB:.0f}' for rss in found)} MB: {growth / MB:+.1f} MB, {growth / max(found[0], 1) * 100:+.1f} %", flush=True)


# Throughput

WORDS = [f"{a}{b}{c}d" for a in "bdfk" for b in "aeio" for c in "ln"]


def completion_request(server, model, shape, word):
    """As an instruction, which a model may answer briefly, and as a bare text, which it goes on with."""
    path, asked = "/v1/completions", {"prompt": word}
    if shape == "chat":
        path, asked = "/v1/chat/completions", {"messages": [{"role": "user", "content": f"Write {word} backwards."}]}
    return server.request("POST", path, json.dumps({"model": model, "temperature": 0, "max_tokens": 64, **asked}).encode())


def completions(url, pid, model, shape, indices, barrier=None):
    """Asks about the words of these indices, one after the other. Returns texts, tokens, and when it began and ended."""
    server = Server(url, pid)
    requests = [completion_request(server, model, shape, WORDS[index]) for index in indices]
    with KeepAlive(server, timeout=120) as client:
        if barrier: barrier.wait()
        start = time.time()
        answers = [client.ask(request) for request in requests]
        end = time.time()
    bodies = [json.loads(body) for _, body in answers]
    refused = [body for body in bodies if "choices" not in body]
    if refused:
        raise RuntimeError(f"refused: {refused[0]}")
    choices = [body["choices"][0] for body in bodies]
    return [c["message"]["content"] if shape == "chat" else c["text"] for c in choices], sum(body["usage"]["completion_tokens"] for body in bodies), start, end


def several_completions(url, pid, model, shape, plan, barrier, results):
    """The clients of one process, a thread each."""
    def one(indices):
        try:
            results.put((indices, completions(url, pid, model, shape, indices, barrier)))
        except Exception as error:
            barrier.abort()
            results.put((indices, f"{type(error).__name__}: {error}"))
    threads = [threading.Thread(target=one, args=(indices,)) for indices in plan]
    for thread in threads: thread.start()
    for thread in threads: thread.join()


def throughput(server, options):
    for shape in ["chat", "text"]:
        throughput_of(server, options, shape)


def throughput_of(server, options, shape):
    count, processes, where = len(WORDS), 4, (options.base_url, server.pid, options.model, shape)
    completions(*where, [0])  # loads the model
    each = 128 if options.full else 64
    order = [index % count for index in range(max(count, 2 * each))]
    texts, tokens, start, end = completions(*where, order)
    alone, single = dict(zip(order, texts)), tokens / (end - start)

    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    plans = [[[(client + step) % count for step in range(each)] for client in range(count)][part::processes] for part in range(processes)]
    workers = [context.Process(target=several_completions, args=(*where, plan, barrier, results)) for plan in plans]
    for worker in workers: worker.start()
    done = [results.get(timeout=600) for _ in range(count)]
    for worker in workers: worker.join()
    failed = [outcome for _, outcome in done if isinstance(outcome, str)]
    check(not failed, f"throughput: 32 clients at once are answered ({shape}): {failed[:2]}")
    if failed: return
    differ = sum(alone[index] != text for indices, (texts, *_) in done for index, text in zip(indices, texts))
    check(differ == 0, f"throughput: 32 clients at once get the greedy texts that one gets alone ({shape}): {differ} differ")
    many_tokens = sum(outcome[1] for _, outcome in done)
    span = max(outcome[3] for _, outcome in done) - min(outcome[2] for _, outcome in done)
    many = many_tokens / span
    check(many >= 3 * single, f"throughput: 32 clients at once get at least three times the tokens of one ({shape}): {many / single:.2f}")
    print(
        f"throughput, {shape}: one client {single:.0f} tokens/s ({tokens / len(order):.1f} an answer), 32 at once {many:.0f} tokens/s "
        f"({many_tokens} tokens in {span:.1f} s): {many / single:.2f} times; load {os.getloadavg()[0]:.1f}", flush=True)


PARTS = {"latency": latency, "malformed": malformed, "loris": loris, "events": events, "memory": memory_part, "throughput": throughput}


def main():
    names = lambda text: [name for name in text.split(",") if name]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("pid", type=int)
    parser.add_argument("--full", action="store_true", help="more of everything")
    parser.add_argument("--seed", type=int, default=1, help="of the malformed requests and the order of the others")
    parser.add_argument("--parts", type=names, default=list(PARTS), help="default: all; throughput only with --model")
    parser.add_argument("--model", help="what throughput asks")
    parser.add_argument("--patience", type=float, default=600, help="seconds that memory waits for a campaign to end")
    parser.add_argument("--without", type=names, default=[], help="kinds of malformed requests to leave out")
    parser.add_argument("--case", type=int, help="sends this one malformed request, and shows it")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown: parser.error(f"there is no part {unknown[0]}: {', '.join(PARTS)}")
    server = Server(options.base_url, options.pid)
    if not server.is_alive(): parser.error(f"there is no process {options.pid}")
    if options.case is not None: return show_case(server, options)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # the database's readers are opened before files are counted
        list(pool.map(lambda _: server.get("/api/campaigns"), range(64)))
    for name, part in PARTS.items():
        if name not in options.parts or name == "throughput" and not options.model: continue
        try:
            part(server, options)
        except OSError as error:
            check(False, f"{name}: {type(error).__name__}: {error}")
        check(server.is_alive(), f"{name}: it is still the same process")
    finish()


if __name__ == "__main__":
    main()
