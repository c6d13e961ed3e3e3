#!/usr/bin/env python3
"""The sample index speaks the protocol, its archives are sound, and its faults are what they say."""

import hashlib
import http.client
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import make_sample  # noqa: E402
import sample_pypi  # noqa: E402


class SampleTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.projects = make_sample.build(self.folder, system_wheels=False)
        self.server = sample_pypi.Server(("127.0.0.1", 0), self.folder)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def get(self, path, **headers):
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer

    def body(self, path, **headers):
        answer = self.get(path, **headers)
        return answer.status, answer.read()

    def page(self, project):
        status, body = self.body(f"/simple/{project}/", Accept=sample_pypi.JSON_TYPE)
        self.assertEqual(status, 200)
        return json.loads(body)

    def fault(self, **faults):
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def test_the_sample_is_the_same_at_every_run(self):
        with tempfile.TemporaryDirectory() as other:
            make_sample.build(other, system_wheels=False)
            for path in sorted((self.folder / "projects").rglob("*")):
                if path.is_file():
                    twin = pathlib.Path(other) / path.relative_to(self.folder)
                    self.assertEqual(path.read_bytes(), twin.read_bytes(), path.name)

    def test_wheels_have_a_right_record_and_sdists_what_pip_builds_from(self):
        for path in (self.folder / "projects").rglob("*.whl"):
            with zipfile.ZipFile(path) as archive:
                self.assertIsNone(archive.testzip())
                record = next(n for n in archive.namelist() if n.endswith("/RECORD"))
                listed = [line.split(",")[0] for line in archive.read(record).decode().splitlines()]
                self.assertEqual(sorted(listed), sorted(archive.namelist()))
        for path in (self.folder / "projects").rglob("*.tar.gz"):
            with tarfile.open(path) as archive:
                names = {n.split("/", 1)[-1] for n in archive.getnames()}
                self.assertLessEqual({"PKG-INFO", "pyproject.toml", "backend.py"}, names)

    def test_pages_in_both_forms_list_the_files_with_their_hashes(self):
        page = self.page("rind-cheese")
        self.assertEqual(len(page["files"]), len(self.projects["rind-cheese"]))
        for entry in page["files"]:
            status, body = self.body("/files/rind-cheese/" + entry["filename"])
            self.assertEqual((status, hashlib.sha256(body).hexdigest(), len(body)),
                             (200, entry["hashes"]["sha256"], entry["size"]))
            if entry["core-metadata"]:
                status, body = self.body("/files/rind-cheese/" + entry["filename"] + ".metadata")
                self.assertEqual(hashlib.sha256(body).hexdigest(), entry["core-metadata"]["sha256"])
        yanked = [e for e in page["files"] if e["yanked"]]
        self.assertEqual([e["yanked"] for e in yanked], ["spoilt: the milk was sour"])
        status, text = self.body("/simple/Rind.Cheese/")
        self.assertEqual((status, text.count(b"<a ")), (200, len(page["files"])))
        self.assertIn(b"data-yanked=", text)

    def test_etag_and_serial(self):
        first = self.get("/simple/rind-hello/")
        first.read()
        self.assertEqual(first.headers["X-PyPI-Last-Serial"], "1000")
        status, body = self.body("/simple/rind-hello/", If_None_Match=first.headers["ETag"])
        self.assertEqual((status, body), (304, b""))

    def test_a_new_file_is_seen_at_the_next_request(self):
        before = len(self.page("rind-hello")["files"])
        release = make_sample.Release("rind-hello", "1.1", "X = 1\n")
        target = self.folder / "projects/rind-hello" / release.wheel_name()
        target.write_bytes(release.wheel_bytes())
        self.assertEqual(len(self.page("rind-hello")["files"]), before + 1)

    def test_faults_are_what_they_say(self):
        name = "rind_hello-1.0.tar.gz"
        _, good = self.body(f"/files/rind-hello/{name}")
        self.fault(wrong_bytes=[name])
        _, bad = self.body(f"/files/rind-hello/{name}")
        self.assertEqual((len(bad), bad == good), (len(good), False))
        self.fault(truncate={name: 10})
        with self.assertRaises(http.client.IncompleteRead):
            self.body(f"/files/rind-hello/{name}")
        self.fault(missing=[name])
        self.assertEqual(self.body(f"/files/rind-hello/{name}")[0], 404)
        self.fault(unavailable={"count": 2, "retry_after": 7})
        answer = self.get("/simple/")
        answer.read()
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "7"))
        self.assertEqual([self.body("/simple/")[0] for _ in range(2)], [503, 200])
        self.fault(empty_page=["rind-hello"], serial={"rind-hello": 3}, credentials="u:p")
        self.assertEqual(self.body("/simple/rind-hello/")[0], 401)
        answer = self.get("/simple/rind-hello/", Authorization="Basic dTpw")
        self.assertNotIn(b"<a ", answer.read())
        self.assertEqual(answer.headers["X-PyPI-Last-Serial"], "3")

    def test_as_a_program_it_says_where_it_is(self):
        port_file = self.folder / "port"
        program = pathlib.Path(sample_pypi.__file__)
        child = subprocess.Popen([sys.executable, program, "--folder", self.folder, "--port-file",
                                  port_file], stdout=subprocess.PIPE, text=True)
        try:
            line = child.stdout.readline()
            self.assertRegex(line, r"^READY  index: http://127\.0\.0\.1:\d+/simple/$")
            self.assertIn(port_file.read_text().strip(), line)
        finally:
            child.terminate()
            child.wait(10)
            child.stdout.close()


if __name__ == "__main__":
    sys.exit(unittest.main())
