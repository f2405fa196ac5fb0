"""Whatever is wrong with the command line: exit code 3, one line that says what, and no secret repeated."""

from __future__ import annotations

from pathlib import Path

from harborlib.run import options

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from contract import loaded
from contract.conftest import for_every_plugin
from harbor_simulator.issuing import issue
from support import runner

SECRET = "sesame42"  # no letter of it an option, so that -vsesame42 is one flag and the secret
HUGE = "9" * 400 + ".5"
NO_PEM = "/etc/passwd"  # a short path: a long one makes a line that is cut
#: Arguments and the words that tell what is wrong with them.
CASES = {
    "unknown option": (["--nonsense"], "unknown option --nonsense"),
    "abbreviation": (["--harb", "harbor.example.com"], "unknown option --harb"),
    "positional": (["harbor.example.com"], "positional arguments are not accepted"),
    "empty positional": ([""], "positional arguments are not accepted"),
    "password": (["--password", SECRET], "unknown option --password"),
    "password after =": ([f"--password={SECRET}"], "unknown option --password"),
    "password after one letter": ([f"-p{SECRET}"], "unknown option -p"),
    # Newer Pythons read on, letter by letter.
    "password after a flag": ([f"-v{SECRET}"], ("-v/--verbose: takes no value", f"unknown option -{SECRET[0]}")),
    "password of an option without value": ([f"--insecure={SECRET}"], "--insecure: takes no value"),
    "control characters": (["--\x1b[31m|x\n"], r"unknown option --\x1b[31m/x"),
    "not utf-8": (["--\udcff"], r"unknown option --\xdcff"),
    "H without value": (["-H"], "-H/--harbor: expected one argument"),
    "H empty": (["-H", ""], "-H/--harbor: not a host name or address"),
    "H with a password": (["-H", f"https://admin:{SECRET}@h"], "-H/--harbor: no user or password in the URL"),
    "H with a token": (["-H", f"https://{SECRET}@h"], "-H/--harbor: no user or password in the URL"),
    "H of another scheme": (["-H", "ftp://h"], "-H/--harbor: the URL must begin with https:// or http://"),
    "H with a path": (["-H", f"https://h/{SECRET}"], "-H/--harbor: only scheme, host and port"),
    "H with a query": (["-H", f"h?{SECRET}"], "-H/--harbor: only scheme, host and port"),
    "H with blanks": (["-H", "a b"], "-H/--harbor: not a host name or address"),
    "H half an address": (["-H", "https://[::1"], "-H/--harbor: not a URL or host name"),
    "H with port 0": (["-H", "h:0"], "-H/--harbor: not a host name or address"),
    "H with a port too high": (["-H", "h:65536"], "-H/--harbor: not a URL or host name"),
    "H with an odd name": (["-H", f"{'a' * 64}\u00fc.example.com"], "-H/--harbor: not a host name or address"),
    "I empty": (["-I", ""], "-I/--connect-to: not HOST[:PORT]"),
    "I a URL": (["-I", "https://h"], "-I/--connect-to: not HOST[:PORT]"),
    "I with port 0": (["-I", "h:0"], "-I/--connect-to: not HOST[:PORT]"),
    "I with a password": (["-I", f"a:{SECRET}@h"], "-I/--connect-to: not HOST[:PORT]"),
    "both families": (["-4", "-6"], "-6: not allowed with argument -4"),
    "proxy with TLS": (["--proxy", "https://h"], "--proxy: only http:// proxies"),
    "proxy with a password": (["--proxy", f"http://a:{SECRET}@h"], "--proxy: no user or password in the URL"),
    "proxy and connect-to": (["--proxy", "h:1", "-I", "h:2"], "--proxy and --connect-to cannot be combined"),
    "no CA file": (["--ca-file", "/nowhere"], "--ca-file: cannot read /nowhere"),
    "CA file is a directory": (["--ca-file", "/"], "--ca-file: "),
    "CA file is no PEM": (["--ca-file", NO_PEM], "--ca-file: no usable PEM in "),
    "CA file is empty": (["--ca-file", "/dev/null"], "--ca-file: no usable PEM in "),
    "no client certificate": (["--client-cert", "/nowhere"], "--client-cert: cannot read /nowhere"),
    "client certificate is no PEM": (["--client-cert", NO_PEM], "client certificate: no usable PEM in "),
    "key without certificate": (["--client-key", __file__], "--client-key needs --client-cert"),
    "timeout 0": (["-t", "0"], "-t/--timeout: must be more than 0 and at most a day: '0'"),
    "timeout below 0": (["-t=-1"], "-t/--timeout: must be more than 0 and at most a day: '-1'"),
    "timeout nan": (["-t", "nan"], "-t/--timeout: not a number: 'nan'"),
    "timeout of another unit": (["-t", "5 fortnights"], "-t/--timeout: unknown unit 'fortnights'"),
    "timeout for ever": (["-t", "inf"], "-t/--timeout: not a number: 'inf'"),
    "timeout of two days": (["-t", "2d"], "-t/--timeout: must be more than 0 and at most a day: '2d'"),
    "timeout too long to count": (["-t", HUGE], "-t/--timeout: not a number: "),
    "unreachable": (["--unreachable", "maybe"], "--unreachable: invalid choice: 'maybe'"),
    "isolate an unknown owner": (["--isolate", "health,nobody"], "--isolate: unknown owner 'nobody'"),
    "isolate nobody": (["--isolate", ","], "--isolate: unknown owner"),
    "output": (["--output", "xml"], "--output: invalid choice: 'xml'"),
}
RANGES = {
    "empty": ("", "not a Nagios range ([@][start:][end]): ''"),
    "reversed": ("5:1", "the range starts after its end: '5:1'"),
    "garbage": ("lots", "not a number: 'lots'"),
    "two colons": ("1:2:3", "not a Nagios range ([@][start:][end]): '1:2:3'"),
    "only a colon": (":", "not a Nagios range ([@][start:][end]): ':'"),
    "only an at": ("@", "not a Nagios range ([@][start:][end]): '@'"),
    "nan": ("nan", "not a number: 'nan'"),
    "exponent": ("1e400", "not a number: '1e400'"),
    "too long to count": (HUGE, "not a number: "),
}


@pytest.mark.parametrize("case", CASES)
def test_usage_error(case, refusal, against):
    argv, words = CASES[case]

    def refused(name):
        told = refusal(name, *against(name, *argv))
        assert told.startswith(words)
        assert SECRET not in told

    for_every_plugin(refused)


@pytest.mark.parametrize("case", RANGES)
@pytest.mark.parametrize("option", ["-w/--warning", "-c/--critical"])
def test_range(option, case, refusal, against):
    text, words = RANGES[case]

    def refused(name):
        assert refusal(name, *against(name, option.split("/")[1], text)).startswith(f"{option}: {words}")

    for_every_plugin(refused)


def test_client_key_with_a_pass_phrase(refusal, against, harbor, tmp_path, monkeypatch):
    """Nobody is there to be asked for it."""
    monkeypatch.chdir(tmp_path)
    locked = BestAvailableEncryption(SECRET.encode())
    Path("client.key").write_bytes(issue("monitor").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))

    def refused(name):
        told = refusal(name, *against(name, "--client-cert", harbor.ca_file, "--client-key", "client.key"))
        assert told == "client certificate: no usable PEM in client.key (the key has a pass phrase)"

    for_every_plugin(refused)


def test_no_harbor(refusal, monkeypatch):
    monkeypatch.delenv("HARBOR_URL", raising=False)

    def refused(name):
        assert refusal(name, *runner.NEEDED.get(name, ())) == "-H/--harbor or HARBOR_URL is required"

    for_every_plugin(refused)


def test_login_over_http(refusal, against):
    words = "a login needs https, the password is not sent in clear text: point -H at https://harbor.example.com"

    def refused(name):
        assert refusal(name, *against(name, url="http://harbor.example.com")) == words

    for_every_plugin(refused)


def test_usage_error_of_a_process(name, against, plugin_python):
    unknown = (["--password", SECRET], f"unknown option --password: {options.CREDENTIALS}")
    reversed_range = (["-w", "5:1"], f"-w/--warning: {RANGES['reversed'][1]}")
    argv, words = runner.turn(name, [unknown, reversed_range])
    outcome, modules = loaded.run(name, *against(name, *argv), python=plugin_python)
    title = name.replace("check_", "").replace("_", " ", 1).upper()
    expected = f"{title} UNKNOWN - usage: {words}\nNext: see {name} --help\n"
    assert (outcome.code, outcome.out, outcome.err, modules) == (3, expected, "", set())
