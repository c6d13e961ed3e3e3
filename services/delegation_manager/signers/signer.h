// The signers, as the manager sees them: documents go there, signatures or refusals come back.
//
// Promise: no transport shows here. The online signers answer at once; the offline signer only lays
// a proposal before a person.
// Errors: Unavailable and DeadlineExceeded when the signer can't be asked (the same question may be
// asked again: it has the same answer); a refusal is an answer, not an error.
// Threading: implementations are thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/evidence/merkle.h"
#include "common/tuf/build/build.h"
#include "common/tuf/model/documents.h"
#include "services/delegation_manager/state/records.h"

namespace rind::delegation_manager {

// A target with its place under one piece of evidence.
struct ProvenTarget {
  evidence::VouchedTarget target;
  std::uint64_t index = 0;
  std::vector<Sha256Digest> path;
  bool operator==(const ProvenTarget&) const = default;
};
struct Vouched {
  SignedEvidence evidence;
  std::vector<ProvenTarget> targets;
  bool operator==(const Vouched&) const = default;
};

struct SignedReceipt {
  std::string statement;
  std::string key_id;
  std::string signature;
  bool operator==(const SignedReceipt&) const = default;
};

struct RoleFile {
  tuf::RoleName role = tuf::TopLevelRole::kRoot;
  std::string bytes;
  bool operator==(const RoleFile&) const = default;
};

// rind.signer.v1.Document.
struct DocumentToSign {
  tuf::RoleName role = tuf::TopLevelRole::kTimestamp;
  std::string canonical;
  std::string previous;  // empty for version 1
  std::vector<Vouched> vouched;
  std::vector<SignedClaim> authorisations;
  std::vector<SignedReceipt> receipts;
  std::vector<RoleFile> files;
};

struct SignedByKey {
  tuf::KeyId key_id;
  std::string signature;
  Sha256Digest sha256;  // of the whole file
  std::optional<SignedReceipt> receipt;
};
struct Refused {
  std::string rule;
  std::string message;
  bool operator==(const Refused&) const = default;
};
using SignOutcome = std::variant<SignedByKey, Refused>;

struct SignerState {
  std::string repository;
  std::map<std::string, tuf::RoleSigners, std::less<>> keys;  // by role; bins together as "bins"
  std::map<std::string, std::int64_t, std::less<>> versions;  // the last that it signed, by role
  std::map<std::string, std::uint64_t> refusals;              // by rule
};

// The release-signer or the content-signer.
class DocumentSigner {
 public:
  virtual ~DocumentSigner() = default;
  // One outcome for each document, in order. Any number: it is sent in calls of at most 128
  // documents and 4 MiB, or of one document.
  virtual StatusOr<std::vector<SignOutcome>> Sign(std::span<const DocumentToSign> documents) = 0;
  // `roles`: whose versions to return.
  virtual StatusOr<SignerState> GetState(const std::vector<std::string>& roles) = 0;
};

// What is proposed to the holder of the offline keys: signed together or not at all.
struct ProposedDocument {
  tuf::RoleName role = tuf::TopLevelRole::kRoot;
  std::string canonical;
  std::string previous;
  std::vector<SignedClaim> authorisations;
};
struct Proposal {
  std::string reason;
  std::vector<ProposedDocument> documents;
};
enum class ProposalState { kWaiting, kApproved, kRefused };
struct ProposalStatus {
  std::string id;
  ProposalState state = ProposalState::kWaiting;
  std::map<tuf::RoleName, std::vector<tuf::Signature>> signatures;  // once approved
  Refused refusal;                                                  // once refused
};
struct OfflineState {
  std::string repository;
  std::map<std::string, tuf::RoleSigners, std::less<>> keys;  // root, targets, claimed, unclaimed
  std::map<std::string, std::int64_t, std::less<>> versions;
  bool demo_bootstrap = false;
  std::string claims_officer_key;  // hex; empty: none
};

class OfflineSigner {
 public:
  virtual ~OfflineSigner() = default;
  // The same proposal again is the same id.
  virtual StatusOr<ProposalStatus> Propose(const Proposal& proposal) = 0;
  virtual StatusOr<ProposalStatus> GetProposal(const std::string& id) = 0;
  virtual StatusOr<OfflineState> GetState() = 0;
};

}  // namespace rind::delegation_manager
