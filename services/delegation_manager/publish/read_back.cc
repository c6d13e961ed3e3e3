#include "services/delegation_manager/publish/read_back.h"

#include <algorithm>
#include <set>

#include "common/base/text.h"
#include "common/tuf/build/build.h"
#include "common/tuf/trusted_set/trusted_set.h"
#include "services/delegation_manager/publish/published_metadata.h"

namespace rind::delegation_manager {
namespace {

using tuf::RoleName;
using tuf::TopLevelRole;

// What a floor may say without harm: it is old, and only there to be compared with.
Status AllowOld(const Status& status) {
  const auto rejection = tuf::RejectionOf(status);
  const bool old =
      rejection == tuf::Rejection::kExpired || rejection == tuf::Rejection::kWrongVersion;
  return old ? OkStatus() : status;
}

class Walk {
 public:
  Walk(const FileReader& files, const std::string& folder, const Release& release)
      : files_(files), folder_(folder), release_(release) {}

  Status Run(const PublishedBefore& before, absl::Time now) {
    RIND_RETURN_IF_ERROR(
        TakeRoots(before.root, std::min(now, before.first_expiry - absl::Seconds(1))));
    RIND_RETURN_IF_ERROR(TakeTimestamp());
    RIND_RETURN_IF_ERROR(TakeSnapshot(before));
    if (release_.timestamp_only) return OkStatus();
    RIND_RETURN_IF_ERROR(Take(TopLevelRole::kTargets, TopLevelRole::kTargets));
    for (const RoleName& role :
         {tuf::ClaimedRole(), tuf::RecentlyClaimedRole(), tuf::UnclaimedRole()}) {
      RIND_RETURN_IF_ERROR(Take(role, TopLevelRole::kTargets));
    }
    for (const SignedRole& file : release_.files) {
      const auto top = file.role.top_level();
      if (top || taken_.contains(file.role)) continue;
      RIND_RETURN_IF_ERROR(TakeLeaf(file.role));
    }
    for (const StagedPage& page : release_.pages) RIND_RETURN_IF_ERROR(TakePage(page));
    return OkStatus();
  }

 private:
  const SignedRole* Signed(const RoleName& role) const {
    const auto found = std::find_if(release_.files.begin(), release_.files.end(),
                                    [&](const SignedRole& file) { return file.role == role; });
    return found == release_.files.end() ? nullptr : &*found;
  }

  // A release that waited for a signer may hold what has expired by now: it goes out all the same,
  // and the next one follows at once. So it is judged as of when all of it was valid.
  absl::Time StartFor(absl::Time now) const {
    absl::Time start = now;
    for (const SignedRole& file : release_.files) {
      start = std::min(start, file.expires - absl::Seconds(1));
    }
    return start;
  }

  Status TakeRoots(tuf::Version newest, absl::Time now) {
    RIND_ASSIGN_OR_RETURN(
        const std::string first,
        ReadMetadata(files_, folder_, TopLevelRole::kRoot, tuf::Version::First()));
    RIND_ASSIGN_OR_RETURN(auto set, tuf::TrustedSet::Create(first, StartFor(now)));
    set_.emplace(std::move(set));
    for (tuf::Version version = tuf::Version::First(); version < newest;) {
      RIND_ASSIGN_OR_RETURN(version, version.Next());
      RIND_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadMetadata(files_, folder_, TopLevelRole::kRoot, version));
      RIND_RETURN_IF_ERROR(set_->UpdateRoot(bytes));
    }
    return set_->FinishRoot();
  }

  Status TakeTimestamp() {
    const auto old = files_.Read(JoinPath(folder_, "metadata/timestamp.json"), kMaxMetadataBytes);
    if (old.ok() && !set_->OnlineKeysRotated()) {
      RIND_RETURN_IF_ERROR(AllowOld(set_->UpdateTimestamp(*old)));
    } else if (!old.ok() && !absl::IsNotFound(old.status())) {
      return old.status();
    }
    const SignedRole* timestamp = Signed(TopLevelRole::kTimestamp);
    if (timestamp == nullptr) return Internal("read-back: the release has no timestamp");
    return set_->UpdateTimestamp(timestamp->file);
  }

  Status TakeSnapshot(const PublishedBefore& before) {
    const tuf::Version announced = set_->timestamp()->snapshot.version;
    if (before.snapshot && *before.snapshot != announced && !set_->OnlineKeysRotated()) {
      RIND_ASSIGN_OR_RETURN(
          const std::string old,
          ReadMetadata(files_, folder_, TopLevelRole::kSnapshot, *before.snapshot));
      RIND_RETURN_IF_ERROR(AllowOld(set_->UpdateSnapshot(old, /*trusted=*/true)));
    }
    RIND_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadMetadata(files_, folder_, TopLevelRole::kSnapshot, announced));
    return Annotate(set_->UpdateSnapshot(bytes, /*trusted=*/false),
                    MetadataName(TopLevelRole::kSnapshot, announced));
  }

  Status Take(const RoleName& role, const RoleName& delegator) {
    RIND_ASSIGN_OR_RETURN(const tuf::FileMeta meta, set_->MetaOf(role));
    RIND_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadMetadata(files_, folder_, role, meta.version));
    const std::string name = MetadataName(role, meta.version);
    RIND_RETURN_IF_ERROR(Annotate(set_->UpdateTargets(bytes, role, delegator).status(), name));
    // A snapshot of many bins names versions alone: hold the bytes against what was signed, too.
    const SignedRole* file = Signed(role);
    if (file != nullptr && file->file != bytes) {
      return DataLoss(Cat(name, ": the file is not the one that was signed"));
    }
    taken_.insert(role);
    return OkStatus();
  }

  Status TakePage(const StagedPage& page) const {
    const std::string path = Cat("targets/", page.path.WithHash(page.sha256));
    RIND_ASSIGN_OR_RETURN(const std::string bytes,
                          files_.Read(JoinPath(folder_, path), page.content.size()));
    if (Sha256(bytes) == page.sha256) return OkStatus();
    return DataLoss(
        Cat(path, ": found sha256 ", Sha256(bytes).Short(), ", wanted ", page.sha256.Short()));
  }

  // A bin, or a project under whichever of the claimed roles delegates to it.
  Status TakeLeaf(const RoleName& role) {
    if (tuf::ProjectOf(role).empty()) return Take(role, tuf::UnclaimedRole());
    const auto claimed = set_->FindTargets(tuf::ClaimedRole(), TopLevelRole::kTargets);
    RIND_RETURN_IF_ERROR(claimed.status());
    const auto& delegations = (*claimed)->delegations;
    const bool promoted = delegations && delegations->KeysFor(role) != nullptr;
    return Take(role, promoted ? tuf::ClaimedRole() : tuf::RecentlyClaimedRole());
  }

  const FileReader& files_;
  const std::string& folder_;
  const Release& release_;
  std::optional<tuf::TrustedSet> set_;
  std::set<RoleName> taken_;
};

}  // namespace

Status ReadBack(const FileReader& files, const std::string& public_folder, const Release& release,
                const PublishedBefore& before, absl::Time now) {
  Status status = Walk(files, public_folder, release).Run(before, now);
  if (status.ok()) return status;
  return DataLoss(Cat("read-back: a client would refuse this release: ", MessageOf(status)));
}

}  // namespace rind::delegation_manager
