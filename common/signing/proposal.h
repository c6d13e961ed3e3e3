// What a signer is asked: documents and what speaks for them, as plain values.
//
// Promise: nothing here has been checked; policy.h does that.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/crypto/hash.h"
#include "common/evidence/merkle.h"
#include "common/tuf/model/role_name.h"

namespace rind::signing {

// A statement with one signature (evidence, a receipt).
struct SignedStatement {
  std::string statement;
  std::string key_id;
  std::string signature;
};

// One of the targets that evidence covers, with its place in the tree.
struct VouchedLeaf {
  evidence::VouchedTarget target;
  std::uint64_t index = 0;
  std::vector<Sha256Digest> path;
};
struct SuppliedEvidence {
  SignedStatement evidence;
  std::vector<VouchedLeaf> targets;
};

// A claim statement with the officer's and the project keys' signatures.
struct SuppliedAuthorisation {
  std::string statement;
  struct Signature {
    std::string key_id;
    std::string bytes;
  };
  std::vector<Signature> signatures;
};

// A published file, whole.
struct SuppliedFile {
  tuf::RoleName role;
  std::string bytes;
};

struct Proposal {
  tuf::RoleName role;
  std::string proposed;  // canonical JSON of the `signed` part
  std::string previous;  // of the last version; empty for version 1
  std::vector<SuppliedEvidence> vouched;
  std::vector<SuppliedAuthorisation> authorisations;
  std::vector<SignedStatement> receipts;
  std::vector<SuppliedFile> files;
};

}  // namespace rind::signing
