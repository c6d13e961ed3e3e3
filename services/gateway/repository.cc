#include "services/gateway/repository.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/tuf/model/rejection.h"

namespace rind::gateway {
namespace {
// After a refresh that failed: soon again, but not for each request.
constexpr absl::Duration kRetry = absl::Seconds(5);

template <typename Document>
RoleState StateOf(const Document& document) {
  return {document.header.version.value(), document.header.expires};
}
}  // namespace

StatusOr<std::unique_ptr<Repository>> Repository::Open(const std::string& metadata_dir,
                                                       std::string_view trusted_root,
                                                       absl::Duration refresh, FileSystem& files,
                                                       tuf_client::Fetcher& fetcher,
                                                       const Clock& clock) {
  RIND_RETURN_IF_ERROR(tuf_client::Client::Initialise(files, metadata_dir, trusted_root));
  tuf_client::ClientOptions options;
  options.metadata_dir = metadata_dir;
  RIND_ASSIGN_OR_RETURN(auto client,
                        tuf_client::Client::Open(std::move(options), files, fetcher, clock));
  return std::unique_ptr<Repository>(new Repository(std::move(client), refresh, fetcher, clock));
}

Status Repository::EnsureFresh() {
  const absl::Time now = clock_.Now();
  const absl::Duration wait = waits_longer_ ? refresh_ : std::min(refresh_, kRetry);
  if (asked_ && now >= *asked_ && now < *asked_ + wait) return status_;
  status_ = client_->Refresh();
  asked_ = now;
  waits_longer_ = status_.ok();
  mirror_problem_.clear();
  if (status_.ok()) return status_;
  if (tuf::RejectionOf(status_).has_value()) {
    LogError("the mirror's metadata is refused", {{"reason", std::string(MessageOf(status_))}});
    return status_;
  }
  mirror_problem_ = std::string(MessageOf(status_));
  const Status from_disk = client_->LoadFromDisk();
  LogWarning("the mirror can't be asked",
             {{"reason", mirror_problem_},
              {"goes_on_with",
               from_disk.ok() ? "what was verified before" : std::string(MessageOf(from_disk))}});
  if (from_disk.ok()) {
    status_ = OkStatus();
  } else {
    status_ =
        Unavailable(Cat("the mirror can't be reached\n", mirror_problem_,
                        "\nand what was verified before can't be used: ", MessageOf(from_disk)));
  }
  return status_;
}

StatusOr<std::vector<Located>> Repository::Locate(const std::vector<std::string>& targets) {
  const absl::MutexLock lock(&mutex_);
  RIND_RETURN_IF_ERROR(EnsureFresh());
  std::vector<Located> located;
  located.reserve(targets.size());
  for (const std::string& target : targets) located.push_back(client_->Find(target));
  return located;
}

Status Repository::Download(const tuf_client::FoundTarget& target,
                            const std::function<Status(std::string_view)>& sink) {
  bool with_hash = true;
  {
    const absl::MutexLock lock(&mutex_);
    with_hash = client_->trusted().root().consistent_snapshot;
  }
  return tuf_client::DownloadTargetTo(fetcher_, target, with_hash, sink);
}

RepositoryState Repository::State() {
  const absl::MutexLock lock(&mutex_);
  RepositoryState state;
  state.status = EnsureFresh();
  state.mirror_problem = mirror_problem_;
  state.asked = asked_.value_or(absl::InfinitePast());
  const tuf::TrustedSet& trusted = client_->trusted();
  state.root = StateOf(trusted.root());
  if (trusted.timestamp() != nullptr) state.timestamp = StateOf(*trusted.timestamp());
  if (trusted.snapshot() != nullptr) state.snapshot = StateOf(*trusted.snapshot());
  return state;
}

}  // namespace rind::gateway
