#!/usr/bin/env python3
"""A small index that speaks PyPI's protocol, for the demo and the tests.

    sample_pypi.py --folder DIR --port N [--port-file FILE] [--address 127.0.0.1]

Serves what make_sample.py wrote. The folder is read anew at each request, so a file that is put there
is listed by the next one (raise DIR/serial too, as the real index does). It has

    /simple/  /simple/<project>/      PEP 691 JSON or PEP 503 HTML by Accept; X-PyPI-Last-Serial; ETag
    /files/<project>/<file>           the distribution; byte ranges are not served
    /files/<project>/<file>.metadata  PEP 658, for wheels

DIR/faults.json makes it misbehave, again from the next request on; each key is optional:

    {"html_only": true, "no_serial": true, "no_hashes": true, "metadata_without_hash": true,
     "credentials": "user:password",
     "unavailable": {"count": 2, "retry_after": 1, "status": 503},   answers so many requests with it
     "serial": {"six": 5},                      this serial instead of the counter's
     "wrong_bytes": ["<file>"],                 the last byte is another one
     "truncate": {"<file>": 100},               ends after so many bytes of the announced length
     "missing": ["<file>"],                     404, though it is listed
     "empty_page": ["<project>"],               a page without files
     "broken_page": ["<project>"],              half of a page
     "extra_files": {"<project>": [{...}]},     entries put on the page as they are
     "redirect": {"<path>": "<address>"},       302
     "stall_after": {"<file>": 10}}             sends so many bytes and waits until it is stopped

With --log FILE it writes a line for each request: method, path, status.
"""

import argparse
import base64
import hashlib
import html
import http.server
import json
import os
import pathlib
import re
import sys
import threading
import urllib.parse
import zipfile

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
DIGESTS = {}  # (path, size, mtime) -> sha256
STOPPING = threading.Event()


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def digest_of(path):
    info = path.stat()
    key = (str(path), info.st_size, info.st_mtime_ns)
    if key not in DIGESTS:
        DIGESTS[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return DIGESTS[key]


def metadata_of(path):
    """The METADATA of a wheel, or None."""
    if path.suffix != ".whl":
        return None
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1:
                return archive.read(name)
    return None


def header_of(metadata, header):
    found = re.search(rf"^{header}: *(.*)$", metadata.decode("utf-8", "replace").split("\n\n")[0], re.M)
    return found.group(1).strip() if found else None


class Sample:
    """What the folder holds at this moment."""

    def __init__(self, folder):
        self.folder = folder
        self.faults = self.read_json(folder / "faults.json")

    @staticmethod
    def read_json(path):
        return json.loads(path.read_text()) if path.exists() else {}

    def serial(self, project=None):
        fixed = self.faults.get("serial", {})
        if project in fixed:
            return fixed[project]
        return int((self.folder / "serial").read_text())

    def projects(self):
        return sorted(p.name for p in (self.folder / "projects").iterdir() if p.is_dir())

    def files(self, project):
        folder = self.folder / "projects" / project
        return sorted(p for p in folder.iterdir()
                      if p.is_file() and p.name.endswith((".whl", ".tar.gz", ".zip", ".egg")))

    def entries(self, project):
        if project in self.faults.get("empty_page", []):
            return []
        facts = self.read_json(self.folder / "projects" / project / "project.json")
        entries = []
        for path in self.files(project):
            fact = facts.get(path.name, {})
            quoted = urllib.parse.quote(path.name)
            entry = {"filename": path.name, "url": f"../../files/{project}/{quoted}",
                     "hashes": {"sha256": digest_of(path)}, "size": path.stat().st_size,
                     "yanked": fact.get("yanked", False), "core-metadata": False}
            if "upload-time" in fact:
                entry["upload-time"] = fact["upload-time"]
            metadata = metadata_of(path)
            if metadata is not None:
                entry["core-metadata"] = {"sha256": hashlib.sha256(metadata).hexdigest()}
                python = header_of(metadata, "Requires-Python")
                if python:
                    entry["requires-python"] = python
                if self.faults.get("metadata_without_hash"):
                    entry["core-metadata"] = True
            if self.faults.get("no_hashes"):
                entry["hashes"] = {}
            entries.append(entry)
        return entries + self.faults.get("extra_files", {}).get(project, [])


def json_page(name, entries, serial):
    meta = {"api-version": "1.1"}
    if serial is not None:
        meta["_last-serial"] = serial
    return json.dumps({"meta": meta, "name": name, "files": entries, "versions": []}).encode()


def html_page(name, entries):
    lines = ["<!DOCTYPE html>", "<html><head>",
             '<meta name="pypi:repository-version" content="1.1">',
             f"<title>Links for {html.escape(name)}</title></head><body>"]
    for e in entries:
        fragment = f"#sha256={e['hashes']['sha256']}" if e["hashes"].get("sha256") else ""
        attributes = ""
        if e.get("requires-python"):
            attributes += f' data-requires-python="{html.escape(e["requires-python"])}"'
        if e.get("yanked"):
            attributes += f' data-yanked="{html.escape(str(e["yanked"]))}"'
        core = e.get("core-metadata")
        if core:
            value = "true" if core is True else f"sha256={core['sha256']}"
            attributes += f' data-core-metadata="{value}"'
        lines.append(f'<a href="{html.escape(e["url"])}{fragment}"{attributes}>'
                     f'{html.escape(e["filename"])}</a><br/>')
    return "\n".join(lines + ["</body></html>"]).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server_version, sys_version = "sample-pypi", ""

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", kind="text/plain", headers=(), announce=None):
        self.server.note(f"{self.command} {self.path} {status}")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if announce is None else announce))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def wants_json(self, sample):
        accept = self.headers.get("Accept", "")
        return JSON_TYPE in accept and not sample.faults.get("html_only")

    def do_GET(self):
        sample = Sample(self.server.folder)
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        faults = sample.faults
        wanted = faults.get("credentials")
        if wanted:
            given = self.headers.get("Authorization", "")
            if given != "Basic " + base64.b64encode(wanted.encode()).decode():
                return self.answer(401, b"credentials\n", headers=[("WWW-Authenticate", "Basic")])
        if self.server.take_unavailable(faults.get("unavailable")):
            after = str(faults["unavailable"].get("retry_after", 1))
            return self.answer(faults["unavailable"].get("status", 503), b"later\n",
                               headers=[("Retry-After", after)])
        if path in faults.get("redirect", {}):
            return self.answer(302, headers=[("Location", faults["redirect"][path])])
        if path == "/simple/":
            return self.project_list(sample)
        page = re.fullmatch(r"/simple/([^/]+)/", path)
        if page and normalise(page.group(1)) in sample.projects():
            return self.page(sample, normalise(page.group(1)))
        file = re.fullmatch(r"/files/([a-z0-9-]+)/([A-Za-z0-9._+!~-]+)", path)
        if file and ".." not in path:
            return self.file(sample, file.group(1), file.group(2))
        return self.answer(404, b"not found\n")

    do_HEAD = do_GET

    def with_etag(self, body, kind, serial):
        etag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
        headers = [("ETag", etag), ("Vary", "Accept")]
        if serial is not None:
            headers.append(("X-PyPI-Last-Serial", str(serial)))
        if self.headers.get("If-None-Match") == etag:
            return self.answer(304, headers=headers)
        return self.answer(200, body, kind, headers)

    def project_list(self, sample):
        serial = None if sample.faults.get("no_serial") else sample.serial()
        names = sample.projects()
        if self.wants_json(sample):
            meta = {"api-version": "1.1"}
            if serial is not None:
                meta["_last-serial"] = serial
            body = json.dumps({"meta": meta, "projects": [{"name": n} for n in names]}).encode()
            return self.with_etag(body, JSON_TYPE, serial)
        links = "".join(f'<a href="/simple/{n}/">{n}</a>\n' for n in names)
        body = f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode()
        return self.with_etag(body, "text/html; charset=utf-8", serial)

    def page(self, sample, project):
        serial = None if sample.faults.get("no_serial") else sample.serial(project)
        entries = sample.entries(project)
        if self.wants_json(sample):
            body, kind = json_page(project, entries, serial), JSON_TYPE
        else:
            body, kind = html_page(project, entries), "text/html; charset=utf-8"
        if project in sample.faults.get("broken_page", []):
            body = body[: len(body) // 2] if kind == JSON_TYPE else b"half of nothing"
        return self.with_etag(body, kind, serial)

    def file(self, sample, project, name):
        path = sample.folder / "projects" / project / name.removesuffix(".metadata")
        faults = sample.faults
        if not path.is_file() or name in faults.get("missing", []):
            return self.answer(404, b"not found\n")
        body = metadata_of(path) if name.endswith(".metadata") else path.read_bytes()
        if body is None:
            return self.answer(404, b"no metadata\n")
        if name in faults.get("wrong_bytes", []):
            body = body[:-1] + bytes([body[-1] ^ 1])
        if name in faults.get("truncate", {}):
            self.close_connection = True
            return self.answer(200, body[: faults["truncate"][name]], "application/octet-stream",
                               announce=len(body))
        if name in faults.get("stall_after", {}):
            self.close_connection = True
            self.answer(200, body[: faults["stall_after"][name]], "application/octet-stream",
                        announce=len(body))
            self.wfile.flush()
            STOPPING.wait(120)
            return None
        return self.answer(200, body, "application/octet-stream")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, folder, log=None):
        super().__init__(address, Handler)
        self.folder, self.log, self.lock, self.refused = pathlib.Path(folder), log, threading.Lock(), 0

    def note(self, line):
        if self.log:
            with self.lock, open(self.log, "a", encoding="utf-8") as out:
                out.write(line + "\n")

    def take_unavailable(self, fault):
        with self.lock:
            if not fault:
                self.refused = 0
                return False
            self.refused += 1
            return self.refused <= fault["count"]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--port-file", type=pathlib.Path, help="where the port is written when ready")
    parser.add_argument("--log", type=pathlib.Path)
    options = parser.parse_args()
    if not (options.folder / "projects").is_dir():
        parser.error(f"{options.folder}: no sample here; make one with make_sample.py")
    server = Server((options.address, options.port), options.folder, options.log)
    port = server.server_address[1]
    if options.port_file:
        staged = options.port_file.with_name(options.port_file.name + ".tmp")
        staged.write_text(f"{port}\n")
        os.replace(staged, options.port_file)
    print(f"READY  index: http://{options.address}:{port}/simple/", flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        STOPPING.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
