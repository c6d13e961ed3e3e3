#!/usr/bin/env python3
"""Holds the source tree against the rules of docs/architecture.md.

What CMake can't see: which header a file includes, which system call it makes, how long it is.
The table of layers is read from cmake/RindLayers.cmake, so there is only one.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (".h", ".cc")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.S)

# What only some files may name: (why, pattern, the files that may, as path prefixes).
GUARDED = [
    ("the clock is base/clock's", r"system_clock::now|absl::Now\(|(?<![\w:.>])time\(|\bgettimeofday\b",
     ["common/base/clock.cc"]),
    ("files are base/file_system's", r"<filesystem>|\bfopen\(|std::[io]?fstream",
     ["common/base/file_system.cc"]),
    ("randomness is base/random's", r"\brandombytes_", ["common/base/random.cc"]),
    ("nlohmann/json stays in its borders", r"nlohmann",
     ["common/tuf/json/", "common/pypi/", "common/evidence/", "services/cli/json_output"]),
    ("toml++ stays in config", r"\btoml::|<toml\+\+", ["common/runtime/config.cc"]),
    ("sqlite3.h stays in sqlite/", r"sqlite3\.h", ["common/sqlite/"]),
    ("curl stays in http/", r"<curl/", ["common/http/"]),
    ("Beast stays in http/", r"<boost/", ["common/http/"]),
    ("one way to log", r"<spdlog/|std::cerr\b|(?<!f)printf\(stderr", ["common/base/log.cc", "services/cli/",
     "services/project_signer/", "services/pki/", "common/runtime/", "services/offline_signer/"]),
    ("abseil's string makers do not take std::string_view",
     r"absl::(StrCat|StrJoin|StrSplit|InvalidArgumentError|NotFoundError|InternalError)\b",
     ["common/base/"]),
]
BANNED_FOLDERS = {"util", "utils", "helpers", "misc", "manager"}
MAX_MAIN_LINES = 20
MAX_LINES = 700


def sources(*tops):
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in CODE:
                yield path


def relative(path):
    return path.relative_to(ROOT).as_posix()


def layers():
    """Layer -> the layers that it may use, from the CMake table."""
    text = (ROOT / "cmake/RindLayers.cmake").read_text()
    table = {}
    for name, row in re.findall(r"^set\(RIND_MAY_USE_(\w+)\s+([^)]*)\)", text, re.M):
        table[name] = set(row.split())
    return table


def layer_of(path):
    """common/tuf/json/x.h -> tuf; services/gateway/x.cc -> gateway; rind/x/v1/x.pb.h -> proto."""
    parts = path.split("/")
    if parts[0] in ("common", "services") and len(parts) > 2:
        return parts[1]
    if parts[0] == "rind":
        return "proto"
    return None


class IncludeRules(unittest.TestCase):
    def test_every_include_is_allowed_by_the_layer_table(self):
        table = layers()
        wrong = []
        for path in sources("common", "services"):
            name = relative(path)
            layer = layer_of(name)
            if layer is None:
                wrong.append(f"{name}: no code lies directly in {name.split('/')[0]}/")
                continue
            allowed = set(table.get(layer, ()))
            self.assertTrue(allowed, f"{name}: layer {layer} has no row in cmake/RindLayers.cmake")
            if re.search(r"_(test|fuzz)\.cc$|_test_\w+\.h$|/testing/", name):
                allowed |= table["testing"]
            for include in INCLUDE.findall(path.read_text()):
                used = layer_of(include)
                if used and used not in allowed:
                    wrong.append(f"{name} ({layer}) may not include {include} ({used})")
        self.assertEqual(wrong, [])

    def test_private_key_code_is_for_key_holders_only(self):
        for layer, row in layers().items():
            if layer in ("offline_signer", "online_signer", "signing", "signer_home", "testing"):
                continue
            self.assertNotIn("signer_home", row, layer)
            self.assertNotIn("signing", row, layer)
            if layer not in ("project_signer", "keystore"):
                self.assertNotIn("keystore", row, layer)

    def test_services_never_name_one_another(self):
        table = layers()
        services = {p.name for p in (ROOT / "services").iterdir() if p.is_dir()}
        for service in services:
            self.assertEqual(table[service] & services, {service}, service)

    def test_guarded_names_stay_where_they_belong(self):
        wrong = []
        for path in sources("common", "services"):
            name = relative(path)
            if name.endswith("_test.cc"):
                continue
            text = COMMENT.sub("", path.read_text())
            code = STRING.sub('""', text)
            for why, pattern, homes in GUARDED:
                if any(name.startswith(home) for home in homes):
                    continue
                subject = text if "\\.h" in pattern else code
                found = re.search(pattern, subject)
                if found:
                    wrong.append(f"{name}: {found.group(0)!r}: {why}")
        self.assertEqual(wrong, [])

    def test_headers_open_with_a_comment_and_pragma_once(self):
        wrong = []
        for path in sources("common", "services"):
            if path.suffix != ".h":
                continue
            text = path.read_text()
            if not text.startswith("//"):
                wrong.append(f"{relative(path)}: opens without purpose, promise, threading")
            if "#pragma once" not in text:
                wrong.append(f"{relative(path)}: no #pragma once")
        self.assertEqual(wrong, [])

    def test_file_and_folder_sizes(self):
        wrong = []
        for path in sources("common", "services"):
            lines = path.read_text().count("\n")
            if path.name == "main.cc" and lines > MAX_MAIN_LINES:
                wrong.append(f"{relative(path)}: {lines} lines, a main has at most {MAX_MAIN_LINES}")
            if lines > MAX_LINES:
                wrong.append(f"{relative(path)}: {lines} lines, at most {MAX_LINES}")
            banned = BANNED_FOLDERS.intersection(path.relative_to(ROOT).parts[:-1])
            if banned:
                wrong.append(f"{relative(path)}: folder {banned} says nothing of its content")
        self.assertEqual(wrong, [])

    def test_nothing_below_the_services_border_names_proto_types(self):
        """STYLE 14: proto types stop in *_service.cc, *_codec and the clients of other services."""
        wrong = []
        for path in sources("common"):
            name = relative(path)
            if layer_of(name) in ("rpc", "runtime", "testing") or name.endswith("_test.cc"):
                continue
            for include in INCLUDE.findall(path.read_text()):
                if include.endswith((".pb.h", "grpcpp/grpcpp.h")):
                    wrong.append(f"{name}: includes {include}")
        self.assertEqual(wrong, [])

    def test_the_guard_itself_sees_a_broken_rule(self):
        why, pattern, _ = GUARDED[0]
        self.assertRegex("auto t = std::chrono::system_clock::now();", pattern, why)
        self.assertRegex("absl::Now()", pattern)
        self.assertEqual(layer_of("common/keystore/key_store.h"), "keystore")
        self.assertNotIn("keystore", layers()["mirror_syncer"])


if __name__ == "__main__":
    sys.exit(unittest.main())
