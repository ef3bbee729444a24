#!/usr/bin/env python3
"""Writes the manual page selfimprove(1), in mdoc(7), from what the program says about itself.

    selfimprove --experimental-dump-help | scripts/packaging/manual.py --version 0.1.0 --date 2026-11-27 > selfimprove.1

Commands, arguments and options come from the program's help; files, environment and exit status stand below. `--sources FOLDER` ends
with 1 where the Swift or C code in FOLDER reads an environment variable that the page does not explain.
"""
import argparse, datetime, json, pathlib, re, sys, textwrap

# Below, PREFIX stands for the folder where the program is installed.

# Options that every command has: explained once.
COMMON = ("state", "json", "version", "help")

ENVIRONMENT = {
    "SELFIMPROVE_STATE": "The state directory, where no option names one.",
    "SELFIMPROVE_TOKEN": "The bearer token, of 16 characters or more, that requests over HTTP must carry. An address other than a "
                         "loopback one needs it; on a loopback address it may be set. Commands that talk to a daemon send it.",
    "SELFIMPROVE_TOKEN_FILE": "A file that holds that token, in place of the variable. SIGHUP lets the daemon read it again.",
    "SELFIMPROVE_ISA": "The instruction set of the kernels: avx2, avx512, avx512bf16 or amx. Not set, the widest that the processor has "
                       "is used.",
    "SELFIMPROVE_PANEL_CACHE": "off: no packed weights are kept beside large models, in MODEL/.cache/selfimprove. What is there may be "
                               "deleted at any time; it is made again in the time that packing takes.",
    "OPENBLAS_CORETYPE": "The kernel of OpenBLAS. Not set, the fastest one that the processor runs is used.",
    "https_proxy": "The proxy on the way to endpoints whose address begins with https; HTTPS_PROXY is read where this is not set.",
    "no_proxy": "Hosts that are called without that proxy; NO_PROXY is read where this is not set.",
    "SSL_CERT_FILE": "Certificate authorities that endpoints are verified against, in place of the system's.",
    "NOTIFY_SOCKET": "Set by systemd: where the daemon says that it is ready, and feeds the watchdog.",
}
ALSO_EXPLAINED = {"HTTPS_PROXY", "NO_PROXY"}
FOR_TESTS = {"SELFIMPROVE_FAILPOINT"}

FILES = {
    "./state": "The state directory, where neither an option nor the environment names one.",
    "DIR/selfimprove.sqlite": "In a state directory DIR: the database, with the lineage of every model and the queue of campaigns.",
    "DIR/models/, DIR/adapters/, DIR/data/": "Models, adapters and data, each named by its SHA-256. Nothing in them is deleted by hand.",
    "DIR/training/": "The saved training of a step in progress.",
    "DIR/daemon.json": "Address and process of the daemon that runs there.",
    "DIR/lock": "Held by the one process that runs campaigns there.",
    "PREFIX/share/selfimprove/configs/": "Configurations; nursery.yaml explains every key.",
    "/var/lib/selfimprove": "The state directory of the systemd service. It stays when the program is removed.",
    "/etc/selfimprove/environment": "Variables of the service, such as SELFIMPROVE_TOKEN and keys of endpoints; for root only to read.",
}

EXIT = {
    "0": "Success.",
    "1": "Failure: something is damaged, missing, or cannot be reached or written.",
    "2": "Unusable arguments or configuration. Every fault of a configuration is one line on standard error.",
    "3": "Stopped on request, or by a criterion where that is not success; the same command resumes it.",
}

EXAMPLES = [
    ("Try the installation in under a minute:",
     ["selfimprove run PREFIX/share/selfimprove/configs/smoke.yaml --state ~/smoke", "selfimprove lineage smoke --state ~/smoke"]),
    ("A service that starts with the machine, and a campaign for it:",
     ["sudo systemctl enable --now selfimprove", "selfimprove start PREFIX/share/selfimprove/configs/nursery.yaml", "selfimprove watch nursery"]),
    ("A model of the lineage for another program:", ["selfimprove export nursery/champion ./champion"]),
]


def plain(text):
    """Text as roff reads it: no character of it is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def prose(text):
    """Running text: a line a sentence, because roff knows the end of a sentence by the end of its line."""
    sentences = re.split(r"(?<=[\w)\"][\w)\"][.!?]) +(?=[A-Z])", " ".join(text.split()))
    wrapped = [line for sentence in sentences for line in textwrap.wrap(sentence, 72, break_long_words=False, break_on_hyphens=False)]
    # Names of models, files and variables are not hyphenated.
    return "\n".join(re.sub(r"(?<!\S)(?=[\w/_.:]*\w[/_.:]\w)", r"\\%", plain(line)) for line in wrapped)


def word(text):
    """One argument of a macro, where spaces, quotes and short words such as `Op` would mean something."""
    text = plain(text).replace('"', "\\(dq")
    return f'"\\&{text}"' if re.fullmatch("[A-Z][a-z]", text) else f'"{text}"'


def is_literal(line):
    """Examples and tables, which are not to be filled."""
    return "  " in line or bool(re.match(r"(?:selfimprove|sudo|mkdir|python|curl) .*[^.]$", line))


def discussion(text):
    """Paragraphs of a help text, with its examples and tables as they stand."""
    out = []
    for is_table, block in blocks((text or "").split("\n")):
        if is_table:
            out += [".Bd -literal -offset indent", plain(textwrap.dedent("\n".join(block))), ".Ed"]
        else:
            out += ([".Pp"] if out else []) + [prose(" ".join(block))]
    return out


def blocks(lines):
    """Consecutive lines of one kind, without empty ones at their ends."""
    found = []
    for line in lines:
        if not line.strip():
            found.append((None, []))
            continue
        kind = is_literal(line)
        if not found or found[-1][0] != kind:
            found.append((kind, []))
        found[-1][1].append(line)
    return [(kind, block) for kind, block in found if block]


def flag(name):
    """`--name` or `-n` as mdoc writes it."""
    return "Fl " + word(("-" if name["kind"] == "long" else "") + name["name"])


def value(argument):
    return "Ar " + word(argument["valueName"])


def synopsis(path, arguments, has_subcommands):
    lines = [".Nm", *[".Cm " + word(part) for part in path[1:]]]
    for argument in arguments:
        if argument["kind"] == "positional":
            text = value(argument) + (" ..." if argument["isRepeating"] else "")
        else:
            text = flag(argument["preferredName"]) + (" " + value(argument) if argument["kind"] == "option" else "")
        lines.append("." + ("Op " if argument["isOptional"] or argument["kind"] == "flag" else "") + text)
    return lines + ([".Ar subcommand"] if has_subcommands else [])


def items(arguments):
    """A list of arguments and options with what they mean."""
    out = [".Bl -tag -width Ds"]
    for argument in arguments:
        if argument["kind"] == "positional":
            out.append(".It " + value(argument))
        else:
            names = " , ".join(flag(name) for name in argument["names"])
            out.append(".It " + names + (" " + value(argument) if argument["kind"] == "option" else ""))
        about = [prose(argument.get("abstract") or argument.get("discussion") or "")]
        if not all(one in about[0] for one in argument.get("allValues") or []):
            about.append("One of " + plain(", ".join(argument["allValues"])) + ".")
        if argument.get("defaultValue") not in (None, "") and argument["kind"] == "option":
            about.append("Default: " + plain(argument["defaultValue"]) + ".")
        out += [line for line in about if line]
    return out + [".El"]


def is_common(argument):
    return any(name["name"] in COMMON for name in argument.get("names") or [])


def commands(command, path):
    """A subsection for each command that does something, in the order of the program's help."""
    path = [*path, command["commandName"]]
    subcommands = [one for one in command.get("subcommands") or [] if one.get("shouldDisplay", True) and one["commandName"] != "help"]
    if len(path) > 1:
        own = [one for one in command.get("arguments") or [] if one.get("shouldDisplay", True) and not is_common(one)]
        yield ".Ss " + plain(" ".join(path))
        yield from synopsis(path, own, bool(subcommands))
        yield ".Pp"
        yield prose(command.get("abstract") or "")
        text = discussion(command.get("discussion"))
        if text:
            yield from ([] if text[0].startswith(".Bd") else [".Pp"])
            yield from text
        if own:
            yield from items(own)
    for one in subcommands:
        yield from commands(one, path)


def table(rows, macro):
    out = [".Bl -tag -width Ds"]
    for name, about in rows.items():
        out += [f".It {macro} {word(name)}" if macro else f".It {word(name)}", prose(about)]
    return out + [".El"]


def page(command, version, date, prefix):
    described = [one for one in [command, *command["subcommands"]] if one["commandName"] != "help"]
    common = {argument["preferredName"]["name"]: argument
              for one in described for argument in one.get("arguments") or [] if is_common(argument)}
    # mdoc wants the month by name; English, whatever the locale.
    months = "January February March April May June July August September October November December".split()
    lines = [
        '.\\" Made by scripts/packaging/manual.py from the program\'s own help.',
        f".Dd {months[date.month - 1]} {date.day}, {date.year}", ".Dt SELFIMPROVE 1", f".Os selfimprove {version}",
        ".Sh NAME", ".Nm selfimprove", ".Nd " + plain(command["abstract"][0].lower() + command["abstract"][1:].rstrip(".")),
        ".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar option ...", ".Nm", ".Fl -help | Fl -version",
        ".Sh DESCRIPTION", *discussion(command["discussion"]), ".Pp",
        "A command's help is also printed by", ".Nm", ".Cm help", ".Ar command .", "Options of every command:",
        *items([common[name] for name in COMMON if name in common]),
        ".Pp", "Where a command takes a", ".Ar MODEL ,",
        prose("it is a Hugging Face directory, a GGUF file, the digest of a model in the state directory (its first four or more digits "
              "will do), or an alias: nursery/champion, nursery/initial, nursery/r2 (the champion after round 2), nursery/r2-sft, "
              "nursery/r2-dpo."),
        ".Sh COMMANDS", *commands(command, []),
        ".Sh ENVIRONMENT", *table(ENVIRONMENT, "Ev"), ".Pp",
        prose("Keys of endpoints stand in variables that a configuration names (api_key_env)."),
        ".Sh FILES", *table(FILES, "Pa"),
        ".Sh EXIT STATUS", *table(EXIT, ""), ".Pp", prose("Errors are lines on standard error: what is wrong, where, and what to do."),
        ".Sh EXAMPLES"]
    for about, example in EXAMPLES:
        lines += [".Pp"] * (about != EXAMPLES[0][0]) + [prose(about), ".Bd -literal -offset indent", *map(plain, example), ".Ed"]
    lines += [".Sh SEE ALSO", ".Xr systemctl 1 ,", ".Xr systemd.unit 5", ".Pp",
              prose("Mixture of Agents Alignment, arXiv 2505.03059, is the method that a round follows.")]
    return "\n".join(lines).replace("PREFIX", prefix) + "\n"


def unexplained(folder):
    """Environment variables that the code reads by name and the page leaves out."""
    read = set()
    for file in sorted(pathlib.Path(folder).rglob("*")):
        if file.suffix in (".swift", ".c", ".h"):
            read |= set(re.findall(r'(?:environment\[|getenv\()"(\w+)"', file.read_text(encoding="utf-8")))
    return sorted(read - set(ENVIRONMENT) - ALSO_EXPLAINED - FOR_TESTS)


def main():
    parser = argparse.ArgumentParser(description="The manual page of selfimprove, from its --experimental-dump-help on standard input.")
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", required=True, type=datetime.date.fromisoformat, help="of the page: 2026-11-27")
    parser.add_argument("--prefix", default="/usr/local", help="where the program is installed; default: /usr/local")
    parser.add_argument("--sources", help="folder of the code whose environment variables must be explained")
    options = parser.parse_args()
    command = json.load(sys.stdin).get("command")
    if options.sources and (missing := unexplained(options.sources)):
        sys.exit(f"scripts/packaging/manual.py: ENVIRONMENT does not explain {', '.join(missing)}, which {options.sources} reads")
    sys.stdout.write(page(command, options.version, options.date, options.prefix))


if __name__ == "__main__":
    main()
