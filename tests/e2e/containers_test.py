#!/usr/bin/env python3
"""The containers, with a real engine: started by containers.sh as root.

Builds the images, runs the quick start of README.md line by line, and asks the engine and the kernel,
not compose.yaml, what holds: K-01 the hardening of each container, K-02 who reaches whom, K-03 what
can be written. Then everything is started again, twice, and taken down.
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import readme

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = "rind-containers-test"
START_LIMIT = 300  # seconds until the gateway is healthy, all layers built

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
# The lines of README.md that are not run here: this is the clone.
README_LEFT_OUT = ["git clone <repository> rind && cd rind"]
SERVERS = {"release-signer", "content-signer", "delegation-manager", "mirror-syncer", "web",
           "gateway", "sample-upstream"}
# The one-shot that hands key files to their owners (SECURITY.md section 6, the named exception).
ROOT_CAPABILITIES = {"pki": {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"}}
# Where a container may write; all else must be read-only.
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
# In every container, in memory, and nothing may be run from there.
MEMORY = {"/tmp", "/dev/shm", "/dev/mqueue"}


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


def run(*command, env=None, cwd=None, limit=900, ok=True):
    done = subprocess.run(command, env=env, cwd=cwd, timeout=limit, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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
        # All else is .env's. pip is to know no index but the one that it is given.
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("PIP_", "RIND_", "COMPOSE_"))}
        self.env.update(COMPOSE_PROJECT_NAME=PROJECT, RIND_GATEWAY_PORT=str(self.gateway_port),
                        RIND_WEB_PORT=str(self.web_port), PIP_CONFIG_FILE=os.devnull,
                        PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_CACHE_DIR="1")
        self.command = self.compose_command()

    @staticmethod
    def compose_command():
        if os.environ.get("RIND_COMPOSE"):
            return os.environ["RIND_COMPOSE"].split()
        if run("docker", "compose", "version", ok=False).returncode == 0:
            return ["docker", "compose"]
        check(shutil.which("docker-compose"), "no compose: apt-get install docker-compose")
        return ["docker-compose"]

    def compose(self, *arguments, environment=None, **kwargs):
        return run(*self.command, "--project-directory", str(ROOT), "-f", str(ROOT / "compose.yaml"),
                   *arguments, env=dict(self.env, **(environment or {})), **kwargs)

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

    def wait_until_ended(self, name):
        """Until a container that ends by itself did, without an error."""
        end = time.monotonic() + START_LIMIT
        while (state := self.containers()[name]["State"])["Status"] != "exited":
            check(time.monotonic() < end, f"{name}: still {state['Status']} after {START_LIMIT} s")
            time.sleep(0.5)
        check(state["ExitCode"] == 0, f"{name}: ended with {state['ExitCode']}")

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


def writable_mounts(pid):
    """Where the process's user may write -> kind of file system, of all that is mounted."""
    user = int(status_field(pid, "Uid")[1])
    groups = {int(status_field(pid, "Gid")[1]), *map(int, status_field(pid, "Groups"))}
    found = {}
    for line in proc(pid, "mountinfo").splitlines():
        before, after = line.split(" - ")
        target, options = before.split()[4:6]
        kind, _, of_all = after.split()[:3]
        if "rw" not in options.split(",") or "rw" not in of_all.split(","):
            continue
        mode = os.stat(f"/proc/{pid}/root{target}")
        if stat.S_ISCHR(mode.st_mode):  # /dev/null over what the engine hides
            continue
        bits = (stat.S_IWUSR if mode.st_uid == user else
                stat.S_IWGRP if mode.st_gid in groups else stat.S_IWOTH)
        # A root file system that is not read-only counts whoever owns its top.
        if mode.st_mode & bits or target == "/":
            found[target] = kind
    return found


def runs_from(pid, target):
    """Whether a program that lies there can be run, by trying."""
    probe = pathlib.Path(f"/proc/{pid}/root{target}/rind-probe")
    shutil.copyfile("/bin/true", probe)
    try:
        probe.chmod(0o755)
        return subprocess.run([str(probe)], check=False).returncode == 0
    except PermissionError:
        return False
    finally:
        probe.unlink()


def check_the_checks():
    """A container that may write and run what it wrote is seen as one. The engine adds noexec unless
    it is told `exec`, so leaving the word out of compose.yaml shows nothing."""
    loose = run("docker", "run", "-d", "--tmpfs", "/tmp:exec,size=4m", "--tmpfs", "/more",
                "rind/sample-upstream").stdout.split()[-1]
    try:
        one = json.loads(run("docker", "inspect", loose).stdout)[0]
        pid = one["State"]["Pid"]
        writable = writable_mounts(pid)
        check({"/", "/tmp", "/more"} <= set(writable), f"a loose container can write {writable}")
        check(runs_from(pid, "/tmp"), "a program in a tmpfs with `exec` was not run")
        check(not runs_from(pid, "/more"), "a program in a tmpfs without `exec` was run")
    finally:
        run("docker", "rm", "-f", loose)


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

    writable = writable_mounts(pid)
    check(set(writable) == WRITABLE[name] | MEMORY,
          f"{name}: can write {sorted(writable)}, wanted {sorted(WRITABLE[name] | MEMORY)}")
    for target, kind in writable.items():
        in_memory = kind in ("tmpfs", "mqueue")
        check(in_memory == (target in MEMORY), f"{name}: {target} is {kind}")
        # A volume can't be told not to run programs.
        check(kind != "tmpfs" or not runs_from(pid, target), f"{name}: programs run from {target}")

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


def forget_images():
    """So that `docker compose up` has to make them itself; their layers stay."""
    names = run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter",
                "reference=rind/*").stdout.split()
    run("docker", "rmi", "-f", "--no-prune", *names)


class QuickStart:
    """README.md's console blocks, run as they stand, but for the ports and the compose there is."""

    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        self.blocks = readme.steps()
        self.left_out = []
        shim = folder / "bin/docker"
        shim.parent.mkdir()
        # `docker compose` is what users have; Debian 12 has docker-compose.
        shim.write_text(f"""#!/bin/bash
if [ "$1" = compose ]; then
  cd {shlex.quote(str(ROOT))} && exec {shlex.join(stack.command)} "${{@:2}}"
fi
exec {shlex.quote(shutil.which("docker"))} "$@"
""")
        shim.chmod(0o755)
        self.env = dict(stack.env, PATH=f"{shim.parent}:{os.environ['PATH']}")

    def here(self, text):
        return (text.replace("127.0.0.1:8080", f"127.0.0.1:{self.stack.gateway_port}")
                .replace("127.0.0.1:8081", f"127.0.0.1:{self.stack.web_port}"))

    def steps(self, block):
        for one in self.blocks[block]:
            if one.command in README_LEFT_OUT:
                self.left_out.append(one.command)
            else:
                yield one

    def run_block(self, block):
        for one in self.steps(block):
            done = run("bash", "-c", self.here(one.command), env=self.env, cwd=self.folder, ok=False,
                       limit=START_LIMIT)
            check((done.returncode != 0) == one.fails,
                  f"README: {one.command}: exit {done.returncode}\n{done.stdout[-4000:]}")
            missing = one.missing(done.stdout)
            check(missing is None,
                  f"README: {one.command}: did not print {missing!r} but\n{done.stdout[-4000:]}")

    def up(self):
        """`docker compose up` in a terminal of its own, until its READY line."""
        ready = self.here("READY  pip index: http://127.0.0.1:8080/simple/")
        check(self.here(f"`{ready}`") in self.here(readme.README.read_text()), f"README: no `{ready}`")
        (one,) = self.steps(0)
        check(one.command == "docker compose up", f"README: {one.command}, wanted docker compose up")
        printed = self.folder / "up.log"
        with printed.open("w") as log:
            terminal = subprocess.Popen(["bash", "-c", "exec " + one.command], env=self.env,
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        end = time.monotonic() + START_LIMIT
        while ready not in (text := printed.read_text()):
            if terminal.poll() is not None or time.monotonic() > end:
                interrupt(terminal)
                raise Failed(f"docker compose up: no {ready!r} in\n{text[-4000:]}")
            time.sleep(0.5)
        return terminal


def interrupt(terminal):
    """Ctrl-C."""
    if terminal.poll() is None:
        os.killpg(terminal.pid, signal.SIGINT)
        terminal.wait(START_LIMIT)


def check_started_again(stack, installer):
    """What a start with everything there already must be like: no service waits, none fails."""
    stack.wait_until_ready()
    stack.wait_until_ended("offline-signer")
    said = stack.compose("logs", "--no-color", "offline-signer").stdout
    check("nothing to approve: /bundle/settings.json" in said, f"offline-signer said: {said}")
    said = stack.compose("logs", "--no-color", "bootstrap").stdout
    check("is there already: rind-compose" in said, f"bootstrap said: {said}")
    check("Successfully installed rind-hello-1.0" in installer().stdout, "pip said nothing")


def check_ceremony(stack):
    """The offline signer as docs/configuration.md has it for a ceremony, and back."""
    stack.compose("up", "-d", "offline-signer", environment={"RIND_POLICY_BOOTSTRAP": "none"})
    pending = ("exec", "-T", "offline-signer", "/bin/rind-offline-signer", "pending", "--config",
               "/etc/rind/config.toml")
    end = time.monotonic() + START_LIMIT
    while (done := stack.compose(*pending, ok=False)).returncode != 0:
        check(time.monotonic() < end, f"offline-signer does not serve: {done.stdout}")
        time.sleep(0.5)
    check("nothing waits" in done.stdout, f"pending said: {done.stdout}")
    running = stack.running()
    check("offline-signer" in running, "the offline signer ended though it was to serve")
    check_process("offline-signer", running["offline-signer"])
    check_reachability(running)
    stack.compose("up", "-d", "offline-signer")
    stack.wait_until_ended("offline-signer")


def main():
    # A shell starts what is to run in the background with it ignored; compose is to hear Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stack = Stack()
    began = time.monotonic()

    def step(what, action, *arguments):
        start = time.monotonic()
        result = action(*arguments)
        print(f"containers: {what}: {time.monotonic() - start:.1f} s", flush=True)
        return result

    code = 1
    folder = pathlib.Path(tempfile.mkdtemp())
    terminal = None
    try:
        start = QuickStart(stack, folder)

        def install():
            return run(str(folder / "try/bin/pip"), "install", "--force-reinstall", "-i",
                       start.here("http://127.0.0.1:8080/simple/"), "rind-hello", env=stack.env,
                       limit=120)

        stack.compose("down", "-v", "--remove-orphans")
        step("built", lambda: stack.compose("build", limit=3600))
        step("the checks see a loose container", check_the_checks)
        forget_images()
        terminal = step("docker compose up, READY", start.up)
        now = step("all healthy", stack.wait_until_ready)
        check(set(now) == SERVERS | ONE_SHOTS | {"offline-signer"},
              f"containers: {sorted(set(now) ^ (SERVERS | ONE_SHOTS | {'offline-signer'}))}")
        step("the offline signer ended by design", stack.wait_until_ended, "offline-signer")
        for name, one in now.items():
            check_hardening(name, one)
        for name, one in stack.running().items():
            check_process(name, one)
        check_users(stack.running())
        print(f"containers: K-01, K-03: {len(now)} containers hardened")
        running, addresses = step("K-02 reachability", check_reachability, stack.running())
        print(f"containers: K-02: {running} containers against {addresses} addresses")
        step("README: installed, explained", start.run_block, 1)
        step("README: tampered, refused, put back", start.run_block, 2)
        step("Ctrl-C", interrupt, terminal)
        check(not stack.running(), f"run after Ctrl-C: {sorted(stack.running())}")
        step("README: docker compose up -d", start.run_block, 3)
        step("started again, installed again", check_started_again, stack, install)
        step("a ceremony: the offline signer serves, K-02 with it", check_ceremony, stack)
        step("down", lambda: stack.compose("down"))
        step("up", lambda: stack.compose("up", "-d"))
        step("made anew, installed again", check_started_again, stack, install)
        step("README: all deleted", start.run_block, 4)
        check(start.left_out == README_LEFT_OUT and len(start.blocks) == 5,
              f"README: not run: {start.left_out}, {len(start.blocks)} blocks")
        code = 0
    except (Failed, subprocess.TimeoutExpired) as error:
        print(f"containers: FAILED: {error}\n{stack.logs()}", flush=True)
    finally:
        if terminal:
            interrupt(terminal)
        if not os.environ.get("KEEP"):
            step("all down", lambda: stack.compose("down", "-v", "--remove-orphans", ok=False))
        shutil.rmtree(folder)
    if code == 0:
        left = run("docker", "volume", "ls", "-q", "--filter",
                   f"label=com.docker.compose.project={PROJECT}").stdout.split()
        if left:
            print(f"containers: FAILED: volumes left: {left}")
            code = 1
        print(f"containers: {'passed' if code == 0 else 'failed'} "
              f"in {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
