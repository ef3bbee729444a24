#!/usr/bin/env python3
"""What transformers makes of chat templates, as cases for the interpreter in Sources/Jinja.

    python3 make_template_cases.py ../LocalLMTests/Golden/templates.json     the committed golden file
    templates.py imports this for the large set, which is made again each time.

Needs transformers and trl (whose chat_templates folder is the collection of templates). The clock behind strftime_now stands still at
2026-03-04 05:06:07, local time. Ranges are those of {% generation %} blocks, in bytes of UTF-8.
"""

import datetime as dates
import itertools
import json
import pathlib
import sys

import transformers
import transformers.utils.chat_template_utils as chat
import trl

CLOCK = dates.datetime(2026, 3, 4, 5, 6, 7)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
FOLDER = pathlib.Path(trl.__file__).parent / "chat_templates"


class StillClock(dates.datetime):
    @classmethod
    def now(cls, tz=None):
        return CLOCK


def expected(template, messages, add_generation_prompt, tokens=TOKENS, still=True):
    """The text and the generated ranges, or the kind of error: `refused` for raise_exception, else `error`."""
    before = chat.datetime
    if still:
        chat.datetime = StillClock
    try:
        texts, marks = chat.render_jinja_template(
            conversations=[messages], chat_template=template, add_generation_prompt=add_generation_prompt,
            return_assistant_tokens_mask=True, **tokens)
    except Exception as error:  # noqa: BLE001: whatever a template raises is a case
        kind = "refused" if type(error).__name__ == "TemplateError" else "error"
        return {"error": kind, "message": str(error)}
    finally:
        chat.datetime = before
    text = texts[0]
    return {"text": text, "ranges": [[len(text[:a].encode()), len(text[:b].encode())] for a, b in marks[0]]}


def m(*turns):
    names = {"s": "system", "u": "user", "a": "assistant", "t": "tool", "d": "developer", "x": "narrator"}
    return [{"role": names[role], "content": content} for role, content in turns]


CONVERSATIONS = [
    m(("u", "Hello")),
    m(("u", "Hello"), ("a", "Hi there.")),
    m(("s", "You are terse."), ("u", "Why?"), ("a", "Because.")),
    m(("s", "You are terse."), ("u", "  spaces  \n"), ("a", "\n\n leading and trailing \t\n"), ("u", "And?"), ("a", "Done")),
    m(("u", "2+2?"), ("a", "<think>\nfour, I think\n</think>\n\n4"), ("u", "3+3?"), ("a", "<think>six</think>6")),
    m(("u", "x"), ("a", "a </think> b </think> c"), ("u", "y")),
    m(("s", ""), ("u", ""), ("a", "")),
    m(("u", "Größe 東京 🙂 e\u0301 \u00a0\u2003nbsp\u3000"), ("a", "ÄÖÜ ß ŉ → {{ not a tag }} {% nor this %} {# nor #}")),
    m(("a", "I begin."), ("u", "Well."), ("a", "Indeed.")),
    m(("u", "one"), ("u", "two"), ("a", "three"), ("a", "four")),
    m(("u", "call it"), ("a", "calling"), ("t", "{\"result\": 1}"), ("a", "It is 1.")),
    m(("u", "hi"), ("s", "late system"), ("a", "ok")),
    m(("d", "Developer says."), ("u", "go"), ("a", "going")),
    m(("x", "Once upon a time"), ("u", "hm")),
    m(("s", "Be kind. /no_think"), ("u", "a"), ("a", "b"), ("u", "c"), ("a", "d"), ("u", "e"), ("a", "f"), ("u", "g")),
    m(("s", "<|im_end|> [INST] <<SYS>> 'quoted' \"double\" \\ back"), ("u", "line\r\nbreaks\rhere\u2028and\u0085there"), ("a", "\x1f\x0b<tool_response>x</tool_response>")),
    m(("u", "<tool_response>looks like one</tool_response>"), ("a", "yes"), ("u", "<tool_response>\nagain\n</tool_response>"), ("a", "<think>\n\n</think>\n\nno")),
    m(("s", "detailed thinking on"), ("u", "Explain."), ("a", "<think>a</think><think>b</think>c"), ("u", "More."), ("a", "<tool_call>\n{\"name\": \"f\"}\n</tool_call>")),
]

# Templates as their models have them, written out; the collection above has the rest.
KNOWN = {
    "llama2": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "mistral": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    "mistral_v3": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "gemma2": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}",
    "smollm2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
}

# The families that LocalLM trains, by the collection's names.
FAMILIES = ["llama3", "llama3_1", "llama3_2", "qwen2_5", "qwen3", "gemma"]

MINI_CONVERSATION = m(("s", "Sys"), ("u", "Hello, World"), ("a", "ok É"))


def minis():
    """Small templates that ask for one thing each."""
    return [line for block in MINIS for line in block]


MINIS = [
    [  # white space
        "a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a  {%- if true -%}  b  {%- endif -%}  c", "  {%+ if true %} x {%+ endif +%}\n y",
        "x {{- ' y ' -}} z", "{# c #}\nline\n  {# c #}  \n{#- d -#}  e", "a {#- c -#}\n\n b", "{% raw %}\n{{ x }} {% if %}\n{% endraw %}\n z",
        "p {%- raw -%}  q {{ 1 }}  {%- endraw -%}  r", "\n\n{% set a = 1 %}\n\n{{ a }}\n\n", "{{ 1 }}\n{{ 2 }}\n", "a\r\nb\rc{% if true %}\r\nd{% endif %}",
        "{%\n if true\n %}\nyes{%\nendif\n%}", "\t{% if true %}\t\n\t{{ 1 }}\t{% endif %}\t", "x{% if true %} {% endif %}\n\n{%- if true %} y{% endif %}",
        "  {{ 1 }}  {% set x = 2 %}  {{ x }}", "\u00a0{%- if true %}\u2003a{% endif -%}\u3000b", "{{ '{{' }}{{ '}}' }}{{ {'a': {'b': 1}}['a']['b'] }}",
        "a\n\n", "a\n", "", "\n", "{{+ 1 }}", "{% if true -%}\n  a\n{%- endif %}\n\n  b", "  {# a #}\n  {# b #}x\n  {#+ c +#}\ny",
    ],
    [  # literals
        r"{{ 'a\tb\\n\'\"\x41\u00e9\101\q' }}", "{{ 'a' 'b' \"c\" }}", "{{ 1_000 + 0 }} {{ 1.5e3 }} {{ 2e-7 }} {{ 1e16 }} {{ 123456789012345678.0 }} {{ 0.1 + 0.2 }} {{ 1e22 }}",
        "{{ [1, 'a', none, true, 1.0, (1,), {'k': [\"it's\", 'q\"', 'b\\'\"']}] }}", "{{ () }} {{ (1, 2) }} {{ [] }} {{ {} }}", "{{ 'ü\\n\\x00\\u200b\\U0001F600'|list }}",
        "{{ True }} {{ None }} {{ none }} {{ false }}", "{{ -0.0 }} {{ 0.0 }} {{ 5e-324 }} {{ 1.7976931348623157e308 }} {{ 100000.0 }} {{ 0.0001 }} {{ 0.00001 }}",
        "{{ {'a': 1, 'b': 2, 'a': 3} }} {{ {1: 'x', true: 'y', 1.0: 'z'} }}", "{{ messages }}", "{{ 1.e }}", "{{ 1.5.x }}", "{{ 'a\nb' }}",
    ],
    [  # operators
        "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}",
        "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1 + 1.0 }} {{ true + true }} {{ 3 * 'ab' }} {{ 'ab' * 0 }} {{ [1] * 3 }} {{ (1, 2) + (3,) }}",
        "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == true }} {{ '1' == 1 }} {{ none == false }}",
        "{{ 0 or 'x' }} {{ 1 and '' }} {{ '' or none }} {{ not '' }} {{ 1 and 2 or 3 }} {{ [] or {} }} {{ not 1 == 2 }}",
        "{{ 'a' in 'cat' }} {{ 'x' not in 'cat' }} {{ 1 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 2 in (1, 3) }} {{ 1.0 in [1] }} {{ '' in '' }}",
        "{{ 'a' ~ 1 ~ none ~ 2.0 ~ true ~ [1] }} {{ 1 ~ 2 + 3 }}", "{{ '%s-%d-%05.2f-%5s|%-5s|%%' % ('a', 7, 3.14159, 'x', 'y') }} {{ '%s' % 'solo' }} {{ '%(a)s' % {'a': 1} }}",
        "{{ 'yes' if 1 else 'no' }} {{ 'yes' if 0 }}{{ ('a' if 0) is defined }} {{ 1 if 0 else 2 if 0 else 3 }}", "{{ 1 - 1 - 1 }} {{ 2 * 3 % 4 }} {{ 10 - 2 * 3 }} {{ 'a' + 'b' * 2 }}",
        "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ 1 < 'a' }}", "{{ -'a' }}", "{{ [1] + (2,) }}", "{{ 5 in 'a' }}", "{{ 1 in 5 }}", "{{ -1|abs }} {{ (-3)|abs }} {{ -1.5|abs }} {{ +true }}",
        "{{ 'a' 'b' ~ 'c'|upper }} {{ ('a' ~ 'b')|upper }} {{ not true is none }} {{ 1 is not none and 2 }}", "{{ '%d' % 3.99 }} {{ '%s %s' % ('a',) }}", "{{ 1 in {1.0: 2} }} {{ (1, 2) in {(1, 2): 3} }}",
        "{{ '%+d|% d|%e|%g' % (5, 5, 12345.678, 0.0001) }} {{ '%3d|%-3d|%03d' % (7, 7, -7) }} {{ '%.2s' % 'abc' }} {{ '%r' % 'a' }}",
    ],
    [  # undefined
        "[{{ nothing }}][{{ nothing is defined }}][{{ nothing or 'x' }}][{{ nothing == other }}][{{ nothing|length }}][{{ nothing|list }}][{{ nothing|default('d') }}]",
        "{{ messages[0].nothing }}[{{ messages[9] }}]{{ messages[0]['no'] is none }}", "{{ nothing.attribute }}", "{{ nothing['a'] }}", "{{ nothing + 1 }}", "{{ nothing() }}", "{{ messages[0].no.more }}",
        "{% for x in nothing %}x{% else %}none{% endfor %}", "{{ nothing < 1 }}", "{{ [nothing, 1] }}", "{{ nothing|join(',') }}|{{ nothing|upper }}|{{ nothing|trim }}|{{ nothing ~ 'a' }}", "{{ 'a' in nothing }}", "{{ nothing in ['a'] }} {{ nothing in [other] }}",
        "{{ nothing is none }} {{ nothing is string }} {{ nothing is iterable }} {{ nothing is sequence }} {{ nothing is mapping }} {{ nothing is callable }}", "{{ nothing|int }}", "{{ nothing|tojson }}", "{{ nothing|string|length }} {{ nothing|first is defined }}", "{{ messages[0].content.nothing is defined }} {{ none.x is defined }}", "{{ 'a' + nothing }}", "{{ nothing|items|list }} {{ nothing|map('upper')|list }} {{ nothing|selectattr('a')|list }}", "{{ 1[0] is defined }} {{ 'ab'[5] is defined }} {{ 'ab'['x'] is defined }} {{ none[0] is defined }}", "{{ nothing|last }}", "{{ nothing|sum }} {{ nothing|sort }} {{ nothing|max is defined }}", "{{ nothing[1:] }}",
    ],
    [  # scopes
        "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "{% if true %}{% set x = 5 %}{% endif %}{{ x }}", "{% for i in [1] %}{% set y = 3 %}{% endfor %}[{{ y }}][{{ i }}]",
        "{% set ns = namespace(a=1, b='x') %}{% for i in [1, 2, 3] %}{% set ns.a = ns.a + i %}{% set ns.c = i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c }}{{ ns.d is defined }}", "{% for i in [1, 2] %}{{ z is defined }}{% set z = 1 %}{% endfor %}",
        "{% macro f(a) %}{{ a }}{{ x }}{% set x = 9 %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f(2) }}{{ x }}", "{% macro f() %}{{ x }}{% endmacro %}[{{ f() }}]{% set x = 1 %}[{{ f() }}]", "{% set x = 1 %}{% with x = 2, y = x %}{{ x }}{{ y }}{% set x = 3 %}{{ x }}{% endwith %}{{ x }}",
        "{% set x %}a{{ 1 }}b{% endset %}{{ x }}{{ x|length }}", "{% set x | upper %}abc{% endset %}{{ x }}", "{% filter upper %}abc{% set q = 1 %}{{ q }}{% endfilter %}[{{ q }}]", "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}",
        "{% for m in messages %}{% if loop.first %}{% set first = m.role %}{% endif %}{{ first }};{% endfor %}[{{ first }}]", "{% set messages = messages[1:] %}{% for m in messages %}{{ m.role }}{% endfor %}", "{% for i in [1, 2] %}{% for i in [3, 4] %}{{ i }}{% endfor %}{{ i }}{% endfor %}",
        "{% if false %}{% set bos_token = 'z' %}{% endif %}{{ bos_token }}", "{% for i in [1, 2] %}{% if i == 2 %}{% set w = 'set' %}{% endif %}[{{ w }}]{% endfor %}", "{% set ns = namespace() %}{% set ns.f = 1 %}{{ ns.f }}{{ ns['f'] }}", "{% set x.y = 1 %}", "{% set m = {} %}{% set m.y = 1 %}",
        "{% for i in [1] %}{% macro g() %}{{ i }}{{ k }}{% endmacro %}{% set k = 7 %}{{ g() }}{% endfor %}", "{% set x = 1 %}{% set x %}{{ x }}{% set x = 2 %}{{ x }}{% endset %}{{ x }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}[{{ q }}]", "{{ x }}{% set x = 1 %}{{ x }}", "{% set a = b %}{% set b = 1 %}[{{ a }}][{{ b }}]",
        "{% if true %}{% if true %}{% set d = 1 %}{% else %}{% set d = 2 %}{% endif %}{% elif true %}{% set d = 3 %}{% endif %}{{ d }}", "{% for i in [1, 2] %}{% if false %}{% set u = 1 %}{% endif %}[{{ u }}]{% endfor %}{% set u = 4 %}{{ u }}", "{% set loop = 3 %}{{ loop }}{% for i in [1] %}{{ loop.index }}{% endfor %}{{ loop }}", "{% for i in [1] %}{% set loop = 2 %}{% endfor %}",
        "{% generation %}{% set g = 1 %}{{ g }}{% endgeneration %}[{{ g }}]", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}", "{% set ns = namespace(_a=1) %}", "{% set ns = namespace(x=[]) %}{% for i in [1, 2] %}{% set ns.x = ns.x + [i] %}{% endfor %}{{ ns.x }}", "{% set t = namespace(a=1) %}{% set t.a, z = 5, 6 %}{{ t.a }}{{ z }}",
    ],
    [  # loops
        "{% for i in [10, 20, 30] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
        "{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}", "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}", "{% for i in range(10) if i is odd %}{{ i }}{{ loop.index }}{{ loop.length }}{{ loop.last }},{% endfor %}", "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% else %}never{% endfor %}",
        "{% for i in [1, 2] %}{% continue %}{% else %}else{% endfor %}", "{% for i in [] %}x{% else %}empty{% endfor %}", "{% for c in 'héy' %}{{ c }}.{% endfor %}", "{% for k in {'x': 1, 'y': 2} %}{{ k }}{% endfor %}", "{% for a, (b, c) in [(1, (2, 3)), (4, [5, 6])] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
        "{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}{{ range(3) }}{{ range(1, 7, 2)|list }}{{ range(5)[2] }}{{ range(5)[1:3]|list }}{{ 3 in range(5) }}", "{% set ns = namespace(n=0) %}{% for i in range(6) if ns.n < 3 %}{% set ns.n = ns.n + 1 %}{{ i }}{% endfor %}", "{% for m in messages[::-1] %}{{ m.role }}{% endfor %}{% for m in messages|reverse %}{{ m.role }}{{ loop.length }}{% endfor %}",
        "{% for x in [1, 2, 3] %}{% for y in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}", "{% for i in 5 %}{% endfor %}", "{% for i in none %}{% endfor %}", "{% for i in 1, 2 %}{{ i }}{% endfor %}", "{% for x in [3, 1] if x > 1 else 4 %}{% endfor %}", "{% for a, b in [(1, 2)] if b %}{{ loop.previtem }}{{ a }}{{ b }}{{ loop.nextitem }}{% endfor %}",
        "{% break %}", "{% for i in [1] %}{% set x %}{% break %}{% endset %}{% endfor %}ok", "{% for i in range(100001) %}{% endfor %}", "{% for i in [1, 2] %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for _ in range(2) %}{% for m in messages if m.role != 'system' %}{{ m.role[0] }}{{ loop.first }}{% endfor %}{% endfor %}", "{% for i in [1,2,3] %}{{ loop.last }}{{ loop.length }}{{ loop.nextitem }}{% endfor %}", "{% for i in [1,2,3]|map('string') %}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{% endfor %}",
    ],
    [  # macros and calls
        "{% macro f(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}{{ f(1, c=3) }}{{ f(b=5, a=4) }}{{ f() }}", "{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, k=4) }}", "{% macro f() %}{% endmacro %}{{ f(1) }}", "{% macro f() %}{% endmacro %}{{ f(x=1) }}",
        "{% macro wrap(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call wrap('b') %}in{{ 1 }}{% endcall %}", "{% macro each(xs) %}{% for x in xs %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(x, i) each(['a', 'b']) %}{{ i }}={{ x }};{% endcall %}", "{% macro r(n) %}{{ n }}{% if n > 0 %}{{ r(n - 1) }}{% endif %}{% endmacro %}{{ r(5) }}",
        "{% macro f(x, y=x) %}{{ x }}{{ y }}{% endmacro %}{{ f(3) }}", "{% macro f() %}  a  {% endmacro %}[{{ f() }}][{{ f()|trim }}]", "{{ f() }}{% macro f() %}late{% endmacro %}", "{% macro f(x) %}{% if caller %}c{% else %}n{% endif %}{% endmacro %}{{ f(1) }}", "{% set f = namespace %}{{ f(a=1).a }}", "{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict({'q': 2}, r=3) }}",
        "{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(**{'a': 3, 'b': 4}) }}", "{{ raise_exception('no: ' ~ 1) }}", "{% if false %}{{ raise_exception('x') }}{% endif %}fine", "{{ strftime_now('%Y-%m-%d %H:%M:%S %d %B %b %a %A %j') }}", "{% macro m(a=nothing) %}[{{ a }}][{{ a is defined }}]{% endmacro %}{{ m() }}{{ m(1) }}", "{% print 'a', 1 %}", "{% macro f(a) %}{{ a is defined }}{% endmacro %}{{ f() }}",
        "{% macro f(x) %}{% generation %}{{ x }}{% endgeneration %}{% endmacro %}ü{{ f('é') }}{% generation %}ab{{ 'ç' }}{% endgeneration %}!", "a{% set x %}b{% generation %}ç{% endgeneration %}{% endset %}{{ x }}{% generation %}{% generation %}d{% endgeneration %}{% endgeneration %}",
        "é{% generation %}äb{% generation %}cö{% endgeneration %}d{% endgeneration %}{% for m in messages %}{% generation %}{{ m.role }}{% generation %}ü{% endgeneration %}{% endgeneration %}{% endfor %}",
        "{{ [{'a': 1}, {}, {'a': 0}]|sort(attribute='b')|tojson }}{{ [1, 2]|sort(attribute='x')|list }}{% for i in [1] %}{{ self is defined }}{% endfor %}",
    ],
    [  # tests
        "{{ 1 is odd }}{{ 2 is even }}{{ 6 is divisibleby 3 }}{{ 6 is divisibleby(4) }}{{ 'a' is lower }}{{ 'A' is upper }}{{ 'a1' is lower }}{{ '1' is upper }}", "{{ 1 is number }}{{ 1.0 is number }}{{ true is number }}{{ 1 is integer }}{{ true is integer }}{{ 1.0 is float }}{{ true is boolean }}{{ 1 is true }}{{ true is true }}{{ false is false }}",
        "{{ 'a' is string }}{{ [] is sequence }}{{ {} is mapping }}{{ {} is sequence }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ none is none }}{{ range is callable }}{{ {} is iterable }}{{ (1,) is sequence }}{{ range(2) is sequence }}{{ {}.items() is sequence }}", "{{ 1 is eq 1 }}{{ 1 is ne(2) }}{{ 1 is lt 2 }}{{ 1 is ge 1 }}{{ 2 is gt 1 }}{{ 1 is le 0 }}{{ 1 is equalto 1.0 }}{{ 1 is in [1] }}{{ 'a' is not in 'b' }}{{ none is sameas none }}",
        "{{ 1 is unknowntest }}", "{{ messages[0] is mapping }}{{ messages is sequence }}{{ messages[0].content is string }}{{ tools is none }}{{ tools is defined }}{{ documents is none }}{{ add_generation_prompt is boolean }}", "{{ 1 is defined is true }}", "{{ 'x' is odd }}", "{{ 1 is none or 2 is number }}{{ 1 is divisibleby 2 or 5 }}",
    ],
    [  # filters
        "{{ '  x y '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 5|trim }}|{{ none|trim }}", "{{ 'hello wOrld-foo (bar'|title }} {{ 'hELLO'|capitalize }} {{ 'ß'|upper }} {{ 'İI'|lower }} {{ 'ǆa'|capitalize }}", "{{ 'a-b-a'|replace('a', 'x') }} {{ 'aaa'|replace('a', 'b', 2) }} {{ 'ab'|replace('', '-') }} {{ 123|replace(2, 'z') }}",
        "{{ [1, 2]|join }} {{ [1, none]|join(', ') }} {{ messages|join('|', attribute='role') }} {{ 'abc'|join('.') }}", "{{ []|first is defined }}{{ [1, 2]|first }}{{ [1, 2]|last }}{{ 'ab'|last }}{{ {'k': 1}|first }}", "{{ 'é€'|length }}{{ [1]|count }}{{ {}|length }}", "{{ 5|length }}", "{{ (1, 2)|list }}{{ 'ab'|list }}{{ {'a': 1}|list }}", "{{ none|string }}{{ 1.0|string }}{{ [1]|string|length }}",
        "{{ '12'|int }}{{ '1.9'|int }}{{ 'x'|int }}{{ 'x'|int(7) }}{{ 2.9|int }}{{ none|int }}{{ ' 5 '|int }}{{ '-3'|int }}{{ '1e3'|int }}{{ true|int }}", "{{ '1.5'|float }}{{ 'x'|float }}{{ 2|float }}{{ '.5'|float }}{{ '5.'|float }}{{ '1_0.0'|float }}{{ 'nan'|float }}{{ '-inf'|float }}", "{{ 2.5|round }}{{ 3.5|round }}{{ 2.567|round(2) }}{{ 2.1|round(0, 'ceil') }}{{ 2.9|round(method='floor') }}{{ 5|round }}{{ 2.675|round(2) }}", "{{ [3, 1, 2]|sum }}{{ [3, 1, 2]|min }}{{ [3, 1, 2]|max }}{{ ['b', 'A']|min }}{{ []|sum }}{{ [1.5, 2]|sum }}{{ [[1], [2]]|sum(start=[]) }}",
        "{{ messages|map(attribute='role')|list }}{{ ['a', 'b']|map('upper')|join }}{{ [{'a': 1}, {}]|map(attribute='a', default=0)|list }}{{ messages|map(attribute='content.0')|list }}", "{{ [1, 2, 3, 4]|select('odd')|list }}{{ [1, 2, 3]|reject('gt', 1)|list }}{{ [0, 1, '', 'a']|select|list }}{{ [0, 1]|reject|list }}", "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list }}{{ messages|rejectattr('role', 'in', ['user', 'system'])|list|length }}{{ messages|selectattr('name')|list }}",
        "{{ {'b': 1, 'A': 2}|dictsort }}{{ {'b': 1, 'a': 2}|dictsort(by='value') }}{{ {'b': 1, 'A': 2}|dictsort(true) }}{{ {'b': 1, 'a': 2}|dictsort(reverse=true) }}{{ {'a': 1}|items|list }}", "{{ ['b', 'A', 'c']|sort }}{{ ['b', 'A']|sort(case_sensitive=true) }}{{ [3, 1, 2]|sort(reverse=true) }}{{ messages|sort(attribute='role')|map(attribute='role')|list }}{{ [(1, 'b'), (1, 'a')]|sort }}", "{{ ['a', 'A', 'b']|unique|list }}{{ [1, 1.0, 2]|unique|list }}{{ ['a', 'A']|unique(true)|list }}", "{{ 'abc'|reverse }}{{ [1, 2]|reverse|list }}{{ 'é€a'|reverse }}",
        "{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(width=1, blank=true) }}|{{ 'a\nb'|indent('> ') }}|{{ ''|indent }}|{{ 'a\n'|indent }}", "{{ {'b': [1, 2.0, none, true, 'é\"\\n'], 'a': {}}|tojson }}{{ [1, {'a': []}]|tojson(indent=2) }}{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}{{ 'é😀'|tojson(ensure_ascii=true) }}{{ [1, 2]|tojson(separators=(',', ':')) }}{{ '<&>\\'\\x7f\\x01'|tojson }}{{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}", "{{ messages|tojson(indent=4) }}", "{{ range(3)|tojson }}",
        "{{ ''|default('x') }}{{ ''|default('x', true) }}{{ nothing|d }}{{ none|default('n') }}{{ nothing|default(boolean=true, default_value=3) }}", "{{ 'a b c'|wordcount }}{{ 'foo bar baz qux'|truncate(9) }}{{ 'foo bar baz qux'|truncate(9, true) }}{{ 'foo bar baz'|truncate(9) }}{{ 'ab'|center(6) }}|{{ 'abc'|center(6) }}|{{ 'ab'|center(5) }}|", "{{ '<a href=\"x\">&\\'</a>'|escape }}{{ '<b>'|e|safe }}{{ '<i>'|safe }}", "{{ [1, 2, 3, 4, 5]|batch(2)|list }}{{ [1, 2, 3]|batch(2, 0)|list }}", "{{ '%s is %d'|format('x', 3) }}{{ '%(a)s'|format(a=1) }}", "{{ 'x'|unknownfilter }}",
        "{{ [1, 2]|map('unknownfilter')|list }}", "{% set g = [1, 2]|map('string') %}{{ g|list }}{{ g|list }}", "{{ ([1, 2]|map('string'))|length }}", "{{ (messages|selectattr('role', 'eq', 'user'))[0] }}", "{{ messages|selectattr('role', 'eq', 'user')|first }}", "{{ [1, 2]|select('odd') is iterable }}{% if [1]|select('even') %}truthy{% endif %}", "{{ 'abc'|first|upper ~ 'x'|upper }}", "{{ 'a,b'|attr('upper') is callable }}{{ {'upper': 1}|attr('upper') is defined }}", "{{ [[1, 2], [3]]|map('length')|list }}{{ ['a b']|map('replace', ' ', '_')|first }}{{ [[1, 2]]|map('join', '-')|list }}", "{{ [1, 'a']|sort }}", "{{ [{'a': 2}, {'a': 1}]|sort(attribute='a')|tojson }}{{ [{'a': 2}, {'a': 1}]|max(attribute='a') }}{{ [{'a': 2}, {'a': 1}]|sum(attribute='a') }}", "{{ {'a': {'b': [5, 6]}}|tojson(indent=1) }}{{ []|tojson(indent=1) }}{{ 'x'|tojson|tojson }}{{ 1e100|tojson }}{{ [1,2]|tojson(indent='--') }}",
    ],
    [  # methods, items, slices
        "{{ ' a '.strip() }}|{{ 'xay'.strip('xy') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ '\\n\\na'.lstrip('\\n') }}|{{ 'a'.strip(none) }}", "{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a b c'.split(' ', 1) }}{{ 'a b c'.rsplit(' ', 1) }}{{ 'a b c'.split(none, 1) }}{{ 'a b  c '.rsplit(none, 1) }}{{ ''.split(',') }}{{ ''.split() }}{{ 'abc'.split('') }}", "{{ 'a</think>b</think>c'.split('</think>')[-1] }}{{ 'x'.split('</think>')[0] }}{{ 'a b'.split(maxsplit=1) }}{{ 'a-b'.split(sep='-') }}",
        "{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('bc') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.find('c') }}{{ 'éac'.find('c') }}{{ 'a'.find('z') }}{{ 'abab'.rfind('ab') }}{{ 'aaa'.count('a') }}", "{{ 'Ab'.upper() }}{{ 'Ab'.lower() }}{{ \"it's a tEst\".title() }}{{ 'hELLO'.capitalize() }}{{ 'a-b'.replace('-', '+') }}{{ 'aaa'.replace('a', 'b', 1) }}{{ '-'.join(['a', 'b']) }}{{ 'ab'.join('xyz') }}", "{{ '-'.join([1]) }}", "{{ '12'.isdigit() }}{{ 'ab'.isalpha() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'A'.isupper() }}{{ ''.isdigit() }}{{ 'a'.islower() }}{{ '²'.isdigit() }}",
        "{{ 'prefix-x'.removeprefix('prefix-') }}{{ 'x.y'.removesuffix('.y') }}{{ 'a=b=c'.partition('=') }}{{ 'a=b=c'.rpartition('=') }}{{ '7'.zfill(3) }}{{ '-7'.zfill(4) }}{{ 'a'.ljust(3, '.') }}{{ 'a'.rjust(3) }}{{ 'a\\nb\\r\\nc'.splitlines() }}", "{{ '{} and {}'.format(1, 'b') }}{{ '{1}{0}'.format('a', 'b') }}{{ '{x}'.format(x=3) }}{{ '{{}}'.format() }}", "{{ {'a': 1}.get('a') }}{{ {'a': 1}.get('b') }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.keys() }}{{ {'a': 1}.values() }}{{ {'a': 1}.items() }}{{ {'a': 1}.items()|list }}{{ {'a': 1}.keys()|length }}", "{{ [1, 2, 1].count(1) }}{{ [1, 2].index(2) }}",
        "{{ [].append(1) }}", "{% set x = [1] %}{% set _ = x.append(2) %}", "{{ {}.update({'a': 1}) }}", "{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[1:] }}{{ 'abc'[:-1] }}{{ 'abc'[::-1] }}{{ 'abcdef'[1:5:2] }}{{ 'abcdef'[5:1:-2] }}{{ 'abc'[5:] }}{{ 'é€😀'[1] }}{{ 'é€😀'[::-1] }}{{ 'abc'[-10:2] }}{{ 'abc'[:none] }}", "{{ [1, 2, 3][-2:] }}{{ (1, 2, 3)[:2] }}{{ [1, 2, 3][::-1] }}{{ [1, 2, 3][true] }}{{ [1, 2][5] is defined }}{{ [1, 2, 3][:1][0] }}{{ [1,2,3][5::-1] }}", "{{ {'items': 1}.items is callable }}{{ {'items': 1}['items'] }}{{ {'a': 1}['items'] is callable }}{{ {'a b': 1}['a b'] }}{{ {1: 'x'}[1] }}{{ {1: 'x'}[1.0] }}", "{{ messages[0].role }}{{ messages[0]['role'] }}{{ messages.0.role }}{{ messages[-1].content }}", "{{ 'abc'['upper']() }}{{ 'a'.nothing is defined }}", "{{ 'a'[1.5] is defined }}{{ [1]['x'] is defined }}", "{{ 'abc'[::0] }}", "{{ {[1]: 2} }}", "{{ messages[0].keys()|list }}{{ messages[0]|length }}{{ messages[0].values()|list }}{{ 'role' in messages[0] }}{{ 'Sys' in messages[0] }}{{ messages[0] == messages[0] }}{{ messages[0] == messages[1] }}",
    ],
    [  # whole statements that may not exist
        "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% unknown %}", "{% if %}{% endif %}", "{% if true %}", "{{ 1 +", "{{ 1 }", "{% endif %}", "{{ }}", "{{ (1 }}", "{{ a b }}", "{# open", "{% raw %}open", "{% set 1 = 2 %}", "{% for 1 in [] %}{% endfor %}", "{{ 'open }}", "{% set true = 1 %}", "{% macro f(a=1, b) %}{% endmacro %}", "{{ f(a=1, 2) }}", "{{ 1 if }}", "{{ $ }}", "{% do x %}", "{{ [1, 2 }}", "{{ ] }}",
        "{% if true: %}a{% endif %}", "{% for x in [1]: %}{{ x }}{% endfor %}", "{% elif %}", "{% if 1, 2 %}t{% endif %}", "{{ 1, 2 }}", "{{ (1) }}{{ (1,) }}", "{% set x = 1, 2 %}{{ x }}", "{% if a %}{% else %}{% elif b %}{% endif %}",
    ],
]


# What Jinja knows and this interpreter refuses, by name.
REFUSED = [
    "{{ '%x' % 255 }}", "{{ (1).real }}", "{% for i in [1, 2, 3] recursive %}{{ i }}{% endfor %}", "{% for i in [1] %}{{ loop }}{% endfor %}",
    "{{ [1] is sameas [1] }}", "{{ ''.__class__ }}", "{{ 'x'.upper }}", "{% block a %}{% endblock %}", "{% include 'x' %}", "{% extends 'x' %}",
    "{{ 2 ** 64 }}", "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}", "{{ 'x'|urlize }}", "{{ [1]|random }}", "{{ lipsum() }}",
    "{{ 'a'|safe + 'b' }}", "{{ 'x'.casefold() }}", "{{ [].append(1) }}", "{{ {}.update({}) }}", "{{ self }}", "{% for i in [1] %}{{ self.x }}{% endfor %}", "{% autoescape true %}{% endautoescape %}",
    "{{ cycler('a') }}", "{{ '\\ud800' }}", "{{ 0x10 }}", "{{ 'ΑΣ'|lower }}", "{{ messages[0][1, 2] }}", "{{ range }}", "{{ strftime_now('%f') }}",
]


def golden():
    def cases(templates, conversations):
        out = []
        for name, source in templates.items():
            results = []
            for (index, conversation), add in itertools.product(conversations, (False, True)):
                result = expected(source, conversation, add)
                result.pop("message", None)
                results.append({"conversation": index, "add": add, **result})
            out.append({"name": name, "template": source, "results": results})
        return out

    files = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.jinja"))}
    chosen = [(i, CONVERSATIONS[i]) for i in (2, 3, 4, 7)]
    families = {name: files[name] for name in FAMILIES} | KNOWN
    training = {name: files[name] for name in ("qwen3_training", "llama3_training", "gemma_training")}
    small = []
    for template in minis():
        result = expected(template, MINI_CONVERSATION, True)
        result.pop("message", None)
        small.append({"template": template, **result})
    return {
        "about": "made by Tests/Parity/make_template_cases.py with transformers " + transformers.__version__,
        "tokens": TOKENS, "conversations": CONVERSATIONS, "mini_conversation": MINI_CONVERSATION,
        "refused": REFUSED, "templates": cases(families, chosen) + cases(training, chosen), "minis": small,
    }


if __name__ == "__main__":
    text = json.dumps(golden(), ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(sys.argv[1]).write_text(text + "\n")
    print(f"{len(text.encode())} bytes")
