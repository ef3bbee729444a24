import ModelFiles

/// Templates of the families in use, and others that use more of Jinja.
enum TemplateSeeds {
    static let all = [
        ChatTemplate.chatML.source,
        "{% for m in messages %}{{ {'system':'<|aggregate|>','user':'<|ask|>','assistant':'<|answer|>'}[m['role']] + m['content'] + "
            + "('<|end|>' if m['role'] == 'assistant' else '') }}{% endfor %}{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}",
        // Llama 3
        """
        {% set loop_messages = messages %}{% for message in loop_messages %}\
        {% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ \
        message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}\
        {% endif %}{{ content }}{% endfor %}\
        {% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
        """,
        // Mistral
        """
        {{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
        {% if message['role'] == 'user' %}\
        {{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}\
        {{ message['content'] + eos_token}}{% else %}\
        {{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}
        """,
        // Gemma
        """
        {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}\
        {% endif %}{% for message in messages %}\
        {% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}\
        {% endif %}\
        {{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}\
        {% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}
        """,
        // Qwen 2.5 and 3
        """
        {%- if tools %}
            {{- '<|im_start|>system\\n' }}{%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}
        {%- else %}
            {%- if messages[0].role == 'system' %}\
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}
        {%- endif %}
        {%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
        {%- for message in messages[::-1] %}
            {%- set index = (messages|length - 1) - loop.index0 %}
            {%- if ns.multi_step_tool and message.role == "user" and message.content is string and \
        not(message.content.startswith('<tool_response>') \
        and message.content.endswith('</tool_response>')) %}
                {%- set ns.multi_step_tool = false %}
                {%- set ns.last_query_index = index %}
            {%- endif %}
        {%- endfor %}
        {%- for message in messages %}
            {%- if '</think>' in message.content %}
                {%- set reasoning = \
        message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- endif %}
            {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}\
        {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>' }}{%- endif %}{%- endif %}
        """,
        // Zephyr
        """
        {% for message in messages %}
        {% if message['role'] == 'user' %}
        {{ '<|user|>\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'system' %}
        {{ '<|system|>\n' + message['content'] + eos_token }}
        {% endif %}
        {% if loop.last and add_generation_prompt %}
        {{ '<|assistant|>' }}
        {% endif %}
        {% endfor %}
        """,
        // What else is found in templates
        """
        {%- macro show(m, n=1) -%}{{ m.content | upper | replace('A', 'b') }}{% if n > 0 %}{{ show(m, n - 1) }}\
        {% endif %}{%- endmacro -%}
        {%- set date = strftime_now("%d %b %Y") if strftime_now is defined else "1 Jan" -%}{# a note #}
        {%- for m in messages if m.role != 'tool' -%}{{ loop.index ~ '/' ~ loop.length }}{{ show(m) }}\
        {{ loop.cycle('a', 'b') }}{%- else -%}none{%- endfor -%}
        {{ range(3) | list | join(', ') }}{{ messages | map(attribute='role') | join('-') }}\
        {{ (messages | selectattr('role', 'equalto', 'user') | list | first).content }}
        {{ {'a': [1, 2.5, none, true]} | tojson(indent=2) }}{{ 7 // 2 }}{{ 2 ** 10 }}{{ 7 % 3 }}{{ -1 }}{{ 'x' * 3 }}\
        {{ messages[1:][0:1] | length }}
        {% filter trim %} {{ 'a' if messages else 'b' }} {% endfilter %}{% set x %}block{% endset %}{{ x }}{% raw %}\
        {{ no }}{% endraw %}{{ messages | last | default('x') }}
        {% generation %}{{ eos_token }}{% endgeneration %}{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}\
        {% if loop.first %}{% continue %}{% endif %}{% break %}{% endfor %}
        """,
    ]

    static let words = [
        "{%", "%}", "{{", "}}", "{#", "#}", "{%-", "-%}", "{{-", "-}}", "{%+", "if", "elif", "else", "endif", "for",
        "in", "endfor", "set", "endset", "macro",
        "endmacro", "not", "and", "or", "is", "defined", "undefined", "none", "true", "false", "loop", ".index0",
        ".index", ".first", ".last", ".previtem",
        ".nextitem",
        ".length", "messages", "message", "['role']", ".content", "bos_token", "eos_token", "add_generation_prompt",
        "namespace(a=1)", "raise_exception('x')",
        "strftime_now('%Y')", "strftime_now('%\u{0}%9999d')", "range(2147483647)", "range(9223372036854775807)",
        "range(0, -9223372036854775808, -1)",
        "range(1, 10, 0)",
        "* 999999999", "'x' * 99999999", "messages * 99999999", "** 9999999", "** -1", "// 0", "% 0", "/ 0",
        "+ 9223372036854775807", "- 9223372036854775808",
        "* 9223372036854775807", "-9223372036854775808 // -1", "-9223372036854775808 % -1", "1e308 * 1e308", "<< 1",
        "[0]", "[-1]", "[9223372036854775807]",
        "[-9223372036854775808]", "[::-1]", "[::0]", "[:9223372036854775807]", "[-9223372036854775808:]",
        "[::9223372036854775807]", "[::-9223372036854775808]",
        "| trim", "| tojson", "| tojson(indent=4)", "| tojson(indent=999999999)", "| tojson(indent=-1)", "| length",
        "| join('')", "| first", "| last",
        "| upper",
        "| lower", "| title", "| capitalize", "| replace('', 'xxxx')", "| replace('a', 'aa')", "| list", "| reverse",
        "| sort", "| unique", "| map('upper')",
        "| map(attribute='content')", "| selectattr('role')", "| rejectattr('role', 'equalto', 'user')", "| default(1)",
        "| int", "| float", "| string",
        "| abs", "| sum",
        "| round(400)", "| batch(0)", "| slice(0)", "| indent(999999999)", "| center(999999999)", "| dictsort",
        "| items", "| safe", "| e", "| wordcount",
        "| random",
        ".split('')", ".split(',', -1)", ".strip()", ".lstrip('\\n')", ".startswith('')", ".endswith('x')",
        ".replace('', 'yyyy')", ".upper()", ".title()",
        ".items()",
        ".keys()", ".get('role')", ".append(messages)", ".join(messages)", ".format(1)", ".__class__.__mro__",
        "['__class__']", "~ messages", "~ 'x'",
        "is string", "is mapping",
        "is iterable", "is number", "is divisibleby 0", "is sameas none", "is in messages", "is not none",
        "if true else", "else 1", "lambda", "(", ")", "[",
        "]", "{", "}",
        ",", ":", "|", ".", "=", "==", "<", "'", "\"", "'\\x41\\u00e9\\n'", "'\\N{DASH}'", "'\\ud800'", "1", "0", "-1",
        "1.5", "1e400", "99999999999999999999",
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro g(x) %}{{ g(x) }}{{ g(x) }}{% endmacro %}{{ g(1) }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == ns.x }}{{ ns.x }}",
        "{% for i in range(99999) %}{{ messages | tojson }}{% endfor %}",
        "{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns }}", "{{ loop }}",
        "{{ range }}", "{{ self }}",
        "{{ 'é'[0] ~ '🙂'[-1] ~ 'e\u{301}' | length }}", "{% raw %}", "{% endraw %}", "{% include 'x' %}",
        "{% import 'x' as y %}", "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% call x() %}{% endcall %}", "{% do messages.append(1) %}", "{% with x = 1 %}{{ x }}{% endwith %}",
        "recursive", "{{ loop(messages) }}",
    ]
}
