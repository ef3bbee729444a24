#!/usr/bin/env python3
"""The `openai` package against our endpoints: what its users rely on, on a real model and a real server.

    python3 -m venv venv && venv/bin/pip install openai
    venv/bin/python Tests/Clients/openai_client.py BASE_URL MODEL [--speed]

Ends with a line `N passed, N failed`.
"""
import argparse, os, threading, time

import openai

from checks import check, finish


def refused(kind, claim, call):
    try:
        call()
    except kind as error:
        body = error.body if isinstance(error.body, dict) else {}
        check({"message", "type", "code"} <= set(body), f"{claim}: the error body has OpenAI's shape: {body}")
    except Exception as error:
        check(False, f"{claim}: {type(error).__name__}: {error}")
    else:
        check(False, f"{claim}: nothing was refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("model")
    parser.add_argument("--speed", action="store_true", help="32 clients at once against one")
    arguments = parser.parse_args()
    token = os.environ.get("SELFIMPROVE_TOKEN", "none")
    client = openai.OpenAI(base_url=arguments.base_url, api_key=token, max_retries=0, timeout=60)
    model = arguments.model
    ask = lambda text: [{"role": "user", "content": text}]
    chat = lambda **more: client.chat.completions.create(**{"model": model, "messages": ask("Write mavd backwards."), "temperature": 0, "max_tokens": 16, **more})

    check(model in [entry.id for entry in client.models.list()], "the model is listed")

    whole = chat()
    text = whole.choices[0].message.content
    check(whole.object == "chat.completion" and whole.choices[0].message.role == "assistant", "a chat completion")
    check(whole.choices[0].finish_reason in ("stop", "length"), "a finish reason")
    check(whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens and whole.usage.completion_tokens >= 1, "usage adds up")

    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    check(streamed == text, f"the stream is the same text: {streamed!r}, {text!r}")
    check(chunks[0].choices[0].delta.role == "assistant", "the first chunk names the role")
    check([c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason, "the last chunk has the finish reason")
    check(chunks[-1].usage.completion_tokens == whole.usage.completion_tokens, "the stream ends with usage")

    three = chat(n=3, temperature=1.2, seed=7)
    again = chat(n=3, temperature=1.2, seed=7)
    other = [chat(n=3, temperature=1.2, seed=s) for s in (8, 9, 10)]
    texts = lambda answer: [choice.message.content for choice in answer.choices]
    check([choice.index for choice in three.choices] == [0, 1, 2], "n = 3 gives three choices")
    check(texts(three) == texts(again), "a seed repeats")
    check(any(texts(three) != texts(o) for o in other), "another seed differs")

    warm = lambda **extra: chat(n=3, temperature=2, seed=7, extra_body=extra)
    check(len(set(texts(warm()))) > 1 and set(texts(warm(top_k=1))) == {text}, "top_k 1 is greedy at any temperature")
    check(set(texts(warm(min_p=1))) == {text}, "so is min_p 1")
    check(texts(chat(extra_body={"repetition_penalty": 100}))[0] != text, "a repetition penalty keeps the prompt's letters out")
    for extra in [{"top_k": -2}, {"min_p": 1.5}, {"repetition_penalty": 0}]:
        refused(openai.BadRequestError, f"{extra}", lambda: chat(extra_body=extra))

    if len(text) >= 2:
        cut = chat(stop=[text[1]])
        check(cut.choices[0].message.content == text[: text.index(text[1])] and cut.choices[0].finish_reason == "stop", "a stop text ends the answer before it")
        parts = "".join(c.choices[0].delta.content or "" for c in chat(stop=[text[1]], stream=True) if c.choices)
        check(parts == text[: text.index(text[1])], "in a stream too")
    short = chat(max_tokens=1)
    check(short.usage.completion_tokens == 1, "max_tokens")

    told = chat(logprobs=True, top_logprobs=3)
    tokens = told.choices[0].logprobs.content
    check(len(tokens) == told.usage.completion_tokens, "a logprob for every token")
    check(all(len(t.top_logprobs) == 3 and abs(t.top_logprobs[0].logprob - t.logprob) < 1e-4 for t in tokens), "greedy: each token is its likeliest")
    check(all(t.logprob <= 1e-4 for t in tokens), "logprobs are not positive")

    completion = client.completions.create(model=model, prompt=["a b", "c"], max_tokens=4, temperature=0, logprobs=2)
    check([c.index for c in completion.choices] == [0, 1] and completion.object == "text_completion", "completions of two prompts")
    check(len(completion.choices[0].logprobs.tokens) >= 1, "completions tell logprobs")

    refused(openai.NotFoundError, "an unknown model", lambda: chat(model="nobody/nothing"))
    refused(openai.BadRequestError, "no messages", lambda: chat(messages=[]))
    refused(openai.BadRequestError, "a temperature of 9", lambda: chat(temperature=9))
    refused(openai.BadRequestError, "tools", lambda: chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]))
    refused(openai.BadRequestError, "a prompt that is too long", lambda: chat(messages=ask("a" * 5000)))
    refused(openai.BadRequestError, "an unknown role", lambda: chat(messages=[{"role": "tool", "content": "x", "tool_call_id": "1"}]))
    refused(openai.NotFoundError, "a path as a model", lambda: chat(model="/etc/passwd"))
    refused(openai.NotFoundError, "a path that climbs", lambda: chat(model="../../etc/passwd"))

    # Clients that leave: their work is dropped, others are served.
    for _ in range(20):
        stream = chat(stream=True, max_tokens=1000)
        next(iter(stream))
        stream.close()
    check(chat().choices[0].message.content == text, "served after 20 clients left")

    # 32 at once get the text that each gets alone.
    prompts = [f"Write {a}{b}{c}d backwards." for a in "bdfk" for b in "aeio" for c in "ln"]
    alone = [chat(messages=ask(p)).choices[0].message.content for p in prompts]
    together = [None] * len(prompts)

    def one(index):
        together[index] = chat(messages=ask(prompts[index])).choices[0].message.content

    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(prompts))]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    check(together == alone, "32 clients at once get the same greedy texts as alone")

    if arguments.speed:
        def burst(count, repetitions):
            def work():
                for r in range(repetitions):
                    client.completions.create(model=model, prompt="a b c", max_tokens=100, temperature=1, seed=r, stop=None)
            start = time.perf_counter()
            threads = [threading.Thread(target=work) for _ in range(count)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            return count * repetitions / (time.perf_counter() - start)
        burst(1, 3)
        single, many = burst(1, 30), burst(32, 6)
        print(f"completions/s: one client {single:.1f}, 32 clients {many:.1f}, ratio {many / single:.2f}")
    finish()


if __name__ == "__main__":
    main()
