"""Writes the manual page of tablecast in mdoc(7): `manual.py PROGRAM VERSION DATE OUTPUT`. For scripts/package.

Commands and options come from the program itself (`--experimental-dump-help` of swift-argument-parser). The plug-in of that package
would do it too, but builds every program of this one for it.
"""

import json
import pathlib
import re
import subprocess
import sys

SECTIONS = """\
.Sh ENVIRONMENT
Every option of
.Cm serve
is also an environment variable:
.Fl -poll-interval
is
.Ev TABLECAST_POLL_INTERVAL .
Region, credentials and endpoints are the standard ones of AWS, such as
.Ev AWS_REGION
and
.Ev AWS_PROFILE .
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/tablecast/tablecast.env
Options of the service under systemd, as variables.
.It Pa /var/lib/tablecast
The saved state of the service under systemd.
.It Pa ~/.aws/config , ~/.aws/credentials
The shared files of AWS.
.El
.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
The program was asked to stop, or found nothing wrong.
.It 1
Something failed at run time: trying again may work.
.It 2
The command line or a variable is wrong.
.It 78
The configuration cannot work.
.El
"""


def escaped(text):
    """Text that troff takes for text, a sentence a line."""
    text = re.sub(r"(?<=[\w`)\]]\.) (?=[A-Z`\[])", "\n", text)
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.splitlines())


def paragraphs(text):
    """A discussion: paragraphs, and lines that are indented as an example."""
    output, example = [], False
    for line in text.splitlines():
        indented = line.startswith("  ")
        if indented != example:
            output.append(".Bd -literal -offset indent" if indented else ".Ed")
            example = indented
        if line.strip():
            output.append(escaped(line.strip()))
        elif not example and output and not output[-1].startswith(".Pp"):
            output.append(".Pp")
    output += [".Ed"] if example else []
    while output and output[-1] == ".Pp":
        output.pop()
    return [line for at, line in enumerate(output) if not (line == ".Pp" and output[at + 1 : at + 2] in ([".Bd -literal -offset indent"], [".Pp"]))]


def option(argument):
    """An option with its value, as a list's item."""
    names = argument.get("names") or []
    value = argument.get("valueName", "")
    if not names:
        return f".It Ar {escaped(value)}"
    shown = " , ".join(f"Fl {'-' if name['kind'] == 'long' else ''}{escaped(name['name'])}" for name in names)
    return f".It {shown}" + (f" Ar {escaped(value)}" if argument["kind"] == "option" else "")


def options(command, known=()):
    """The options of a command but for those that are known from another one."""
    output = [".Bl -tag -width Ds"]
    for argument in command.get("arguments", []):
        if not argument["shouldDisplay"] or argument in known:
            continue
        output.append(option(argument))
        words = [argument.get("abstract", "").strip(), argument.get("discussion", "").strip()]
        output += [escaped(text) for text in words if text]
        if argument.get("defaultValue") and "Default:" not in words[0]:
            output.append(f"The default is {escaped(argument['defaultValue'])}.")
    return [*output, ".El"] if len(output) > 1 else []


def manual(root, version, date):
    commands = [command for command in root["subcommands"] if command["shouldDisplay"] and command["commandName"] != "help"]
    lines = [f".Dd {date}", ".Dt TABLECAST 1", f".Os Tablecast {version}", ".Sh NAME", ".Nm tablecast"]
    lines += [f".Nd {escaped(root['abstract'].rstrip('.'))}", ".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar options"]
    lines += [".Sh DESCRIPTION", *paragraphs(root.get("discussion", "")), ".Sh COMMANDS"]
    serve = next(command for command in commands if command["commandName"] == "serve")["arguments"]
    for command in commands:
        known = [] if command["arguments"] == serve else serve
        lines += [f".Ss {escaped(command['commandName'])}", escaped(command["abstract"])]
        discussion = paragraphs(command.get("discussion", ""))
        lines += [*([".Pp"] if discussion else []), *discussion, *options(command, known)]
    return "\n".join(lines) + "\n" + SECTIONS


def main():
    program, version, date, target = sys.argv[1:]
    dumped = subprocess.run([program, "--experimental-dump-help"], capture_output=True, text=True, check=True, timeout=60)
    pathlib.Path(target).write_text(manual(json.loads(dumped.stdout)["command"], version, date))


if __name__ == "__main__":
    main()
