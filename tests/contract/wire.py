"""Answers that break HTTP: what a confused proxy may send, or an enemy."""

from __future__ import annotations

import gzip

from contract.adversary import Reply, answers, for_ever, says

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def redirect(location: bytes) -> Reply:
    return says(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")


#: Each ends by itself.
BROKEN: dict[str, Reply] = {
    "nothing": says(b""),
    "binary": says(bytes(range(256)) * 8),
    "ssh": says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "smtp": says(b"220 mail.example.com ESMTP\r\n"),
    "html without http": says(b"<html><body>Not now</body></html>\r\n"),
    "status without number": says(b"HTTP/1.1 fine OK\r\n\r\n"),
    "status of five digits": answers(status=b"20000 OK"),
    "negative status": answers(status=b"-200 OK"),
    "status 101": says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
    "status 103 and an end": says(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "status 299": answers(status=b"299 Odd"),
    "status 999": answers(status=b"999 Odd"),
    "204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "http 0.9": says(b"42"),
    "http 3.0": says(b"HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\n42"),
    "header of a megabyte": answers(b"42", b"X-Long: " + b"x" * 1_000_000),
    "ten thousand headers": answers(b"42", *(b"X-%d: 1" % number for number in range(10_000))),
    "header without colon": answers(b"42", b"no colon here"),
    "binary header": answers(b"42", b"X-Request-Id: \x00\x01\x1b[31m\xff\xfe", b"\x00\xff: \x00"),
    "content type of bytes": says(HEAD.replace(b"application/json", b"text/html\x1b[2J\xff|\x00") + b"\r\n42"),
    "cut in the status line": says(b"HTTP/1.1 20"),
    "cut in the headers": says(HEAD),
    "negative length": says(HEAD + b"Content-Length: -1\r\n\r\n42"),
    "length in words": says(HEAD + b"Content-Length: two\r\n\r\n42"),
    "two lengths": says(HEAD + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n42"),
    "length of an exabyte": says(HEAD + b"Content-Length: 1000000000000000000\r\n\r\n42"),
    "length of 5000 digits": says(HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n42"),
    "length too long by one": says(HEAD + b"Content-Length: 3\r\n\r\n42"),
    "chunk size in words": says(CHUNKED + b"two\r\n42\r\n0\r\n\r\n"),
    "negative chunk": says(CHUNKED + b"-2\r\n42\r\n0\r\n\r\n"),
    "chunk of an exabyte": says(CHUNKED + b"DE0B6B3A7640000\r\n42"),
    "cut between chunks": says(CHUNKED + b"2\r\n42\r\n"),
    "cut in a chunk": says(CHUNKED + b"8\r\n42"),
    "gzip": answers(gzip.compress(b"42"), b"Content-Encoding: gzip"),
    "gzip bomb": answers(gzip.compress(bytes(50_000_000)), b"Content-Encoding: gzip"),
    "unknown encoding": answers(b"42", b"Content-Encoding: klingon"),
    "utf-16": answers("42".encode("utf-16")),
    "invalid utf-8": answers(b'{"components": [{"name": "\xff\xfe", "status": "healthy"}]}'),
    "nul bytes": answers(bytes(1000)),
    "number of 100,000 digits": answers(b"9" * 100_000),
    "deep objects": answers(b'{"components":' * 50_000 + b"1" + b"}" * 50_000),
    "not a number": answers(b'{"components": NaN, "storage": Infinity}'),
    "many keys": answers(b"{" + b",".join(b'"%d": 0' % number for number in range(100_000)) + b"}"),
    "redirect to nothing": redirect(b""),
    "redirect to half an address": redirect(b"http://[::1"),
    "redirect to a port too high": redirect(b"https://localhost:99999/"),
    "redirect to a script": redirect(b"javascript:alert(1)"),
    "redirect to a file": redirect(b"file:///etc/passwd"),
    "redirect to bytes": redirect(b"https://\xff\x00\x1b[31m|/"),
    "redirect to a long address": redirect(b"https://" + b"x" * 60_000 + b"/"),
    "redirect with a login": redirect(b"https://admin:Harbor12345@localhost/"),
}
#: Those that plugins meet as processes of every Python that is tested; the watchdog's tests have the others.
BROKEN_AS_PROCESS = sorted(BROKEN)[::2]

#: Each continues until the client disconnects.
ENDLESS: dict[str, Reply] = {
    "headers": for_ever(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 100),
    "header line": for_ever(HEAD + b"X-Long: ", b"x" * 65536),
    "status line": for_ever(b"HTTP/1.1 200 ", b"x" * 65536),
    "100 continue": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    "body": for_ever(HEAD + b"\r\n", b" " * 65536),
    "chunks": for_ever(CHUNKED, b"2\r\n42\r\n" * 100),
    "chunk size": for_ever(CHUNKED, b"0" * 65536),
    "chunk extension": for_ever(CHUNKED + b"2;", b"x" * 65536),
    "chunk of negative size": for_ever(CHUNKED + b"-1\r\n", b"x" * 65536),
    "body of a redirect": for_ever(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536),
    "trailers": for_ever(CHUNKED + b"2\r\n42\r\n0\r\n", b"X-More: 1\r\n" * 100),
    "redirects": for_ever(b"", b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
}

#: Those of them that would fill the memory of a client that trusts them.
FILLING = ("body", "body of a redirect", "chunk of negative size", "chunk size", "header line", "status line")
