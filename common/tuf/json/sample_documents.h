// One document of each kind with every member that there can be, for this folder's tests.
//
// Threading: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/tuf/model/documents.h"

namespace rind::tuf {

inline Header SampleHeader() { return {*Version::Create(3), *ParseUtc("2027-01-01T00:00:00Z")}; }

inline PublicKey SampleKey() {
  return *PublicKey::Create(KeyScheme::kEd25519,
                            "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa");
}

inline RoleKeys SampleRoleKeys() { return {{KeyId::Of(SampleKey())}, *Threshold::Create(1)}; }

inline Root SampleRoot() {
  Root root;
  root.header = SampleHeader();
  root.keys.emplace(KeyId::Of(SampleKey()), Key::Of(SampleKey()));
  for (const TopLevelRole role : {TopLevelRole::kRoot, TopLevelRole::kTargets,
                                  TopLevelRole::kSnapshot, TopLevelRole::kTimestamp}) {
    root.roles.emplace(role, SampleRoleKeys());
  }
  return root;
}

inline FileMeta SampleFileMeta() {
  FileMeta meta;
  meta.version = *Version::Create(4);
  meta.length = 100;
  meta.hashes = Hashes::OfSha256(Sha256("meta"));
  return meta;
}

inline Timestamp SampleTimestamp() {
  Timestamp timestamp;
  timestamp.header = SampleHeader();
  timestamp.snapshot = SampleFileMeta();
  return timestamp;
}

inline Snapshot SampleSnapshot() {
  Snapshot snapshot;
  snapshot.header = SampleHeader();
  snapshot.roles[RoleName(TopLevelRole::kTargets)] = SampleFileMeta();
  snapshot.roles[*RoleName::Parse("bin-0")] = {};
  return snapshot;
}

inline Targets SampleTargets() {
  Targets targets;
  targets.header = SampleHeader();
  TargetFile page;
  page.length = 5;
  page.hashes = Hashes::OfSha256(Sha256("page"));
  page.serial = 77;
  targets.targets["simple/six/index.html"] = page;
  TargetFile file;
  file.length = 6;
  file.hashes = *Hashes::Create({{"sha256", Sha256("f").Hex()}, {"sha512", Sha512Hex("f")}});
  file.custom = R"({"a":[1]})";
  targets.targets["files/six/six.whl"] = file;
  std::vector<DelegatedRole> roles;
  roles.push_back({*RoleName::Parse("project.six"), SampleRoleKeys(), true,
                   PathPatterns{{"simple/six/*", "files/six/*"}}});
  roles.push_back(
      {*RoleName::Parse("hashed"), SampleRoleKeys(), false, PathHashPrefixes{{"0", "a1f"}}});
  targets.delegations = Delegations{{{KeyId::Of(SampleKey()), Key::Of(SampleKey())}}, roles};
  return targets;
}

inline Targets SampleBins() {
  Targets targets;
  targets.header = SampleHeader();
  targets.delegations = Delegations{{{KeyId::Of(SampleKey()), Key::Of(SampleKey())}},
                                    *SuccinctRoles::Create(SampleRoleKeys(), 8, "bin")};
  return targets;
}

}  // namespace rind::tuf
