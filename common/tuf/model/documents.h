// The four kinds of TUF documents, as values.
//
// Promise: what a decoder returned has been checked for form; what a role means is checked by
// verify/ and trusted_set/. Unknown members are not here: they live in the canonical bytes that a
// SignedDocument keeps.
// Source: TUF 1.0.34, "document formats".
// Threading: immutable values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/tuf/model/delegations.h"
#include "common/tuf/model/hashes.h"
#include "common/tuf/model/key.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/target_path.h"
#include "common/tuf/model/version.h"

namespace rind::tuf {

// What every document has.
struct Header {
  Version version = Version::First();
  absl::Time expires;  // UTC, whole seconds
  bool operator==(const Header&) const = default;
};

struct Root {
  Header header;
  bool consistent_snapshot = true;
  KeyMap keys;
  std::map<TopLevelRole, RoleKeys> roles;  // all four
  bool operator==(const Root&) const = default;
};

// What snapshot and timestamp say of another document.
struct FileMeta {
  Version version = Version::First();
  std::optional<std::uint64_t> length;
  std::optional<Hashes> hashes;
  bool operator==(const FileMeta&) const = default;
};

struct Timestamp {
  Header header;
  FileMeta snapshot;
  bool operator==(const Timestamp&) const = default;
};

struct Snapshot {
  Header header;
  std::map<RoleName, FileMeta> roles;  // "targets" and every delegated role
  bool operator==(const Snapshot&) const = default;
};

struct TargetFile {
  std::uint64_t length = 0;
  Hashes hashes = Hashes::OfSha256({});
  // Our own use of `custom`: {"serial":N}: the upstream serial under which an index page was last
  // changed. It only grows, so an older page can't come back (docs/formats/evidence.md).
  std::optional<std::int64_t> serial;
  // `custom` of others, canonical JSON; empty when absent or ours.
  std::string custom;
  bool operator==(const TargetFile&) const = default;
};

struct Targets {
  Header header;
  std::map<std::string, TargetFile, std::less<>> targets;  // by path, as given
  std::optional<Delegations> delegations;
  bool operator==(const Targets&) const = default;
};

struct Signature {
  KeyId key_id;
  std::string bytes;  // raw
  bool operator==(const Signature&) const = default;
};

// A document, the exact canonical bytes that its signatures are over, and those signatures.
template <typename Document>
struct SignedDocument {
  Document document;
  std::string canonical;              // of "signed"
  std::vector<Signature> signatures;  // as listed; no key id twice
};

}  // namespace rind::tuf
