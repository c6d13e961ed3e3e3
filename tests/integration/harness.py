"""A whole system for tests: a sample index, `rind up`, and hands to use and to hurt it.

    with System() as system:
        system.rind("sync")
        system.pip_install(target, "rind-hello")

Everything lies in one temporary folder and listens on loopback, on ports that were free. Processes are
ended by the ids that they were started with. Python's standard library only.
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RIND_BIN", ROOT / "build/release/bin"))
UPSTREAM = ROOT / "tests/upstream"
SERVICES = ("offline-signer", "release-signer", "content-signer", "delegation-manager", "mirror-syncer",
            "gateway")
PROGRAMS = {"offline-signer": "rind-offline-signer", "release-signer": "rind-online-signer",
            "content-signer": "rind-online-signer", "delegation-manager": "rind-delegation-manager",
            "mirror-syncer": "rind-mirror-syncer", "gateway": "rind-gateway"}


class Failed(AssertionError):
    """A program did not do what the test asked; has its output."""


def run(arguments, check=True, timeout=120, **options):
    """Runs a program; Failed with everything that it printed unless it exits with 0."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **options)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition, what, seconds=60):
    """Polls `condition` until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def process_is_gone(pid):
    """True when the process has ended (a zombie that nobody waited for counts as ended).

    The first thread's state alone says little: it can be dead while others still hold locks.
    """
    try:
        dead = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        return dead and len(os.listdir(f"/proc/{pid}/task")) == 1
    except (FileNotFoundError, ProcessLookupError):
        return True


class Upstream:
    """The sample index, in a folder of its own that a test may change."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        run([sys.executable, UPSTREAM / "make_sample.py", self.folder])
        port_file = self.folder / "port"
        self.process = subprocess.Popen(
            [sys.executable, str(UPSTREAM / "sample_pypi.py"), "--folder", str(self.folder), "--port", "0",
             "--port-file", str(port_file), "--log", str(self.folder / "requests.log")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        wait_for(lambda: port_file.exists() and port_file.read_text().strip(), "the sample index")
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}/simple/"

    def file(self, project, name):
        return self.folder / "projects" / project / name

    def raise_serial(self):
        serial = self.folder / "serial"
        serial.write_text(f"{int(serial.read_text()) + 1}\n")

    def add_wheel(self, project, version, requires=()):
        """Adds one more wheel of a pure Python project and returns its path."""
        sys.path.insert(0, str(UPSTREAM))
        import zipfile
        module = project.replace("-", "_")
        path = self.file(project, f"{module}-{version}-py3-none-any.whl")
        info = f"{module}-{version}.dist-info/"
        files = {
            f"{module}/__init__.py": f"VERSION = {version!r}\n",
            info + "METADATA": "Metadata-Version: 2.1\n" + f"Name: {project}\nVersion: {version}\n"
                               + "".join(f"Requires-Dist: {name}\n" for name in requires),
            info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                            "Tag: py3-none-any\n",
        }
        record = "".join(
            f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
            f"{len(text.encode())}\n" for name, text in files.items())
        files[info + "RECORD"] = record + f"{info}RECORD,,\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text)
        self.raise_serial()
        return path

    def faults(self, **faults):
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


class System:
    """`rind up` in a temporary home. Keep it small: `bins` is the number of hashed bins."""

    def __init__(self, bins=16, options=(), keep=False):
        self.bins, self.options, self.keep = bins, list(options), keep

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rind-test-"))
        self.home = self.folder / "home"
        self.bundle = self.home / "bundle"
        self.extra = []
        self.upstream = Upstream(self.folder / "upstream")
        try:
            self.up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.show_logs()
        run([BIN / "rind", "down", "--home", self.home], check=False)
        for process in self.extra:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=20)
        self.upstream.stop()
        if not self.keep:
            shutil.rmtree(self.folder)

    def up(self, *options):
        fresh = not (self.home / "up.toml").exists()
        arguments = ["--free-ports", "--upstream", self.upstream.url, "--private-upstream", "--all",
                     "--bins", self.bins, *self.options] if fresh else []
        run([BIN / "rind", "up", "--home", self.home, "--detach", *arguments, *options], timeout=300)
        settings = json.loads((self.bundle / "settings.json").read_text())
        self.mirror = settings["mirror"]

    def down(self):
        run([BIN / "rind", "down", "--home", self.home])

    def rind(self, *arguments, check=True, timeout=300):
        return run([BIN / "rind", "--config", self.home / "client.toml", *arguments], check=check,
                   timeout=timeout)

    def rind_json(self, *arguments, check=True):
        return json.loads(self.rind("--json", *arguments, check=check).stdout)

    @property
    def client_settings(self):
        import tomllib
        return tomllib.loads((self.home / "client.toml").read_text())

    @property
    def index(self):
        return self.client_settings["services"]["gateway"] + "simple/"

    def public(self, path):
        return self.home / "public" / path

    def blob(self, sha256):
        return self.home / "blobs/sha256" / sha256[:2] / sha256

    def blob_of(self, project, name):
        """The mirror's copy of an upstream file."""
        return self.blob(hashlib.sha256(self.upstream.file(project, name).read_bytes()).hexdigest())

    def get(self, url, accept="*/*"):
        """Status, reason and body of a GET; no proxy, whatever the environment says."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(url, headers={"Accept": accept})
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.reason, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.reason, error.read()

    def python_with_pip(self):
        """A new virtual environment's Python."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="venv-", dir=self.folder))
        run(["/usr/bin/python3", "-m", "venv", folder])
        return folder / "bin/python"

    def pip_install(self, python, *what, check=True):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return run([python, "-m", "pip", "install", "--isolated", "--no-cache-dir",
                    "--disable-pip-version-check", "-i", self.index, *what], check=check, env=environment)

    def pid(self, service):
        """The id of a running service; it stands first in its pid file."""
        return int((self.home / "run" / f"{service}.pid").read_text().split()[0])

    def kill(self, service):
        """kill -9, and waits for the end."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: process_is_gone(pid), f"the end of {service}")

    def kill_any(self, service):
        """kill -9 of a service, whoever started it."""
        own = [p for p in self.extra if p.service == service and p.poll() is None]
        for process in own:
            process.kill()
            process.wait(timeout=20)
        if own or not (self.home / "run" / f"{service}.pid").exists():
            return
        if not process_is_gone(self.pid(service)):
            self.kill(service)

    def config(self, service):
        return self.home / service / "config.toml"

    def start(self, service, environment=(), ready=True, wrapper=()):
        """Starts one service by itself (after kill or down), `wrapper` before its program; its Popen."""
        path = self.folder / f"{service}-{len(self.extra)}.log"
        with open(path, "wb") as log:
            process = subprocess.Popen(
                [*wrapper, str(BIN / PROGRAMS[service]), "serve", "--config", str(self.config(service))],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **dict(environment)})
        process.log, process.service = path, service
        self.extra.append(process)
        if ready:
            wait_for(lambda: b"READY" in process.log.read_bytes() or process.poll() is not None,
                     f"{service} to be ready")
            if process.poll() is not None:
                raise Failed(f"{service} ended with {process.returncode}:\n{process.log.read_text()}")
        return process

    def show_logs(self):
        for log in sorted([*(self.home / "log").glob("*.log"), *self.folder.glob("*.log")]):
            text = log.read_text(errors="replace").splitlines()[-15:]
            print(f"--- {log.name}", *text, sep="\n", file=sys.stderr)
