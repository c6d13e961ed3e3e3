// S-07: what a snapshot and a timestamp may say.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/signing/refusal.h"
#include "common/signing/rules.h"
#include "common/tuf/build/build.h"

namespace rind::signing {
namespace {

using tuf::FileMeta;
using tuf::RoleName;
using tuf::TopLevelRole;

constexpr std::string_view kRule = "S-07";

// Whose document proves a role: the content-signer's receipt, or the file itself.
bool IsOnline(const RoleName& role) { return KeyRoleOf(SignerKind::kContent, role).ok(); }
bool IsBinRole(const RoleName& role) { return role.text().starts_with("bin-"); }

std::string Describe(const FileMeta& meta) {
  return Cat("v", meta.version.value(), " ",
             meta.hashes.has_value() ? meta.hashes->Preferred().substr(0, 8) : "without hash");
}

// The snapshot's word about a file agrees with the file.
Status CheckMeta(std::string_view where, const FileMeta& meta, std::int64_t version,
                 const Sha256Digest& sha256, std::uint64_t length, std::string_view proof) {
  const bool same = meta.version.value() == version &&
                    (!meta.length.has_value() || *meta.length == length) &&
                    (!meta.hashes.has_value() || *meta.hashes == tuf::Hashes::OfSha256(sha256));
  if (same) return OkStatus();
  return Refuse(kRule, Cat(where, ": the snapshot says ", Describe(meta), ", its ", proof, " v",
                           version, " ", sha256.Short(), " and ", length, " bytes"));
}

// The receipts that were sent along, verified, by role.
StatusOr<std::map<RoleName, evidence::ReceiptStatement>> ReceiptsOf(
    std::string_view who, const std::vector<SignedStatement>& receipts, const Policy& policy) {
  std::map<std::string, const PublicKey*> keys;
  for (const PublicKey& key : policy.receipt_keys) keys[evidence::StatementKeyId(key)] = &key;
  std::map<RoleName, evidence::ReceiptStatement> by_role;
  for (const SignedStatement& receipt : receipts) {
    const auto key = keys.find(receipt.key_id);
    if (key == keys.end()) {
      return Refuse(kRule, Cat(who, ": receipt by key ", Printable(receipt.key_id, 8),
                               ": is none of the ", keys.size(), " configured"));
    }
    RIND_RETURN_IF_ERROR(
        RefuseIfError(evidence::VerifyStatement(*key->second, receipt.statement, receipt.signature),
                      kRule, Cat(who, ": receipt")));
    auto statement = evidence::DecodeReceipt(receipt.statement);
    RIND_RETURN_IF_ERROR(RefuseIfError(statement.status(), kRule, Cat(who, ": receipt")));
    if (statement->repository != policy.repository) {
      return Refuse("S-09",
                    Cat(who, ": receipt for ", statement->role.text(), ": is for repository ",
                        Printable(statement->repository, 64), ": wanted ", policy.repository));
    }
    tuf::RoleName role = statement->role;
    by_role.insert_or_assign(std::move(role), *std::move(statement));
  }
  return by_role;
}

// Superset of the roles before, and none lower.
Status CheckNoRollback(std::string_view who, const tuf::Snapshot& proposed,
                       const tuf::Snapshot& previous) {
  for (const auto& [role, before] : previous.roles) {
    const auto now = proposed.roles.find(role);
    if (now == proposed.roles.end()) {
      return Refuse(kRule, Cat(who, ": drops ", role.text(), " v", before.version.value()));
    }
    if (now->second.version < before.version) {
      return Refuse(kRule, Cat(who, ": ", role.text(), ": found v", now->second.version.value(),
                               ", wanted at least v", before.version.value()));
    }
  }
  return OkStatus();
}

Status CheckForm(std::string_view where, const RoleName& role, const FileMeta& meta) {
  if (role.top_level().has_value() && role != RoleName(TopLevelRole::kTargets)) {
    return Refuse(kRule, Cat(where, ": has no place in a snapshot"));
  }
  const bool whole = meta.length.has_value() && meta.hashes.has_value();
  const bool bare = !meta.length.has_value() && !meta.hashes.has_value();
  if (!whole && !(bare && IsBinRole(role))) {
    return Refuse(kRule, Cat(where, ": wanted its length and sha256"));
  }
  return OkStatus();
}

// S-09: the root names this signer's own keys, or it is not the root to prove anything from.
Status CheckOwnKeys(std::string_view who, const tuf::Root& root, const Policy& policy) {
  for (const TopLevelRole role : {TopLevelRole::kSnapshot, TopLevelRole::kTimestamp}) {
    const auto own = policy.own_keys.find(std::string(tuf::NameOf(role)));
    if (own == policy.own_keys.end()) continue;
    const auto& ids = root.roles.at(role).key_ids;
    if (std::find(ids.begin(), ids.end(), tuf::KeyId::Of(own->second)) == ids.end()) {
      return Refuse("S-09", Cat(who, ": root v", root.header.version.value(),
                                " does not name this signer's key for ", tuf::NameOf(role)));
    }
  }
  return OkStatus();
}

// S-08: no project stands in both claimed roles of one snapshot.
Status CheckOneParent(std::string_view who, const TrustChain& chain) {
  const TrustChain::File* claimed = chain.Find(tuf::ClaimedRole());
  const TrustChain::File* recent = chain.Find(tuf::RecentlyClaimedRole());
  if (claimed == nullptr || recent == nullptr) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const auto first, ClaimsOf("claimed sent along", claimed->document));
  RIND_ASSIGN_OR_RETURN(const auto second,
                        ClaimsOf("recently-claimed sent along", recent->document));
  std::set<std::string> names;
  for (const auto& project : first) names.insert(project.project);
  for (const auto& project : second) {
    if (names.contains(project.project)) {
      return Refuse("S-08", Cat(who, ": project.", project.project,
                                ": has two parents, claimed and recently-claimed"));
    }
  }
  return OkStatus();
}

// The roles whose entry is new or not the one before.
std::vector<RoleName> ChangedRoles(const tuf::Snapshot& proposed, const tuf::Snapshot* previous) {
  std::vector<RoleName> changed;
  for (const auto& [role, meta] : proposed.roles) {
    if (previous != nullptr) {
      const auto before = previous->roles.find(role);
      if (before != previous->roles.end() && before->second == meta) continue;
    }
    changed.push_back(role);
  }
  return changed;
}

// Proofs of the changed roles that no receipt covers: their files, from the pinned root on.
Status CheckFiles(std::string_view who, const std::vector<RoleName>& offline,
                  const Proposal& proposal, const tuf::Snapshot& proposed, const Memory& memory,
                  const Policy& policy, Intent& intent) {
  if (offline.empty() && proposal.files.empty()) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const TrustChain chain,
                        TrustChain::Build(who, memory.root(), proposal.files));
  RIND_RETURN_IF_ERROR(CheckOwnKeys(who, chain.root(), policy));
  // Each file that was sent is the one that this snapshot announces: an old, genuine delegation
  // proves nothing.
  for (const SuppliedFile& file : proposal.files) {
    if (file.role == RoleName(TopLevelRole::kRoot)) continue;
    const std::string where = Cat(who, ": ", file.role.text());
    const auto meta = proposed.roles.find(file.role);
    if (meta == proposed.roles.end()) {
      return Refuse(kRule, Cat(where, ": was sent along and is not in the snapshot"));
    }
    const TrustChain::File* found = chain.Find(file.role);
    RIND_RETURN_IF_ERROR(CheckMeta(where, meta->second, found->document.header.version.value(),
                                   found->sha256, found->length, "file is"));
  }
  for (const RoleName& role : offline) {
    if (chain.Find(role) == nullptr) {
      return Refuse(kRule,
                    Cat(who, ": ", role.text(), " changed to ", Describe(proposed.roles.at(role)),
                        " and its file was not sent along"));
    }
    // `claimed` comes before `recently-claimed`: a project's keys are those of the first.
    if (!tuf::ProjectOf(role).empty() && chain.Find(tuf::ClaimedRole()) == nullptr) {
      return Refuse(kRule, Cat(who, ": ", role.text(),
                               " changed and claimed was not sent along to prove its keys"));
    }
  }
  RIND_RETURN_IF_ERROR(CheckOneParent(who, chain));
  intent.root = chain.moved();
  return OkStatus();
}

}  // namespace

Status JudgeSnapshot(std::string_view who, const Proposal& proposal, const tuf::Snapshot& proposed,
                     const tuf::Snapshot* previous, const Memory& memory, const Policy& policy,
                     Intent& intent) {
  for (const auto& [role, meta] : proposed.roles) {
    RIND_RETURN_IF_ERROR(CheckForm(Cat(who, ": ", role.text()), role, meta));
  }
  if (previous != nullptr) {
    RIND_RETURN_IF_ERROR(CheckNoRollback(who, proposed, *previous));
  }
  RIND_ASSIGN_OR_RETURN(const auto receipts, ReceiptsOf(who, proposal.receipts, policy));
  std::vector<RoleName> offline;
  for (const RoleName& role : ChangedRoles(proposed, previous)) {
    if (!IsOnline(role)) {
      offline.push_back(role);
      continue;
    }
    const FileMeta& meta = proposed.roles.at(role);
    const std::string where = Cat(who, ": ", role.text());
    const auto receipt = receipts.find(role);
    if (receipt == receipts.end()) {
      return Refuse(kRule, Cat(where, " changed to ", Describe(meta),
                               " and no receipt for it was sent along"));
    }
    RIND_RETURN_IF_ERROR(CheckMeta(where, meta, receipt->second.version.value(),
                                   receipt->second.sha256, receipt->second.length, "receipt says"));
  }
  return CheckFiles(who, offline, proposal, proposed, memory, policy, intent);
}

Status JudgeTimestamp(std::string_view who, const tuf::Timestamp& proposed, const Memory& memory) {
  const Remembered* snapshot = memory.Find(TopLevelRole::kSnapshot);
  if (snapshot == nullptr) {
    return Refuse(kRule, Cat(who, ": no snapshot was signed yet"));
  }
  if (snapshot->key_id.empty()) {
    return Refuse(kRule, Cat(who, ": snapshot v", snapshot->version,
                             " was about to be signed: ask for its signature again first"));
  }
  const std::string where = Cat(who, ": snapshot");
  if (!proposed.snapshot.length.has_value() || !proposed.snapshot.hashes.has_value()) {
    return Refuse(kRule, Cat(where, ": wanted its length and sha256"));
  }
  return CheckMeta(where, proposed.snapshot, snapshot->version, snapshot->file_sha256,
                   snapshot->file_length, "last signed is");
}

}  // namespace rind::signing
