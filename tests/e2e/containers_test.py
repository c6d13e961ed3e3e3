#!/usr/bin/env python3
"""The containers, with a real engine: started by containers.sh as root.

Builds and starts the stack, installs through the gateway's container, and then asks the engine and
the kernel, not compose.yaml, what holds: K-01 the hardening of each container, K-02 who reaches whom,
K-03 what can be written. Then a tampered file, a restart, and everything down.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = "rind-containers-test"
START_LIMIT = 180  # seconds until the gateway is healthy, images built

# ARCHITECTURE section 1: who reaches whom, of the containers that keep running.
MAY_REACH = {
    ("delegation-manager", "offline-signer"),
    ("delegation-manager", "release-signer"),
    ("delegation-manager", "content-signer"),
    ("mirror-syncer", "delegation-manager"),
    ("mirror-syncer", "sample-upstream"),
    ("gateway", "web"),
}
MAY_REACH_OUTSIDE = {"mirror-syncer"}
PUBLISHES = {"gateway", "web"}
ONE_SHOTS = {"pki", "init-officer", "init-offline-signer", "init-release-signer",
             "init-content-signer", "init-mirror-syncer", "bootstrap"}
SERVERS = {"release-signer", "content-signer", "delegation-manager", "mirror-syncer", "web",
           "gateway", "sample-upstream"}
# The one-shot that hands key files to their owners (SECURITY.md section 6, the named exception).
ROOT_CAPABILITIES = {"pki": {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"}}
# Where a container may write; all else must be read-only. /tmp is always there.
WRITABLE = {
    "release-signer": {"/data"},
    "content-signer": {"/data"},
    "offline-signer": {"/data"},
    "delegation-manager": {"/data", "/public", "/blobs"},
    "mirror-syncer": {"/data", "/blobs"},
    "gateway": {"/cache"},
    "web": set(),
    "sample-upstream": set(),
}
# Mounts that the engine makes and that no capability-less process can use to keep anything.
KERNEL_MOUNTS = ("/proc", "/sys", "/dev")


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


def run(*command, env=None, limit=900, ok=True):
    done = subprocess.run(command, env=env, timeout=limit, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if ok and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Stack:
    """The stack under a project name of its own, on free ports."""

    def __init__(self):
        self.gateway_port, self.web_port = free_port(), free_port()
        self.env = dict(os.environ, COMPOSE_PROJECT_NAME=PROJECT, COMPOSE_PROFILES="sample",
                        RIND_GATEWAY_PORT=str(self.gateway_port), RIND_WEB_PORT=str(self.web_port))
        self.command = self.compose_command()

    @staticmethod
    def compose_command():
        if os.environ.get("RIND_COMPOSE"):
            return os.environ["RIND_COMPOSE"].split()
        if run("docker", "compose", "version", ok=False).returncode == 0:
            return ["docker", "compose"]
        check(shutil.which("docker-compose"), "no compose: apt-get install docker-compose")
        return ["docker-compose"]

    def compose(self, *arguments, **kwargs):
        return run(*self.command, "--project-directory", str(ROOT), "-f", str(ROOT / "compose.yaml"),
                   *arguments, env=self.env, **kwargs)

    def containers(self):
        """Service -> what `docker inspect` says of its container."""
        ids = run("docker", "ps", "-aq", "--filter",
                  f"label=com.docker.compose.project={PROJECT}").stdout.split()
        found = {}
        for one in json.loads(run("docker", "inspect", *ids).stdout) if ids else []:
            labels = one["Config"]["Labels"]
            if labels.get("com.docker.compose.oneoff", "False").lower() != "true":
                found[labels["com.docker.compose.service"]] = one
        return found

    def running(self):
        return {name: one for name, one in self.containers().items() if one["State"]["Running"]}

    def logs(self):
        return self.compose("logs", "--tail", "30", ok=False).stdout

    def wait_until_ready(self):
        end = time.monotonic() + START_LIMIT
        while True:
            now = self.containers()
            for name in ONE_SHOTS & now.keys():
                state = now[name]["State"]
                check(state["Status"] != "exited" or state["ExitCode"] == 0,
                      f"{name} ended with {state['ExitCode']}")
            waiting = {name for name in SERVERS if self.health(now.get(name)) != "healthy"}
            if not waiting:
                return now
            check(time.monotonic() < end, f"not healthy after {START_LIMIT} s: {sorted(waiting)}")
            time.sleep(1)

    @staticmethod
    def health(one):
        if one is None or not one["State"]["Running"]:
            return "absent"
        health = one["State"].get("Health")
        return health["Status"] if health else "healthy"


def proc(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_text()


def status_field(pid, field):
    for line in proc(pid, "status").splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1].split()
    raise Failed(f"/proc/{pid}/status has no {field}")


def check_hardening(name, one):
    """K-01, of every container, from what the engine was told."""
    host, config = one["HostConfig"], one["Config"]
    check(host["ReadonlyRootfs"], f"{name}: its root file system can be written")
    check(host["CapDrop"] == ["ALL"], f"{name}: keeps capabilities: {host['CapDrop']}")
    added = {cap if cap.startswith("CAP_") else "CAP_" + cap for cap in host["CapAdd"] or []}
    check(added == ROOT_CAPABILITIES.get(name, set()), f"{name}: capabilities added: {added}")
    check("no-new-privileges:true" in (host["SecurityOpt"] or []), f"{name}: may gain privileges")
    check(not host["Privileged"], f"{name}: is privileged")
    check(host["PidsLimit"] and 0 < host["PidsLimit"] <= 256, f"{name}: no limit of processes")
    check(0 < host["Memory"] == host["MemorySwap"], f"{name}: memory without limit, or swap")
    for space in ("PidMode", "IpcMode", "UTSMode", "UsernsMode", "NetworkMode"):
        check(host[space] != "host", f"{name}: has the host's {space}")
    ulimits = {limit["Name"]: limit for limit in host["Ulimits"] or []}
    check(ulimits.get("core", {}).get("Hard") == 0, f"{name}: may dump core")
    check("nofile" in ulimits, f"{name}: no limit of open files")
    check("max-size" in host["LogConfig"]["Config"], f"{name}: its log has no limit")
    for mount in one["Mounts"]:
        check(mount["Type"] in ("volume", "tmpfs"), f"{name}: mounts {mount.get('Source')}")
    for path, options in (host["Tmpfs"] or {}).items():
        wanted = {"noexec", "nosuid", "nodev"}
        check(wanted <= set(options.split(",")), f"{name}: {path} is mounted {options}")
    published = {(port, binding["HostIp"]) for port, bindings in (host["PortBindings"] or {}).items()
                 for binding in bindings}
    check(bool(published) == (name in PUBLISHES), f"{name}: publishes {published}")
    check(all(ip == "127.0.0.1" for _, ip in published), f"{name}: publishes {published}")
    user = config["User"].split(":")[0]
    if name not in ROOT_CAPABILITIES:
        check(user.isdigit() and int(user) >= 10000, f"{name}: runs as {config['User'] or 'root'}")
    secrets = [v for v in config["Env"] or [] if "PASS" in v.upper() or "SECRET" in v.upper()]
    check(not secrets, f"{name}: secrets in its environment")


def check_process(name, one):
    """K-01 and K-03, of a running container, from what the kernel says of its first process."""
    pid = one["State"]["Pid"]
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        check(int(status_field(pid, field)[0], 16) == 0, f"{name}: {field} is not empty")
    check(status_field(pid, "NoNewPrivs") == ["1"], f"{name}: NoNewPrivs is not set")
    check(status_field(pid, "Seccomp") == ["2"], f"{name}: no seccomp filter")
    check(min(map(int, status_field(pid, "Uid"))) >= 10000, f"{name}: runs as root or a system user")
    limits = [line for line in proc(pid, "limits").splitlines() if line.startswith("Max core")]
    check(limits[0].split()[4:6] == ["0", "0"], f"{name}: may dump core")

    writable = set()
    for line in proc(pid, "mounts").splitlines():
        _, target, kind, options = line.split()[:4]
        if "rw" not in options.split(",") or target.startswith(KERNEL_MOUNTS):
            continue
        check(kind == "tmpfs" or target != "/", f"{name}: / is mounted read-write")
        writable.add(target)
        if kind == "tmpfs":
            check("noexec" in options.split(","), f"{name}: programs can run from {target}")
    # The engine's own files for name resolution are read-only to anyone but root.
    writable -= {"/etc/resolv.conf", "/etc/hostname", "/etc/hosts"}
    check(writable == WRITABLE[name] | {"/tmp"},
          f"{name}: can write {sorted(writable)}, wanted {sorted(WRITABLE[name] | {'/tmp'})}")

    if name not in ("web", "sample-upstream"):
        root = pathlib.Path(f"/proc/{pid}/root")
        for program in ("bin/sh", "bin/bash", "usr/bin/apt-get", "usr/bin/g++", "usr/bin/python3"):
            check(not (root / program).exists(), f"{name}: its image holds {program}")


def check_users(running):
    users = {}
    for name, one in running.items():
        user = one["Config"]["User"].split(":")[0]
        check(user not in users, f"{name} and {users.get(user)} run as the same user")
        users[user] = name


# Runs in a container's network namespace with the host's python: reads lines "address port", prints
# those that take a connection.
PROBE = r"""
import concurrent.futures, socket, sys
def reaches(line):
    address, port = line.split()
    try:
        socket.create_connection((address, int(port)), timeout=2).close()
        return line
    except OSError:
        return None
lines = sys.stdin.read().splitlines()
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    for found in pool.map(reaches, lines):
        if found: print(found)
"""


def reachable(pid, addresses):
    done = subprocess.run(["nsenter", "-t", str(pid), "-n", sys.executable, "-c", PROBE],
                          input="\n".join(addresses), text=True, stdout=subprocess.PIPE, timeout=60,
                          check=True)
    return set(done.stdout.splitlines())


def listening_ports(pid):
    """Ports that something in the container listens on, whatever the address, loopback apart."""
    ports = set()
    for table in ("net/tcp", "net/tcp6"):
        for line in proc(pid, table).splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, port = local.split(":")
            loopback = address.endswith("7F") and len(address) == 8 or address == "0B00007F"
            if state == "0A" and not loopback:
                ports.add(int(port, 16))
    return ports


class Outside:
    """A machine beyond the host: a network namespace that answers on a documentation address."""

    HOST, OUT, PORT = "198.51.100.1", "198.51.100.2", 8443

    def __enter__(self):
        self.server = None
        run("ip", "netns", "add", "rind-outside")
        run("ip", "link", "add", "rind-out0", "type", "veth", "peer", "name", "rind-out1", "netns",
            "rind-outside")
        run("ip", "addr", "add", self.HOST + "/24", "dev", "rind-out0")
        run("ip", "link", "set", "rind-out0", "up")
        inside = ("ip", "-n", "rind-outside")
        run(*inside, "addr", "add", self.OUT + "/24", "dev", "rind-out1")
        run(*inside, "link", "set", "rind-out1", "up")
        program = ("import socket,time\ns=socket.create_server(('',%d),backlog=64)\n"
                   "print('ready',flush=True)\nwhile True: s.accept()[0].close()" % self.PORT)
        self.server = subprocess.Popen(["ip", "netns", "exec", "rind-outside", sys.executable, "-c",
                                        program], stdout=subprocess.PIPE, text=True)
        check(self.server.stdout.readline() == "ready\n", "the outside does not listen")
        return f"{self.OUT} {self.PORT}"

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait()
        run("ip", "link", "del", "rind-out0", ok=False)
        run("ip", "netns", "del", "rind-outside", ok=False)


def check_reachability(running):
    """K-02: each container against every address of every other, on each port that one listens on."""
    targets = {}  # "address port" -> service
    for name, one in running.items():
        for port in listening_ports(one["State"]["Pid"]):
            for network in one["NetworkSettings"]["Networks"].values():
                targets[f"{network['IPAddress']} {port}"] = name
    check(set(targets.values()) == set(running),
          f"listen on nothing: {sorted(set(running) - set(targets.values()))}")
    expected = {pair for pair in MAY_REACH if set(pair) <= set(running)}
    found, outside_found = set(), set()
    with Outside() as outside:
        for name, one in running.items():
            lines = [line for line, owner in targets.items() if owner != name] + [outside]
            for line in reachable(one["State"]["Pid"], lines):
                if line == outside:
                    outside_found.add(name)
                else:
                    found.add((name, targets[line]))
    check(found == expected and outside_found == MAY_REACH_OUTSIDE,
          f"reaches more: {sorted(found - expected)}, reaches less: {sorted(expected - found)}, "
          f"has a way out: {sorted(outside_found)}")
    return len(running), len(targets)


class Installer:
    """A fresh virtual environment whose pip knows nothing but the gateway."""

    def __init__(self, folder, port):
        self.folder = folder
        self.index = f"http://127.0.0.1:{port}/simple/"
        run(sys.executable, "-m", "venv", str(folder))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        self.env["PIP_CONFIG_FILE"] = os.devnull
        self.env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"

    def install(self, ok=True):
        return run(str(self.folder / "bin/pip"), "install", "--no-cache-dir", "--force-reinstall",
                   "-i", self.index, "rind-hello", env=self.env, ok=ok, limit=120)


def check_install(installer):
    check("Successfully installed rind-hello-" in installer.install().stdout, "pip said nothing")


def check_explain(stack):
    said = stack.compose("run", "--rm", "-T", "rind", "explain", "rind-hello==1.0").stdout
    check("VERIFIED files/rind-hello/rind_hello-1.0" in said, f"explain said: {said}")


def check_tamper(stack, installer):
    """One byte of one file on the web server: refused, and pip shows who refused and why."""
    stack.compose("run", "--rm", "-T", "rind", "demo", "tamper")
    # The gateway's cache holds the good file: a gateway that has never seen it must refuse.
    stack.compose("stop", "gateway")
    stack.compose("rm", "-f", "gateway")
    run("docker", "volume", "rm", f"{PROJECT}_gateway")
    stack.compose("up", "-d", "gateway")
    stack.wait_until_ready()
    said = installer.install(ok=False)
    check(said.returncode != 0, "pip installed a changed file")
    check("403" in said.stdout and "rind refused" in said.stdout, f"pip said: {said.stdout[-2000:]}")
    stack.compose("run", "--rm", "-T", "rind", "demo", "restore")
    check_install(installer)


def main():
    stack = Stack()
    began = time.monotonic()

    def step(what, action, *arguments):
        start = time.monotonic()
        result = action(*arguments)
        print(f"containers: {what}: {time.monotonic() - start:.1f} s", flush=True)
        return result

    code = 1
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        stack.compose("down", "-v", "--remove-orphans")
        step("built", lambda: stack.compose("build", limit=3600))
        step("up", lambda: stack.compose("up", "-d"))
        now = step("ready", stack.wait_until_ready)
        check(set(now) == SERVERS | ONE_SHOTS | {"offline-signer"},
              f"containers: {sorted(set(now) ^ (SERVERS | ONE_SHOTS | {'offline-signer'}))}")
        state = now["offline-signer"]["State"]
        check(state["Status"] == "exited" and state["ExitCode"] == 0,
              f"offline-signer: {state['Status']} {state['ExitCode']}, wanted exited 0 by design")
        for name, one in now.items():
            check_hardening(name, one)
        for name, one in stack.running().items():
            check_process(name, one)
        check_users(stack.running())
        print(f"containers: K-01, K-03: {len(now)} containers hardened")
        running, addresses = step("K-02 reachability", check_reachability, stack.running())
        print(f"containers: K-02: {running} containers against {addresses} addresses")
        installer = Installer(folder / "venv", stack.gateway_port)
        step("installed through the gateway", check_install, installer)
        step("explained", check_explain, stack)
        step("tampered, refused, restored", check_tamper, stack, installer)
        step("down", lambda: stack.compose("down"))
        step("up again", lambda: stack.compose("up", "-d"))
        step("ready again", stack.wait_until_ready)
        step("K-02 with the offline signer up", check_reachability, stack.running())
        step("installed again", check_install, installer)
        code = 0
    except (Failed, subprocess.TimeoutExpired) as error:
        print(f"containers: FAILED: {error}\n{stack.logs()}", flush=True)
    finally:
        if not os.environ.get("KEEP"):
            step("all down", lambda: stack.compose("down", "-v", "--remove-orphans", ok=False))
        shutil.rmtree(folder)
    if code == 0:
        left = run("docker", "volume", "ls", "-q", "--filter",
                   f"label=com.docker.compose.project={PROJECT}").stdout.split()
        if left and not os.environ.get("KEEP"):
            print(f"containers: FAILED: volumes left: {left}")
            code = 1
        print(f"containers: {'passed' if code == 0 else 'failed'} "
              f"in {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
