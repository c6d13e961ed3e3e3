#include "common/tuf/trusted_set/trusted_set.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/verify/verify.h"

namespace rind::tuf {
namespace {

std::string Named(const RoleName& role, Version version) {
  return Cat(role.text(), " v", version.value());
}

Status CheckExpiry(const RoleName& role, const Header& header, absl::Time start) {
  if (header.expires > start) return OkStatus();
  return Reject(Rejection::kExpired, Cat(Named(role, header.version), ": expired at ",
                                         FormatUtc(header.expires), ", it is ", FormatUtc(start)));
}

// Length and hashes that another document announced, where it did.
Status CheckAnnounced(const RoleName& role, const FileMeta& meta, std::string_view bytes) {
  if (meta.length && bytes.size() != *meta.length) {
    return Reject(Rejection::kWrongHash, Cat(Named(role, meta.version), ": wants ", *meta.length,
                                             " bytes, found ", bytes.size()));
  }
  if (!meta.hashes) return OkStatus();
  Status status = meta.hashes->Check(bytes);
  if (status.ok()) return status;
  return Reject(Rejection::kWrongHash, Cat(Named(role, meta.version), ": ", MessageOf(status)));
}

// The public keys behind a role, independent of their ids and order.
std::set<std::string> Identities(const Root& root, TopLevelRole role) {
  std::set<std::string> identities;
  for (const KeyId& id : root.roles.at(role).key_ids) {
    const auto key = root.keys.find(id);
    if (key != root.keys.end())
      identities.insert(Cat(key->second.scheme, ":", key->second.material));
  }
  return identities;
}

Status OutOfOrder(std::string_view what) { return Internal(Cat("trusted set: ", what)); }

}  // namespace

StatusOr<TrustedSet> TrustedSet::Create(std::string_view root, absl::Time start) {
  TrustedSet set(start);
  RIND_ASSIGN_OR_RETURN(SignedDocument<Root> decoded, DecodeRoot(root));
  RIND_RETURN_IF_ERROR(
      VerifyThreshold(TopLevelRole::kRoot, decoded.document.roles.at(TopLevelRole::kRoot),
                      decoded.document.keys, decoded.canonical, decoded.signatures));
  set.first_root_ = decoded;
  set.root_ = std::move(decoded);
  return set;
}

Status TrustedSet::UpdateRoot(std::string_view bytes) {
  if (root_finished_) return OutOfOrder("a root after the last root");
  RIND_ASSIGN_OR_RETURN(SignedDocument<Root> next, DecodeRoot(bytes));
  const Version trusted = root_->document.header.version;
  // TUF spec #update-root 5.3.4: signed by a threshold of the trusted root's keys and of its own.
  for (const Root* judge : {&root_->document, &next.document}) {
    RIND_RETURN_IF_ERROR(VerifyThreshold(TopLevelRole::kRoot, judge->roles.at(TopLevelRole::kRoot),
                                         judge->keys, next.canonical, next.signatures));
  }
  // 5.3.5: exactly the next one.
  if (next.document.header.version.value() != trusted.value() + 1) {
    return Reject(Rejection::kWrongVersion, Cat("root: wants v", trusted.value() + 1, ", found v",
                                                next.document.header.version.value()));
  }
  root_ = std::move(next);
  return OkStatus();
}

Status TrustedSet::FinishRoot() {
  RIND_RETURN_IF_ERROR(CheckExpiry(TopLevelRole::kRoot, root_->document.header, start_));
  root_finished_ = true;
  return OkStatus();
}

bool TrustedSet::OnlineKeysRotated() const {
  return std::ranges::any_of(
      std::initializer_list<TopLevelRole>{TopLevelRole::kTimestamp, TopLevelRole::kSnapshot},
      [this](TopLevelRole role) {
        return Identities(first_root_->document, role) != Identities(root_->document, role);
      });
}

Status TrustedSet::UpdateTimestamp(std::string_view bytes) {
  if (!root_finished_) return OutOfOrder("a timestamp before the last root");
  if (snapshot_) return OutOfOrder("a timestamp after a snapshot");
  RIND_ASSIGN_OR_RETURN(SignedDocument<Timestamp> next, DecodeTimestamp(bytes));
  const Root& root = root_->document;
  RIND_RETURN_IF_ERROR(VerifyThreshold(TopLevelRole::kTimestamp,
                                       root.roles.at(TopLevelRole::kTimestamp), root.keys,
                                       next.canonical, next.signatures));
  if (timestamp_) {
    const Timestamp& trusted = timestamp_->document;
    // TUF spec #update-timestamp 5.4.3: a lower version is a rollback, an equal one changes
    // nothing.
    if (next.document.header.version < trusted.header.version) {
      return Reject(Rejection::kRollback,
                    Cat("timestamp: trusted v", trusted.header.version.value(), ", found v",
                        next.document.header.version.value()));
    }
    if (next.document.header.version == trusted.header.version) {
      // Nothing newer came: what is trusted has to be good still.
      return CheckExpiry(TopLevelRole::kTimestamp, trusted.header, start_);
    }
    if (next.document.snapshot.version < trusted.snapshot.version) {
      return Reject(Rejection::kRollback,
                    Cat(Named(TopLevelRole::kTimestamp, next.document.header.version),
                        ": trusted snapshot v", trusted.snapshot.version.value(), ", found v",
                        next.document.snapshot.version.value()));
    }
  }
  // An expired timestamp is kept as a floor; UpdateSnapshot() does not go on from it.
  timestamp_ = std::move(next);
  return CheckExpiry(TopLevelRole::kTimestamp, timestamp_->document.header, start_);
}

Status TrustedSet::UpdateSnapshot(std::string_view bytes, bool trusted) {
  if (!timestamp_) return OutOfOrder("a snapshot before a timestamp");
  if (!targets_.empty()) return OutOfOrder("a snapshot after targets");
  RIND_RETURN_IF_ERROR(CheckExpiry(TopLevelRole::kTimestamp, timestamp_->document.header, start_));
  const FileMeta& meta = timestamp_->document.snapshot;
  // TUF spec #update-snapshot 5.5.2: hashes before signatures. Our own copy may be the one before.
  if (!trusted) RIND_RETURN_IF_ERROR(CheckAnnounced(TopLevelRole::kSnapshot, meta, bytes));
  RIND_ASSIGN_OR_RETURN(SignedDocument<Snapshot> next, DecodeSnapshot(bytes));
  const Root& root = root_->document;
  RIND_RETURN_IF_ERROR(VerifyThreshold(TopLevelRole::kSnapshot,
                                       root.roles.at(TopLevelRole::kSnapshot), root.keys,
                                       next.canonical, next.signatures));
  const Version version = next.document.header.version;
  Status status = OkStatus();
  if (version != meta.version) {
    status = Reject(
        Rejection::kWrongVersion,
        Cat("snapshot: timestamp wants v", meta.version.value(), ", found v", version.value()));
  }
  RIND_RETURN_IF_ERROR(CheckSnapshotFloor(next.document));
  if (status.ok()) status = CheckExpiry(TopLevelRole::kSnapshot, next.document.header, start_);
  if (status.ok()) {
    snapshot_ = std::move(next);
  } else if (trusted && !snapshot_) {
    // Our own copy is a floor even when it is no longer the current one.
    snapshot_floor_ = std::move(next.document);
  }
  return status;
}

Status TrustedSet::CheckSnapshotFloor(const Snapshot& next) const {
  if (!snapshot_ && !snapshot_floor_) return OkStatus();
  const Snapshot& floor = snapshot_ ? snapshot_->document : *snapshot_floor_;
  const std::string name = Named(TopLevelRole::kSnapshot, next.header.version);
  // TUF spec #update-snapshot 5.5.5: every role that was listed is still there and no lower
  // (CVE-2025-2887: all of them).
  for (const auto& [role, before] : floor.roles) {
    const auto now = next.roles.find(role);
    if (now == next.roles.end()) {
      return Reject(Rejection::kMissing, Cat(name, ": lists ", Printable(role.text()), " no more"));
    }
    if (now->second.version < before.version) {
      return Reject(Rejection::kRollback,
                    Cat(name, ": ", Printable(role.text()), " goes from v", before.version.value(),
                        " to v", now->second.version.value()));
    }
  }
  return OkStatus();
}

StatusOr<const Targets*> TrustedSet::UpdateTargets(std::string_view bytes, const RoleName& role,
                                                   const RoleName& delegator) {
  RIND_ASSIGN_OR_RETURN(const FileMeta meta, MetaOf(role));
  RIND_ASSIGN_OR_RETURN(const Authority authority, AuthorityOver(role, delegator));
  RIND_RETURN_IF_ERROR(CheckAnnounced(role, meta, bytes));
  RIND_ASSIGN_OR_RETURN(SignedDocument<Targets> next, DecodeTargets(bytes));
  RIND_RETURN_IF_ERROR(
      VerifyThreshold(role, *authority.role, *authority.keys, next.canonical, next.signatures));
  if (next.document.header.version != meta.version) {
    return Reject(Rejection::kWrongVersion,
                  Cat(role.text(), ": snapshot wants v", meta.version.value(), ", found v",
                      next.document.header.version.value()));
  }
  RIND_RETURN_IF_ERROR(CheckExpiry(role, next.document.header, start_));
  const auto [place, inserted] = targets_.try_emplace(role, std::move(next));
  if (inserted) return &place->second.document;
  // Reached again, through another delegator perhaps. It must be the same document (C-08), and
  // pointers to the first stay good. Its signatures may be others: FindTargets() needs both.
  if (place->second.canonical != next.canonical) {
    return Reject(Rejection::kWrongHash,
                  Cat(Named(role, meta.version), ": two documents of one version"));
  }
  for (Signature& signature : next.signatures) {
    const bool known = std::ranges::any_of(
        place->second.signatures,
        [&signature](const Signature& other) { return other.key_id == signature.key_id; });
    if (!known) place->second.signatures.push_back(std::move(signature));
  }
  return &place->second.document;
}

StatusOr<const Targets*> TrustedSet::FindTargets(const RoleName& role,
                                                 const RoleName& delegator) const {
  const auto found = targets_.find(role);
  if (found == targets_.end()) return nullptr;
  RIND_ASSIGN_OR_RETURN(const Authority authority, AuthorityOver(role, delegator));
  const SignedDocument<Targets>& loaded = found->second;
  RIND_RETURN_IF_ERROR(
      VerifyThreshold(role, *authority.role, *authority.keys, loaded.canonical, loaded.signatures));
  return &loaded.document;
}

StatusOr<FileMeta> TrustedSet::MetaOf(const RoleName& role) const {
  if (!snapshot_) return OutOfOrder("targets before a snapshot");
  const Snapshot& snapshot = snapshot_->document;
  const auto meta = snapshot.roles.find(role);
  if (meta == snapshot.roles.end()) {
    return Reject(Rejection::kMissing, Cat(Named(TopLevelRole::kSnapshot, snapshot.header.version),
                                           ": does not list ", Printable(role.text())));
  }
  return meta->second;
}

StatusOr<TrustedSet::Authority> TrustedSet::AuthorityOver(const RoleName& role,
                                                          const RoleName& delegator) const {
  if (role.top_level() == TopLevelRole::kTargets) {
    const Root& root = root_->document;
    return Authority{&root.roles.at(TopLevelRole::kTargets), &root.keys};
  }
  const auto parent = targets_.find(delegator);
  if (parent == targets_.end()) {
    return OutOfOrder(Cat(role.text(), " before its delegator ", delegator.text()));
  }
  const auto& delegations = parent->second.document.delegations;
  const RoleKeys* keys = delegations ? delegations->KeysFor(role) : nullptr;
  if (keys == nullptr) {
    return Reject(Rejection::kMissing, Cat(Named(delegator, parent->second.document.header.version),
                                           ": does not delegate to ", Printable(role.text())));
  }
  return Authority{keys, &delegations->keys};
}

}  // namespace rind::tuf
