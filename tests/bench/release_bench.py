#!/usr/bin/env python3
"""How long `create` and releases take with many bins: real processes, mutual TLS, real evidence.

    release_bench.py [--bins 16384] [--targets 100000] [--projects 4000] [--runs 7]

Prints a table. Exits with 1 when the median of the incremental releases or a resident set afterwards
is over its goal.
"""

import argparse
import json
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402

DRIVER = harness.BIN.parent / "tests/release_driver"
# With the goal for the resident set of each, in MiB.
SERVICES = {"delegation-manager": 256, "content-signer": 32, "release-signer": 32}
GOAL_MS = 500
SETTLE_SECONDS = 10  # free memory goes back to the system within some seconds


class CreateTime(threading.Thread):
    """From the manager's "READY" to its first "published", as its log has them."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.marks, self.over = log, {}, threading.Event()

    def run(self):
        while len(self.marks) < 2 and not self.over.is_set():
            text = self.log.read_text() if self.log.exists() else ""
            for word in ("READY", "published"):
                if word in text:
                    self.marks.setdefault(word, time.monotonic())
            self.over.wait(0.02)

    def seconds(self):
        self.over.set()
        self.join()
        return self.marks["published"] - self.marks["READY"]


class Bench(harness.System):
    """A system that publishes only when it is told to."""

    def up(self, *options):
        watch = CreateTime(self.home / "log/delegation-manager.log")
        watch.start()
        super().up(*options)
        self.create_seconds = watch.seconds()
        self.down()
        config = self.config("delegation-manager")
        config.write_text(config.read_text().replace("automatic = true", "automatic = false"))
        super().up(*options)
        for service in SERVICES:
            self.forget_peak(service)

    def forget_peak(self, service):
        """Unlocking keys takes Argon2id's 64 MiB for a moment; the goals are for what comes after."""
        try:
            pathlib.Path(f"/proc/{self.pid(service)}/clear_refs").write_text("5")
        except PermissionError:  # it is root's, as the services can't be traced
            print(f"  (not root: the most that {service} used includes the unlocking of its keys)")

    def memory(self, service):
        """Resident set, now and at most, in MiB."""
        status = pathlib.Path(f"/proc/{self.pid(service)}/status").read_text()
        kib = dict(line.split(":", 1) for line in status.splitlines())
        return [int(kib[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def row(what, value):
    print(f"  {what:<46} {value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("bins", 16384), ("targets", 100000), ("projects", 4000), ("runs", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with Bench(bins=asked.bins) as system:
        manager = system.client_settings["services"]["manager"]
        done = harness.run(
            [DRIVER, "--home", system.home, "--manager", manager, "--targets", asked.targets,
             "--projects", asked.projects, "--runs", asked.runs], timeout=600)
        found = json.loads(done.stdout)
        # What was measured is real only if a client finds the last file of it.
        explained = system.rind_json("explain", found["last_wheel"])
        assert explained["verdict"] == "verified", explained
        peak = {service: system.memory(service)[1] for service in SERVICES}
        time.sleep(SETTLE_SECONDS)
        memory = {service: system.memory(service)[0] for service in SERVICES}
        snapshot = max(system.public("metadata").glob("*.snapshot.json"),
                       key=lambda path: int(path.name.split(".")[0])).stat().st_size

    times, ingests = found["published_ms"], found["ingest_ms"]
    median = statistics.median(times)
    print(f"release: {asked.bins} bins, {found['targets']} targets in {found['projects']} projects")
    row("create, from nothing to the first snapshot", f"{system.create_seconds:.1f} s")
    row("ingest of all, one project a call", f"{found['ingest_all_ms'] / 1000:.1f} s")
    row(f"one release of all ({found['bulk_roles']} roles)", f"{found['bulk_release_ms'] / 1000:.1f} s")
    row(f"one project, 5 files: {statistics.median(found['roles']):.0f} roles, n = {len(times)}",
        f"median {median:.0f} ms, min {min(times):.0f}, max {max(times):.0f} (goal < {GOAL_MS})")
    row("  of that the ingest", f"median {statistics.median(ingests):.0f} ms")
    row("snapshot.json", f"{snapshot / 1000:.0f} KB")
    for service, goal in SERVICES.items():
        row(f"RSS of {service}", f"{memory[service]:.0f} MiB afterwards (goal {goal}), "
                                 f"at most {peak[service]:.0f}")
    print(f"  last file: {explained['verdict']} through {explained['files'][0]['online'][0]}")
    small = all(memory[service] <= goal for service, goal in SERVICES.items())
    return 0 if median < GOAL_MS and small else 1


if __name__ == "__main__":
    sys.exit(main())
