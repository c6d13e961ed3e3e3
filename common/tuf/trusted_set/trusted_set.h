// The client workflow of TUF as a state machine: what is trusted now, and what may come next.
//
// Promise: no IO and no clock; the start time is fixed at construction (SECURITY.md C-13). A
// document enters only after every check; a refused one changes nothing. Order: root, timestamp,
// snapshot, targets, delegated. A role that was loaded under one delegator is verified again under
// each other one (C-08).
// Errors: FailedPrecondition with a Rejection (tuf/model/rejection.h).
// Source: TUF 1.0.34, "detailed client workflow".
// Threading: one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/tuf/model/documents.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {

class TrustedSet {
 public:
  // `root` is trusted as it is (its expiry is checked later; its own signatures must agree).
  static StatusOr<TrustedSet> Create(std::string_view root, absl::Time start);

  // #update-root: version exactly + 1, threshold of the trusted and of the new root.
  Status UpdateRoot(std::string_view bytes);
  // After the last root: its expiry (5.3.10). Must precede UpdateTimestamp().
  Status FinishRoot();
  // True when timestamp or snapshot keys differ between the first and the current root
  // (5.3.11, recovery from fast-forward): what is cached of both must not be loaded.
  bool OnlineKeysRotated() const;

  // A timestamp loaded from the cache may be expired: it then only guards against rollback; the
  // status is kExpired and the floor is kept. An equal version changes nothing and is OK; kExpired
  // when what is trusted has expired, as nothing newer came.
  Status UpdateTimestamp(std::string_view bytes);
  // Checked against the timestamp; `trusted` says that the bytes come from our own cache, whose
  // hash was checked when it was stored. A cached one that is well signed and not the announced
  // version, or expired, only guards against rollback: the status says so, snapshot() stays null.
  Status UpdateSnapshot(std::string_view bytes, bool trusted);
  // Any targets role; `delegator` says through which document it was reached ("targets" itself is
  // reached through "root"). Returns the document, which lives as long as this; a second document
  // for the same role and version is kWrongHash.
  StatusOr<const Targets*> UpdateTargets(std::string_view bytes, const RoleName& role,
                                         const RoleName& delegator);
  // The document of a role if it is loaded and verifies under `delegator`; null when not loaded.
  StatusOr<const Targets*> FindTargets(const RoleName& role, const RoleName& delegator) const;

  const Root& root() const { return root_->document; }
  const Timestamp* timestamp() const { return timestamp_ ? &timestamp_->document : nullptr; }
  const Snapshot* snapshot() const { return snapshot_ ? &snapshot_->document : nullptr; }
  // What the snapshot says of a role; Rejection::kMissing when it does not list it.
  StatusOr<FileMeta> MetaOf(const RoleName& role) const;
  absl::Time start() const { return start_; }

 private:
  // Whose signatures a role needs; the pointers live as long as the set stays as it is.
  struct Authority {
    const RoleKeys* role;
    const KeyMap* keys;
  };

  explicit TrustedSet(absl::Time start) : start_(start) {}
  Status CheckSnapshotFloor(const Snapshot& next) const;
  StatusOr<Authority> AuthorityOver(const RoleName& role, const RoleName& delegator) const;

  absl::Time start_;
  std::optional<SignedDocument<Root>> first_root_, root_;
  bool root_finished_ = false;
  std::optional<SignedDocument<Timestamp>> timestamp_;
  std::optional<SignedDocument<Snapshot>> snapshot_;  // the current one, after every check
  std::optional<Snapshot> snapshot_floor_;            // what the next one must not go below
  std::map<RoleName, SignedDocument<Targets>> targets_;
};

}  // namespace rind::tuf
