#!/usr/bin/env python3
"""`make demo`: the whole road on this machine, from an index to a verified pip install and a refusal.

    UPSTREAM  ""        the sample index, which is started too
              "pip"     the index that pip on this machine is configured for
              a URL     of a simple index
    PROJECTS  names, separated by spaces (for a real index; "six idna" otherwise)

With --up HOME the system is left running instead (`make up`). Needs Debian's packages only.
"""

import argparse
import ipaddress
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RIND_BIN", ROOT / "build/release/bin"))
PYTHON = "/usr/bin/python3"
SHOWN = []


def say(text):
    print(f"\n== {text}", flush=True)


def fail(text):
    sys.exit(f"demo: {text}")


def environment():
    """This one's, without what would send pip elsewhere."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("PIP_", "RIND_")) and name.lower() not in ("http_proxy", "all_proxy")}


def run(*arguments, wanted=0, quiet=False):
    """Runs a program, shows what it prints, and insists on its exit code."""
    shown = " ".join("rind" if str(a) == str(BIN / "rind") else str(a) for a in arguments)
    print(f"$ {shown}", flush=True)
    done = subprocess.run([str(a) for a in arguments], text=True, stdin=subprocess.DEVNULL, env=environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800)
    if not quiet or done.returncode != wanted:
        print(done.stdout, end="", flush=True)
    if done.returncode != wanted:
        fail(f"`{shown}` ended with {done.returncode}, wanted {wanted}")
    return done.stdout


def shown(what, result):
    SHOWN.append((what, result))


def pip_index():
    """The address that pip on this machine takes packages from."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    for pip in (["pip"], ["pip3"], [sys.executable, "-m", "pip"]):
        try:
            done = subprocess.run([*pip, "config", "get", "global.index-url"], text=True,
                                  capture_output=True, timeout=60)
        except FileNotFoundError:
            continue
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    fail("pip on this machine is not configured for an index of its own: give its address, "
         "make demo UPSTREAM=<address>")


def is_private(host):
    """Whether any of the host's addresses is not a public one; the syncer refuses those unless told."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(not ipaddress.ip_address(entry[4][0].split("%")[0]).is_global for entry in found)


def upstream_flags(folder):
    """Flags of `rind up` for UPSTREAM and PROJECTS, and the projects."""
    upstream = os.environ.get("UPSTREAM", "").strip()
    projects = os.environ.get("PROJECTS", "").split()
    if not upstream:
        return ["--sample"], projects or ["rind-hello"]
    projects = projects or ["six", "idna"]
    if upstream == "pip":
        upstream = pip_index()
    parts = urllib.parse.urlsplit(upstream)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        fail(f"UPSTREAM={upstream}: wanted http(s)://host/.../simple/, or pip")
    flags = []
    if parts.username:
        secret = folder / "upstream-credentials"
        secret.touch(mode=0o600)
        secret.write_text(f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}\n")
        flags += ["--credentials-file", secret]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = urllib.parse.urlunsplit((parts.scheme, host + (f":{parts.port}" if parts.port else ""),
                                       parts.path.rstrip("/") + "/", "", ""))
    proxy = os.environ.get(f"{parts.scheme}_proxy") or os.environ.get(f"{parts.scheme.upper()}_PROXY")
    if proxy:
        flags += ["--upstream-proxy", proxy]
    elif is_private(parts.hostname):
        flags += ["--private-upstream"]
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if os.environ.get(name) and os.path.isfile(os.environ[name]):
            flags += ["--upstream-ca", os.environ[name]]
            break
    for project in projects:
        flags += ["--project", project]
    return ["--upstream", address, *flags], projects


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        self.config = self.home / "client.toml"

    def rind(self, *arguments, wanted=0):
        return run(BIN / "rind", "--config", self.config, *arguments, wanted=wanted)

    def start(self):
        flags, self.projects = upstream_flags(self.folder)
        say("rind up: every service as a process of its own, mutual TLS, keys split by trust")
        printed = run(BIN / "rind", "up", "--home", self.home, "--detach", "--free-ports", *flags)
        ready = next((line for line in printed.splitlines() if line.startswith("READY")), None)
        if ready is None:
            fail("rind up printed no READY line")
        self.index = ready.split()[-1]
        shown("rind up", "services run, repository created, offline signer stopped")

    def publish(self):
        say("sync and release: what upstream has, vouched for, signed and published")
        self.rind("sync")
        self.rind("release")
        shown("rind sync, rind release", "mirrored, signed, published")

    def pip(self, *what, wanted=0):
        return run(self.python, "-m", "pip", "install", "--isolated", "--disable-pip-version-check",
                   "--no-cache-dir", "-i", self.index, *what, wanted=wanted)

    def install(self):
        say("pip install through the gateway, into a fresh virtual environment")
        run(PYTHON, "-m", "venv", self.folder / "venv", quiet=True)
        self.python = self.folder / "venv/bin/python"
        self.pip(*self.projects)
        self.project = self.projects[0]
        version = subprocess.run(
            [self.python, "-c", "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))",
             self.project], text=True, capture_output=True, check=True).stdout.strip()
        self.wanted = f"{self.project}=={version}"
        shown(f"pip install {' '.join(self.projects)}", f"installed, {self.wanted} among them")

    def explain(self):
        say("rind explain: who vouches for it")
        printed = self.rind("explain", self.wanted)
        if "VERIFIED" not in printed:
            fail("rind explain printed no VERIFIED")
        shown(f"rind explain {self.wanted}", "VERIFIED, from the offline root to the file")

    def tamper(self):
        say("one byte of the served file changes, on the web server")
        self.rind("demo", "tamper", self.wanted)
        printed = self.pip("--force-reinstall", "--no-deps", self.wanted, wanted=1)
        refusal = next((line for line in printed.splitlines() if "403" in line and "rind refused" in line), None)
        if refusal is None:
            fail("pip did not show the gateway's refusal (403, rind refused)")
        shown("pip install of the changed file", "403 " + refusal[refusal.index("rind refused"):].split(" for url")[0])
        self.rind("explain", self.wanted, wanted=1)
        self.rind("check", "--data", wanted=1)
        shown("rind check --data", "exit 1, naming the changed file")

    def restore(self):
        say("put back")
        self.rind("demo", "restore", self.wanted)
        self.pip("--force-reinstall", "--no-deps", self.wanted)
        shown("pip install after it was put back", "installed")
        self.rind("check", "--data")
        shown("rind check --data", "exit 0: all matches")
        self.rind("status")
        shown("rind status", "exit 0")

    def stop(self):
        if (self.home / "up.toml").exists():
            subprocess.run([str(BIN / "rind"), "down", "--home", str(self.home)], timeout=60, check=False,
                           stdout=subprocess.DEVNULL)


def leave_running(home):
    """`make up`."""
    fresh = not (home / "up.toml").exists()
    flags = []
    if fresh or os.environ.get("UPSTREAM"):
        home.parent.mkdir(parents=True, exist_ok=True)
        flags, _ = upstream_flags(home.parent)
    done = subprocess.run([str(BIN / "rind"), "up", "--home", str(home), "--detach", *map(str, flags)],
                          env=environment(), check=False)
    return done.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--up", type=pathlib.Path, metavar="HOME", help="leave it running in this folder")
    parser.add_argument("--keep", action="store_true", help="keep the folder for a look")
    options = parser.parse_args()
    if options.up:
        return leave_running(options.up)
    start = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rind-demo-"))
    demo = Demo(folder)
    try:
        for step in (demo.start, demo.publish, demo.install, demo.explain, demo.tamper, demo.restore):
            step()
    except BaseException:
        for log in sorted((demo.home / "log").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-8:]
            print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)
        raise
    finally:
        demo.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    say("shown")
    width = max(len(what) for what, _ in SHOWN)
    for what, result in SHOWN:
        print(f"  {what:<{width}}  {result}")
    print(f"\nDone in {time.monotonic() - start:.0f} s. All of it ran on one host, so it was one level of "
          "trust; README.md says what belongs where.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
