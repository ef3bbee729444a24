#!/usr/bin/env python3
"""Peers behind endpoints that misbehave: campaigns with healthy ones, through chaos, and killed again and again.

    Tests/Clients/peers.py PROGRAM [--kills N] [--seed N] [--only chaos|kills|speed|secrets]

Everything is real: the program, its servers, and a proxy of ours between them. Ends with a line `N passed, N failed`.
"""
import argparse, asyncio, hashlib, json, os, pathlib, random, signal, sqlite3, subprocess, sys, tempfile, threading, time

from checks import check, finish

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEY = "sk-test-5up3rs3cr3t-0123456789"


# MARK: Servers of ours

class Server:
    """Runs an asyncio handler of HTTP requests in a thread. `handle(body, headers)` gives (status, headers, bytes) and whether
    the connection is cut after so many bytes (None: it is not)."""

    def __init__(self, handle):
        self.handle = handle
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                path = lines[0].split()[1]
                status, extra, payload, cut = await self.handle(path, body, headers)
                out = f"HTTP/1.1 {status} X\r\nContent-Length: {len(payload)}\r\nContent-Type: application/json\r\n"
                out = (out + "".join(f"{k}: {v}\r\n" for k, v in extra.items()) + "\r\n").encode() + payload
                writer.write(out if cut is None else out[:len(out) - len(payload) + cut])
                await writer.drain()
                if cut is not None:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"


def answer(model, text, **more):
    return json.dumps({
        "id": "x", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, **more}).encode()


class Stub:
    """Answers at once, or after `latency` seconds, something that depends on the question alone; counts what it answered."""

    def __init__(self, model, latency=0.0):
        self.model, self.latency = model, latency
        self.answered = {}
        self.server = Server(self.handle)

    async def handle(self, path, body, headers):
        if path.endswith("/models"):
            return 200, {}, json.dumps({"object": "list", "data": [{"id": self.model}]}).encode(), None
        if self.latency:
            await asyncio.sleep(self.latency)
        key = hashlib.sha256(body).hexdigest()
        self.answered.setdefault(key, []).append(time.time())
        words = "alpha beta gamma delta epsilon zeta eta theta".split()
        text = f"{words[int(key[:8], 16) % 8]} {key[:12]}"  # no two alike
        if b"[[A]]" in body:  # asked for a verdict
            text += f" [[{'ABC'[int(key[8:16], 16) % 3]}]]"
        return 200, {}, answer(self.model, text), None


class Chaos:
    """A proxy before a server: a quarter of the calls goes wrong, in every way, by a seed."""

    def __init__(self, port, seed):
        self.target, self.seed, self.count, self.wrong = port, seed, 0, {}
        self.lock = threading.Lock()
        self.server = Server(self.handle)

    async def handle(self, path, body, headers):
        with self.lock:
            self.count += 1
            draw = random.Random(f"{self.seed} {self.count}").random()
        kind = next((name for name, upto in [
            ("limited", .06), ("failing", .12), ("cut", .16), ("garbage", .19), ("other model", .22), ("stalled", .225)
        ] if draw < upto), None) if path.endswith("completions") else None
        if kind:
            self.wrong[kind] = self.wrong.get(kind, 0) + 1
        if kind == "limited":
            return 429, {"Retry-After": "0" if draw < .05 else "1"}, b'{"error":{"message":"slow down"}}', None
        if kind == "failing":
            return random.Random(draw).choice([500, 502, 503]), {}, b"<html>oops</html>", None
        if kind == "garbage":
            return 200, {}, b'{"choices": [{"message": {"content": "\xff', None
        if kind == "stalled":
            await asyncio.sleep(3)
            return 200, {}, b"", 0
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
            verb = "POST" if body else "GET"
            writer.write(f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            payload = await reader.readexactly(length)
            writer.close()
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            return 502, {}, b"", None
        status = int(head.split()[1])
        if kind == "other model":
            payload = json.dumps({**json.loads(payload), "model": "someone-else"}).encode()
        return status, {}, payload, len(payload) // 2 if kind == "cut" else None


# MARK: Campaigns

class Campaigns:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.processes = []

    def run(self, *arguments, wait=True, environment=None):
        process = subprocess.Popen(
            [self.program, *map(str, arguments)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})
        if not wait:
            return process
        out, error = process.communicate()
        return process.returncode, out, error

    def models(self):
        """Trains a tiny nursery, and exports two of its models."""
        (self.folder / "base.yaml").write_text(self.configuration("base", None))
        code, _, error = self.run("run", "base.yaml", "--state", "base", "--rounds", 1)
        check(code == 0, f"the nursery is trained: {error[-300:]}")
        database = sqlite3.connect(self.folder / "base" / "selfimprove.sqlite")
        digests = dict(database.execute("SELECT name, digest FROM models WHERE name IS NOT NULL"))
        for name in ("words", "numbers"):
            code, _, error = self.run("export", digests[name], name, "--state", "base")
            check(code == 0, f"{name} is exported: {error[-300:]}")

    def configuration(self, name, peers, **changes):
        text = (ROOT / "configs" / "smoke.yaml").read_text().replace("campaign: smoke", f"campaign: {name}")
        text = text.replace("rounds: 2", "rounds: 1")
        if peers is None:
            return text
        lines = "".join(f"  - {json.dumps(peer)}\n" for peer in peers)
        text = text.replace("prompts:\n", f"peers:\n{lines}\nprompts:\n", 1)
        names = [peer["name"] for peer in peers]
        text = text.replace("proposers: [letters, numbers, words, champion]", f"proposers: [{', '.join(names)}, champion]")
        text = text.replace("aggregator: words", f"aggregator: {names[0]}").replace("temperature: 0\n", "temperature: 0.7\n")
        text = text.replace("confidence: own", f"confidence: none\n  minimum_drafts: {len(names) + 1}")
        text = text.replace("  - kind: likelihood\n", "")
        for old, new in changes.get("replace", []):
            assert old in text, old
            text = text.replace(old, new)
        return text

    def serve(self, model, port=0):
        process = subprocess.Popen([self.program, "serve", model, "--port", str(port)], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        for line in process.stdout:
            if "http://" in line:
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return process, int(line.split("http://127.0.0.1:")[1].split("/")[0])
        raise RuntimeError(f"{model} is not served")

    def database(self, state):
        return sqlite3.connect(f"file:{self.folder / state / 'selfimprove.sqlite'}?mode=ro", uri=True)

    def datasets(self, state):
        return [row[0] for row in self.database(state).execute(
            "SELECT digest FROM datasets WHERE kind <> 'evaluation' ORDER BY created_at, digest")]

    def quorum(self, state):
        return self.database(state).execute("SELECT COUNT(*) FROM answers WHERE reason = 'quorum'").fetchone()[0]

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                process.wait()


def peer(name, url, model, **more):
    return {"name": name, "endpoint": url, "served_model": model,
            "timeouts": {"first_byte": 2, "stall": 2, "total": 20}, **more}


def resident(process):
    """Bytes of memory that a process holds; 0 where it has ended."""
    try:
        return int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


# MARK: Claims

def chaos(campaigns, seed):
    process, port = campaigns.serve("words")
    _, other = campaigns.serve("numbers")
    directories = [{"name": "a", "model": "./words"}, {"name": "b", "model": "./numbers"}]
    healthy = [peer("a", f"http://127.0.0.1:{port}/v1", "words"), peer("b", f"http://127.0.0.1:{other}/v1", "numbers")]
    first, second = Chaos(port, seed), Chaos(other, seed + 1)
    through = [peer("a", first.server.url, "words"), peer("b", second.server.url, "numbers")]
    for name, peers in [("directories", directories), ("healthy", healthy), ("chaos", through)]:
        (campaigns.folder / f"{name}.yaml").write_text(campaigns.configuration("peers", peers))
    for name in ["directories", "healthy"]:
        code, _, error = campaigns.run("run", f"{name}.yaml", "--state", name)
        check(code == 0, f"{name}: the campaign ends: {error[-300:]}")
    drafts = "SELECT layer, position, proposer_index, sample, text, tokens, finish_reason FROM drafts ORDER BY 1, 2, 3, 4"
    check(campaigns.database("directories").execute(drafts).fetchall() == campaigns.database("healthy").execute(drafts).fetchall(),
          "a model by directory and behind `serve` writes the same drafts")
    check(campaigns.datasets("directories") == campaigns.datasets("healthy") != [], "and the same datasets come of them")
    running = campaigns.run("run", "chaos.yaml", "--state", "chaos", wait=False)
    restarted = False
    while running.poll() is None and not restarted:
        time.sleep(0.05)
        try:
            count = campaigns.database("chaos").execute("SELECT COUNT(*) FROM calls WHERE step = 'propose'").fetchone()[0]
        except sqlite3.Error:
            continue
        if count > 60:  # in the middle of the round
            process.kill()
            process.wait()
            time.sleep(1)
            campaigns.serve("words", port)
            restarted = True
    _, error = running.communicate()
    check(restarted, "the server was killed and started again in mid-round")
    check(running.returncode == 0, f"through chaos the campaign ends: {error[-300:]}")
    below = campaigns.quorum("chaos")
    check(below == 0 and campaigns.datasets("chaos") == campaigns.datasets("healthy"),
          f"through chaos the datasets are the same ({below} prompts below quorum)")
    wrong = {kind: first.wrong.get(kind, 0) + second.wrong.get(kind, 0) for kind in {**first.wrong, **second.wrong}}
    check(sum(wrong.values()) > 300 and len(wrong) >= 5, f"much went wrong: {wrong}")
    code, out, _ = campaigns.run("calls", "peers", "--state", "chaos", "--json")
    report = json.loads(out)
    check(sum(line["retries"] for line in report["peers"]) > 200, "the retries are told")
    print(f"chaos: {first.count + second.count} requests, of which {wrong}", flush=True)


def kills(campaigns, seed, times):
    """Killed in `propose`, `aggregate` and `judge`, a third of the times in each."""
    stubs = [Stub("m1", 0.01), Stub("m2", 0.01)]
    peers = [peer(name, stub.server.url, stub.model, concurrency=4) for name, stub in zip("ab", stubs)]
    judge = "  - {kind: written, proposers: [a, b], aggregator: b, maximum_tokens: 64}\n"
    (campaigns.folder / "whole.yaml").write_text(campaigns.configuration("peers", peers, replace=[
        ("  - kind: agreement\n", judge), ("  prompts: 60\n", "  prompts: 12\n  samples: 4\n")]))
    code, _, error = campaigns.run("run", "whole.yaml", "--state", "whole")
    check(code == 0, f"uninterrupted: {error[-300:]}")
    count = lambda: sum(len(stub.answered) for stub in stubs)
    asked, done, draw, targets = count(), 0, random.Random(seed), []
    steps = dict(campaigns.database("whole").execute("SELECT step, COUNT(*) FROM calls GROUP BY step"))
    for step in ["baseline", "propose", "aggregate", "judge"]:
        if step != "baseline":
            targets += [done + draw.randint(1, steps[step] - 16) for _ in range(-(-times // 3))]
        done += steps[step]
    for stub in stubs:
        stub.answered = {}
    deaths, struck = [], {}  # the moment of each death, and what was on disk by then
    targets.sort()
    while True:
        running = campaigns.run("run", "whole.yaml", "--state", "killed", wait=False)
        limit = max(targets.pop(0), count() + 1) if targets else 1 << 60
        while running.poll() is None and count() < limit:
            time.sleep(0.002)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            moment = time.time()
            running.wait()
            database = campaigns.database("killed")
            kept = {text for text, in database.execute("SELECT text FROM calls WHERE text IS NOT NULL")}
            deaths.append((moment, {text.split()[1] for text in kept}))
            step, = database.execute("SELECT step FROM steps WHERE state = 'running'").fetchone() or ("between",)
            struck[step] = struck.get(step, 0) + 1
        running.communicate()
        if running.returncode == 0:
            break
        if running.returncode != -signal.SIGKILL:
            check(False, f"the campaign ended with {running.returncode}")
            break
    killed = len(deaths)
    check(killed >= times, f"killed {killed} times")
    check(all(struck.get(step, 0) >= times // 4 for step in ["propose", "aggregate", "judge"]), f"in every step: {struck}")
    check(campaigns.datasets("killed") == campaigns.datasets("whole") != [], "killed again and again, the same bytes")
    verdicts = "SELECT * FROM verdicts ORDER BY round, position, judge, first, second"
    whole = campaigns.database("whole").execute(verdicts).fetchall()
    check(campaigns.database("killed").execute(verdicts).fetchall() == whole != [], f"the same {len(whole)} verdicts")
    repeated = [(key[:12], moments) for stub in stubs for key, moments in stub.answered.items() if len(moments) > 1]
    # Asked again although its answer was on disk when the program died.
    twice = [key for key, moments in repeated for again in moments[1:] if any(at < again and key in kept for at, kept in deaths)]
    check(not twice, f"{len(twice)} calls were asked again whose answers were on disk")
    check(len(repeated) <= 2 * 4 * 2 * killed, f"no more than what was in flight is asked again: {len(repeated)}")
    print(f"kills: {asked} calls, {killed} kills ({struck}), {len(repeated)} calls in flight repeated", flush=True)


def speed(campaigns, limit):
    stubs = [Stub(f"m{i}", 0.05) for i in range(4)]
    def measured(prompts, name):
        peers = [peer(f"p{i}", stub.server.url, stub.model, concurrency=8) for i, stub in enumerate(stubs)]
        text = campaigns.configuration("peers", peers, replace=[
            ("per_round: 240", f"per_round: {prompts}"), (", champion]", "]"), ("minimum_drafts: 5", "minimum_drafts: 4"),
            ("aggregator: p0", "aggregator: plurality"), ("gate_prompts: 240", "gate_prompts: 24"),
            ("report_prompts: 240", "report_prompts: 24")])
        (campaigns.folder / f"{name}.yaml").write_text(text)
        for stub in stubs:
            stub.answered = {}
        running, peak, asked = campaigns.run("run", f"{name}.yaml", "--state", name, wait=False), 0, 0
        while running.poll() is None:  # memory while the peers answer: training takes more, whatever they do
            now = sum(len(stub.answered) for stub in stubs)
            if now > asked:
                peak, asked = max(peak, resident(running.pid)), now
            time.sleep(0.01)
        check(running.returncode == 0, f"{name}: {running.communicate()[1][-300:]}")
        seconds, = campaigns.database(name).execute("SELECT seconds FROM steps WHERE round = 1 AND step = 'propose'").fetchone()
        return seconds, peak
    # What the allocator holds back differs by 10 MB from run to run: the larger of two.
    little = max(measured(100, name)[1] for name in ("hundred", "another"))
    seconds, much = measured(1000, "thousand")
    check(much - little <= 20 << 20, f"1,000 prompts take {(much - little) / 1e6:.1f} MB more than 100 ({little / 1e6:.0f} MB)")
    check(seconds <= limit, f"1,000 prompts x 4 proposers at 50 ms and concurrency 8 take {seconds:.2f} s (6.25 are possible)")
    print(f"speed: {seconds:.2f} s of 6.25 possible, {much / 1e6:.0f} MB for 1,000 prompts, {little / 1e6:.0f} for 100", flush=True)


def secrets(campaigns):
    """An endpoint that gives the key back wherever it can, with terminal escapes."""
    elsewhere = Stub("m")
    async def nasty(path, body, headers):
        key = headers.get("authorization", "none").removeprefix("Bearer ")
        if path.endswith("/models"):
            return 200, {"X-Echo": key}, json.dumps({"data": [{"id": "m"}]}).encode(), None
        draw = int(hashlib.sha256(body).hexdigest()[:2], 16)
        if draw < 40:
            return 307, {"Location": f"http://localhost:{elsewhere.server.port}/v1/chat/completions"}, b"", None
        if draw < 80:
            message = f"bad key {key} \x1b]0;owned\x07\x1b[2J\u202e{key[:12]}"
            return 400, {}, json.dumps({"error": {"message": message}}).encode(), None
        return 200, {}, answer("m", f"your key is {key}\x1b[31m"), None
    server = Server(nasty)
    (campaigns.folder / "secrets.yaml").write_text(campaigns.configuration(
        "peers", [peer("a", server.url, "m", api_key_env="TEST_KEY")], replace=[("aggregator: a", "aggregator: plurality"),
                                                                             ("minimum_drafts: 2", "minimum_drafts: 1")]))
    code, out, error = campaigns.run("run", "secrets.yaml", "--state", "secrets", environment={"TEST_KEY": KEY})
    check(code == 0, f"the campaign ends: {error[-300:]}")
    shown = [out, error]
    for arguments in [("calls", "peers", "--steps"), ("calls", "peers", "--json"), ("samples", "peers", "--limit", 500),
                      ("status", "peers", "--json"), ("doctor", "secrets.yaml")]:
        code, out, error = campaigns.run(*arguments, "--state", "secrets", environment={"TEST_KEY": KEY})
        shown += [out, error]
    for text in shown:
        check(KEY not in text and KEY[:12] not in text, "the key is shown nowhere")
        check("\x1b" not in text, "no terminal escape is shown")
    held = b"".join(path.read_bytes() for path in (campaigns.folder / "secrets").rglob("*") if path.is_file())
    check(KEY.encode() not in held, "the key is kept nowhere")
    check(not elsewhere.answered, "a redirect to another host is not followed")
    code, _, error = campaigns.run("run", "secrets.yaml", "--state", "secrets2", environment={"TEST_KEY": ""})
    check(code != 0 and "TEST_KEY" in error, f"a missing key is named: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["chaos", "kills", "speed", "secrets"])
    arguments = parser.parse_args()
    wanted = lambda name: arguments.only in (None, name)
    with tempfile.TemporaryDirectory() as folder:
        campaigns = Campaigns(os.path.abspath(arguments.program), pathlib.Path(folder))
        try:
            campaigns.models()
            if wanted("chaos"):
                chaos(campaigns, arguments.seed)
            if wanted("kills"):
                kills(campaigns, arguments.seed, arguments.kills)
            if wanted("secrets"):
                secrets(campaigns)
            if wanted("speed"):
                speed(campaigns, 6.95 if arguments.only else 10)  # among other work the machine is slower
        finally:
            campaigns.close()
    finish()


if __name__ == "__main__":
    main()
