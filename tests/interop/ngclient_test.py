#!/usr/bin/env python3
"""python-tuf's ngclient and tuf-js against a repository that rind published.

Each starts from the client bundle, with its default limits: refresh, an index page, a wheel; a file
that a second sync added; a rollback that must be refused; and a file of a claimed project that an
online key put into a bin, which must not be found.

    ngclient_test.py [--bins 256] [--bins 16384]   (256 by default)

With 16,384 bins each refresh of tuf-js takes minutes, nearly all of them in its own parser: 4.1.0 copies
the snapshot's `meta` once for every role in it.

Needs the programs of build/release/bin, the packages of requirements.txt and, for tuf-js, the
packages of package.json beside this file.
"""

import argparse
import functools
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import harness  # noqa: E402
import stolen_keys  # noqa: E402
from tuf.ngclient import Updater  # noqa: E402
from tuf.api import exceptions  # noqa: E402


class Refused(Exception):
    """The client would not accept what the mirror served; the text is its own."""


class PythonTuf:
    name = "python-tuf"

    def __init__(self, bundle, mirror, folder):
        self.root, self.mirror = (pathlib.Path(bundle) / "root.json").read_bytes(), mirror
        self.metadata = pathlib.Path(folder) / "metadata"
        self.targets = pathlib.Path(folder) / "targets"
        self.metadata.mkdir(parents=True)
        self.targets.mkdir()

    def fetch(self, *targets):
        """The bytes of each target, None where the client finds none; Refused when it refuses."""
        try:
            updater = Updater(
                metadata_dir=str(self.metadata),
                metadata_base_url=self.mirror + "metadata/",
                target_dir=str(self.targets),
                target_base_url=self.mirror + "targets/",
                bootstrap=self.root,
            )
            updater.refresh()
            infos = [updater.get_targetinfo(target) for target in targets]
            return [info and pathlib.Path(updater.download_target(info)).read_bytes() for info in infos]
        except (exceptions.RepositoryError, exceptions.DownloadError) as error:
            raise Refused(f"{type(error).__name__}: {error}") from error


class TufJs:
    name = "tuf-js"

    def __init__(self, bundle, mirror, folder):
        self.mirror = mirror
        self.metadata = pathlib.Path(folder) / "metadata"
        self.targets = pathlib.Path(folder) / "targets"
        self.metadata.mkdir(parents=True)
        self.targets.mkdir()
        shutil.copy(pathlib.Path(bundle) / "root.json", self.metadata / "root.json")

    def fetch(self, *targets):
        done = subprocess.run(
            ["node", str(HERE / "tuf_js_client.mjs"), str(self.metadata), str(self.targets),
             self.mirror, *targets],
            capture_output=True, text=True, timeout=1800, cwd=HERE)
        if done.returncode == 3:
            raise Refused(done.stderr.strip())
        if done.returncode != 0:
            raise RuntimeError(f"tuf_js_client.mjs: {done.stderr}")
        return [path and pathlib.Path(path).read_bytes() for path in json.loads(done.stdout)["paths"]]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)
    print(f"  ok  {what}", flush=True)


def expect_refused(client, target, what):
    try:
        [found] = client.fetch(target)
    except Refused as refusal:
        print(f"  ok  {client.name} {what}: {str(refusal)[:110]}", flush=True)
        return
    raise AssertionError(f"{client.name} {what}: it accepted {None if found is None else len(found)}")


class OtherMirror:
    """A web server of the thief's: another public tree under an address of its own."""

    def __init__(self, folder):
        handler = functools.partial(QuietHandler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def clients_of(system, scratch, mirror, name):
    return [kind(system.bundle, mirror, f"{scratch}/{name}-{kind.name}") for kind in (PythonTuf, TufJs)]


def steal_and_forge(system, scratch):
    """Every online key in a thief's hands: unclaimed projects fall, a claimed one does not."""
    passphrase = system.folder / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    passphrase.chmod(0o600)
    project = [harness.BIN / "rind-project", "--config", system.home / "developer/client.toml",
               "--home", system.folder / "projects"]
    harness.run([*project, "init", "rind-hello", "--passphrase-file", passphrase])
    harness.run([*project, "claim", "rind-hello", "--yes", "--passphrase-file", passphrase])
    system.rind("claims", "authorise", "rind-hello", "--key", system.home / "officer/officer.key",
                "--no-passphrase", "--yes")
    with_offline = system.start("offline-signer")
    proposal = system.rind_json("promote", "rind-hello", "--no-wait")["proposal"]
    harness.run([harness.BIN / "rind-offline-signer", "approve", "--config",
                 system.config("offline-signer"), proposal, "--yes"])
    system.rind("promote", "rind-hello")
    with_offline.terminate()
    with_offline.wait(timeout=20)

    thief = stolen_keys.Thief(system.home)
    for number, (target, found) in enumerate({"files/rind-hello/rind_hello-66.6-py3-none-any.whl": False,
                                              "files/rind-cheese/rind_cheese-66.6-py3-none-any.whl": True}.items()):
        forged = pathlib.Path(scratch) / f"forged-{number}"
        thief.forge(system.home / "public", forged, target, b"malware")
        with OtherMirror(forged) as mirror:
            for client in clients_of(system, scratch, mirror, f"thief-{number}"):
                if found:
                    expect(client.fetch(target) == [b"malware"],
                           f"{client.name} is deceived about an unclaimed project, as the trust model says")
                else:
                    expect(client.fetch(target) == [None],
                           f"{client.name} does not find what a thief put into a bin for a claimed project")


def run(bins):
    print(f"{bins} bins", flush=True)
    with tempfile.TemporaryDirectory(prefix="rind-interop-") as scratch, \
            harness.System(bins=bins) as system:
        system.rind("sync")
        system.rind("release")
        clients = clients_of(system, scratch, system.mirror, "client")
        hello = system.upstream.file("rind-hello", "rind_hello-1.0-py3-none-any.whl").read_bytes()
        for client in clients:
            page, wheel, absent = client.fetch("simple/rind-hello/index.json",
                                               "files/rind-hello/rind_hello-1.0-py3-none-any.whl",
                                               "files/rind-hello/none-9.whl")
            expect(page is not None and b"rind_hello-1.0" in page, f"{client.name} verifies an index page")
            expect(wheel == hello, f"{client.name} verifies a wheel")
            expect(absent is None, f"{client.name} finds no file that nobody lists")

        timestamp = system.public("metadata/timestamp.json")
        old_timestamp = timestamp.read_bytes()
        added = system.upstream.add_wheel("rind-hello", "9.9")
        system.rind("sync")
        system.rind("release")
        for client in clients:
            expect(client.fetch(f"files/rind-hello/{added.name}") == [added.read_bytes()],
                   f"{client.name} sees the file of the second sync")

        new_timestamp = timestamp.read_bytes()
        timestamp.write_bytes(old_timestamp)
        for client in clients:
            expect_refused(client, "simple/rind-hello/index.json", "refuses an older timestamp")
        timestamp.write_bytes(new_timestamp)
        for client in clients:
            expect(client.fetch("simple/rind-hello/index.json") != [None],
                   f"{client.name} goes on afterwards")
        steal_and_forge(system, scratch)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bins", type=int, action="append")
    for bins in parser.parse_args().bins or [256]:
        run(bins)
    print("ngclient_test: all passed")


if __name__ == "__main__":
    main()
