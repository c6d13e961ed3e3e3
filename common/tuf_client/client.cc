#include "common/tuf_client/client.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/http/client.h"
#include "common/tuf_client/metadata_store.h"

namespace rind::tuf_client {
namespace {

using tuf::Reject;
using tuf::Rejection;
using tuf::RoleName;
using tuf::TopLevelRole;

// What a document may announce of another one's size, whoever signed it.
constexpr std::uint64_t kMaxAnnounced = 64ULL * 1024 * 1024;
// Targets with a sha512 are held in memory to be checked against all their hashes.
constexpr std::uint64_t kMaxBuffered = 256ULL * 1024 * 1024;

// "bin-3 v2".
std::string Named(const RoleName& role, tuf::Version version) {
  return Cat(Printable(role.text()), " v", version.value());
}

// What a failed fetch means when metadata announced the file: its absence is a refusal, never "not
// there" (SECURITY.md section 1, 5.6).
Status Announced(const Status& status, std::string_view what) {
  if (absl::IsNotFound(status)) {
    return Reject(Rejection::kUnfetched,
                  Cat(what, " is announced, web has none\n", MessageOf(status)));
  }
  if (absl::IsResourceExhausted(status)) {
    return Reject(Rejection::kTooLarge,
                  Cat(what, " is longer than announced or allowed\n", MessageOf(status)));
  }
  return Annotate(status, what);
}

// A role to visit, and how it was reached.
struct Visit {
  RoleName role;
  RoleName delegator;
  std::size_t parent;  // index into the visited ones
};

struct Visited {
  RoleOnPath role;
  std::size_t parent;
};

constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);

class ClientImpl final : public Client {
 public:
  ClientImpl(ClientOptions options, FileSystem& files, Fetcher& fetcher, const Clock& clock,
             tuf::TrustedSet trusted)
      : options_(std::move(options)),
        store_(files, options_.metadata_dir),
        fetcher_(fetcher),
        clock_(clock),
        trusted_(std::move(trusted)) {}

  Status Refresh() override;
  Status LoadFromDisk() override;
  StatusOr<FoundTarget> Find(std::string_view target) override;
  StatusOr<std::string> Download(const FoundTarget& target) override;
  Status DownloadTo(const FoundTarget& target,
                    const std::function<Status(std::string_view)>& sink) override;
  const tuf::TrustedSet& trusted() const override { return trusted_; }

 private:
  StatusOr<tuf::TrustedSet> NewSet() const;
  Status UpdateRoots(tuf::TrustedSet& set);
  Status UpdateTimestamp(tuf::TrustedSet& set);
  Status UpdateSnapshot(tuf::TrustedSet& set);
  // A targets role from memory, disk or the mirror, verified under `delegator`.
  StatusOr<const tuf::Targets*> LoadTargets(tuf::TrustedSet& set, const RoleName& role,
                                            const RoleName& delegator, bool may_fetch);
  StatusOr<std::string> FetchRole(const RoleName& role, const tuf::FileMeta& meta,
                                  std::uint64_t limit, bool versioned);
  bool WithHash() const {
    return options_.prefix_targets_with_hash && trusted_.root().consistent_snapshot;
  }

  const ClientOptions options_;
  MetadataStore store_;
  Fetcher& fetcher_;
  const Clock& clock_;
  tuf::TrustedSet trusted_;
};

StatusOr<tuf::TrustedSet> ClientImpl::NewSet() const {
  RIND_ASSIGN_OR_RETURN(const std::string root,
                        store_.Load(TopLevelRole::kRoot, options_.limits.root_bytes));
  return tuf::TrustedSet::Create(root, clock_.Now());
}

// #update-root.
Status ClientImpl::UpdateRoots(tuf::TrustedSet& set) {
  for (int rotations = 0; rotations < options_.limits.root_rotations; ++rotations) {
    RIND_ASSIGN_OR_RETURN(const tuf::Version next, set.root().header.version.Next());
    const auto bytes =
        fetcher_.Fetch(Cat("metadata/", next.value(), ".root.json"), options_.limits.root_bytes);
    if (absl::IsNotFound(bytes.status())) break;
    RIND_RETURN_IF_ERROR(bytes.ok() ? OkStatus()
                                    : Announced(bytes.status(), Named(TopLevelRole::kRoot, next)));
    RIND_RETURN_IF_ERROR(set.UpdateRoot(*bytes));
    // 5.3.11, before the root is kept: a crash between the two must not leave the old floors beside
    // the new keys, since the next start would see no rotation any more.
    if (set.OnlineKeysRotated()) {
      RIND_RETURN_IF_ERROR(store_.Remove(TopLevelRole::kTimestamp));
      RIND_RETURN_IF_ERROR(store_.Remove(TopLevelRole::kSnapshot));
    }
    RIND_RETURN_IF_ERROR(store_.Store(TopLevelRole::kRoot, *bytes));
  }
  return set.FinishRoot();
}

// #update-timestamp.
Status ClientImpl::UpdateTimestamp(tuf::TrustedSet& set) {
  const auto kept = store_.Load(TopLevelRole::kTimestamp, options_.limits.timestamp_bytes);
  if (kept.ok()) {
    // What does not verify any more (an older key, a torn file) is no floor; expired ones still
    // are.
    set.UpdateTimestamp(*kept).IgnoreError();
  } else if (!absl::IsNotFound(kept.status()) && !absl::IsResourceExhausted(kept.status())) {
    return kept.status();
  }
  // Versions begin at 1.
  const std::int64_t before =
      set.timestamp() == nullptr ? 0 : set.timestamp()->header.version.value();

  const auto bytes = fetcher_.Fetch("metadata/timestamp.json", options_.limits.timestamp_bytes);
  if (absl::IsNotFound(bytes.status())) {
    // Nothing announced it: this is a mirror without a repository.
    return Unavailable(Cat("timestamp: ", MessageOf(bytes.status())));
  }
  if (!bytes.ok()) return Announced(bytes.status(), "timestamp");
  RIND_RETURN_IF_ERROR(set.UpdateTimestamp(*bytes));
  if (set.timestamp() == nullptr) return Internal("timestamp: accepted and not there");
  // An equal version keeps the old one, which may have expired since.
  if (set.timestamp()->header.expires <= set.start()) {
    return Reject(
        Rejection::kExpired,
        Cat(Named(TopLevelRole::kTimestamp, set.timestamp()->header.version), " expired at ",
            FormatUtc(set.timestamp()->header.expires), ", it is ", FormatUtc(set.start())));
  }
  if (before == set.timestamp()->header.version.value()) return OkStatus();
  return store_.Store(TopLevelRole::kTimestamp, *bytes);
}

// #update-snapshot.
Status ClientImpl::UpdateSnapshot(tuf::TrustedSet& set) {
  const tuf::FileMeta meta = set.timestamp()->snapshot;
  const auto kept = store_.Load(TopLevelRole::kSnapshot, kMaxAnnounced);
  if (kept.ok()) {
    const Status loaded = set.UpdateSnapshot(*kept, /*trusted=*/true);
    // An older or expired one is a floor for the next and no more than that.
    if (loaded.ok() && set.snapshot() != nullptr &&
        set.snapshot()->header.version == meta.version) {
      return OkStatus();
    }
  } else if (!absl::IsNotFound(kept.status()) && !absl::IsResourceExhausted(kept.status())) {
    return kept.status();
  }
  RIND_ASSIGN_OR_RETURN(const std::string bytes,
                        FetchRole(TopLevelRole::kSnapshot, meta, options_.limits.snapshot_bytes,
                                  set.root().consistent_snapshot));
  RIND_RETURN_IF_ERROR(set.UpdateSnapshot(bytes, /*trusted=*/false));
  return store_.Store(TopLevelRole::kSnapshot, bytes);
}

StatusOr<std::string> ClientImpl::FetchRole(const RoleName& role, const tuf::FileMeta& meta,
                                            std::uint64_t limit, bool versioned) {
  if (meta.length.value_or(0) > kMaxAnnounced) {
    return Reject(Rejection::kTooLarge, Cat(Named(role, meta.version), " announces ", *meta.length,
                                            " bytes, at most ", kMaxAnnounced, " are taken"));
  }
  const std::string path =
      versioned ? Cat("metadata/", meta.version.value(), ".", role.FileName(), ".json")
                : Cat("metadata/", role.FileName(), ".json");
  auto bytes = fetcher_.Fetch(path, meta.length.value_or(limit));
  if (!bytes.ok()) return Announced(bytes.status(), Named(role, meta.version));
  return bytes;
}

StatusOr<const tuf::Targets*> ClientImpl::LoadTargets(tuf::TrustedSet& set, const RoleName& role,
                                                      const RoleName& delegator, bool may_fetch) {
  RIND_ASSIGN_OR_RETURN(const tuf::Targets* loaded, set.FindTargets(role, delegator));
  if (loaded != nullptr) return loaded;
  RIND_ASSIGN_OR_RETURN(const tuf::FileMeta meta, set.MetaOf(role));
  const auto kept = store_.Load(role, kMaxAnnounced);
  if (kept.ok()) {
    // Checked like a fetched one, against the snapshot and this delegator's keys (C-08).
    auto document = set.UpdateTargets(*kept, role, delegator);
    if (document.ok() || !may_fetch) return document;
  } else if (!may_fetch ||
             (!absl::IsNotFound(kept.status()) && !absl::IsResourceExhausted(kept.status()))) {
    return kept.status();
  }
  RIND_ASSIGN_OR_RETURN(
      const std::string bytes,
      FetchRole(role, meta, options_.limits.targets_bytes, set.root().consistent_snapshot));
  RIND_ASSIGN_OR_RETURN(const tuf::Targets* document, set.UpdateTargets(bytes, role, delegator));
  RIND_RETURN_IF_ERROR(store_.Store(role, bytes));
  return document;
}

Status ClientImpl::Refresh() {
  RIND_ASSIGN_OR_RETURN(const FileLock lock, store_.Lock(options_.lock_patience));
  RIND_ASSIGN_OR_RETURN(tuf::TrustedSet set, NewSet());
  RIND_RETURN_IF_ERROR(UpdateRoots(set));
  RIND_RETURN_IF_ERROR(UpdateTimestamp(set));
  RIND_RETURN_IF_ERROR(UpdateSnapshot(set));
  RIND_RETURN_IF_ERROR(
      LoadTargets(set, TopLevelRole::kTargets, TopLevelRole::kRoot, /*may_fetch=*/true).status());
  trusted_ = std::move(set);
  return OkStatus();
}

Status ClientImpl::LoadFromDisk() {
  RIND_ASSIGN_OR_RETURN(const FileLock lock, store_.Lock(options_.lock_patience));
  RIND_ASSIGN_OR_RETURN(tuf::TrustedSet set, NewSet());
  RIND_RETURN_IF_ERROR(set.FinishRoot());
  RIND_ASSIGN_OR_RETURN(const std::string timestamp,
                        store_.Load(TopLevelRole::kTimestamp, options_.limits.timestamp_bytes));
  RIND_RETURN_IF_ERROR(set.UpdateTimestamp(timestamp));
  RIND_ASSIGN_OR_RETURN(const std::string snapshot,
                        store_.Load(TopLevelRole::kSnapshot, kMaxAnnounced));
  // Not as "trusted": nothing newer will be asked for, so it has to be the announced one.
  RIND_RETURN_IF_ERROR(set.UpdateSnapshot(snapshot, /*trusted=*/false));
  RIND_RETURN_IF_ERROR(
      LoadTargets(set, TopLevelRole::kTargets, TopLevelRole::kRoot, /*may_fetch=*/false).status());
  trusted_ = std::move(set);
  return OkStatus();
}

// #update-targets, 5.6.7: pre-order depth-first, in order of appearance, without recursion.
StatusOr<FoundTarget> ClientImpl::Find(std::string_view target) {
  if (trusted_.snapshot() == nullptr) {
    return FailedPrecondition("TUF client: asked for a target before a refresh");
  }
  RIND_ASSIGN_OR_RETURN(const FileLock lock, store_.Lock(options_.lock_patience));
  std::vector<Visit> stack = {{TopLevelRole::kTargets, TopLevelRole::kRoot, kNoParent}};
  std::vector<Visited> visited;
  std::set<RoleName> seen;
  while (!stack.empty()) {
    const Visit visit = std::move(stack.back());
    stack.pop_back();
    if (seen.contains(visit.role)) continue;
    if (visited.size() > static_cast<std::size_t>(options_.limits.delegations)) {
      return Reject(Rejection::kTooManyRoles,
                    Cat(Printable(target), ": its search passed ", options_.limits.delegations,
                        " delegated roles and is not at its end"));
    }
    if (visit.role.top_level().has_value() && visit.parent != kNoParent) {
      // It would be kept under the top-level role's name.
      return Reject(Rejection::kMalformed,
                    Cat(Printable(visit.delegator.text()), " delegates to a role of the name ",
                        visit.role.text()));
    }
    seen.insert(visit.role);
    RIND_ASSIGN_OR_RETURN(const tuf::Targets* document,
                          LoadTargets(trusted_, visit.role, visit.delegator, /*may_fetch=*/true));
    visited.push_back(
        {{visit.role, document->header.version, document->header.expires}, visit.parent});
    const std::size_t here = visited.size() - 1;
    const auto found = document->targets.find(target);
    if (found != document->targets.end()) {
      FoundTarget result{.path = std::string(target), .file = found->second, .chain = {}};
      for (std::size_t at = here; at != kNoParent; at = visited[at].parent) {
        result.chain.push_back(visited[at].role);
      }
      std::reverse(result.chain.begin(), result.chain.end());
      return result;
    }
    if (!document->delegations.has_value()) continue;
    auto matches = document->delegations->Matching(target);
    const auto last = std::find_if(matches.begin(), matches.end(),
                                   [](const auto& match) { return match.terminating; });
    if (last != matches.end()) {
      // Nothing after it, here or further up, may speak for this target.
      matches.erase(last + 1, matches.end());
      stack.clear();
    }
    for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
      stack.push_back({match->name, visit.role, here});
    }
  }
  return NotFound(Cat(Printable(target), ": no role that may speak for it lists it"));
}

// "bin-3 v2 wants sha256 9f2c1a2b..., web sent 41d0ffee...", and a second line with all of it.
Status WrongContent(const FoundTarget& target, std::uint64_t length, const Sha256Digest& digest) {
  const RoleOnPath& role = target.chain.back();
  const auto wanted = target.file.hashes.sha256();
  const std::string wants =
      length != target.file.length ? Cat(target.file.length, " bytes, web sent ", length)
      : wanted ? Cat("sha256 ", wanted->Short(), "..., web sent ", digest.Short(), "...")
               : std::string("another sha512 than the web's file has");
  return Reject(
      Rejection::kWrongHash,
      Cat(Named(role.role, role.version), " wants ", wants, "\n", Printable(target.path, 500),
          ": wanted ", target.file.length, " bytes, ", wanted ? Cat("sha256 ", wanted->Hex()) : "",
          "; the web sent ", length, " bytes, sha256 ", digest.Hex()));
}

Status TooLong(const Status& status, const FoundTarget& target) {
  const std::string who = Named(target.chain.back().role, target.chain.back().version);
  if (absl::IsResourceExhausted(status)) {
    return Reject(Rejection::kTooLarge,
                  Cat(who, " wants ", target.file.length, " bytes, web sent more\n",
                      Printable(target.path, 500), ": ", MessageOf(status)));
  }
  if (absl::IsNotFound(status)) {
    return Reject(Rejection::kUnfetched, Cat(who, " lists a file that web has not\n",
                                             Printable(target.path, 500), ": ", MessageOf(status)));
  }
  return status;
}

StatusOr<std::string> ClientImpl::Download(const FoundTarget& target) {
  return DownloadTarget(fetcher_, target, WithHash());
}

Status ClientImpl::DownloadTo(const FoundTarget& target,
                              const std::function<Status(std::string_view)>& sink) {
  return DownloadTargetTo(fetcher_, target, WithHash(), sink);
}

}  // namespace

std::string TargetAddress(const FoundTarget& target, bool with_hash) {
  const std::string name =
      with_hash ? tuf::PathWithHash(target.path, target.file.hashes.Preferred()) : target.path;
  return Cat("targets/", http::PercentEncode(name, "/"));
}

StatusOr<std::string> DownloadTarget(Fetcher& fetcher, const FoundTarget& target, bool with_hash) {
  if (target.file.length > kMaxBuffered) {
    return ResourceExhausted(Cat(Printable(target.path), ": ", target.file.length,
                                 " bytes are too many to hold in memory"));
  }
  auto bytes = fetcher.Fetch(TargetAddress(target, with_hash), target.file.length);
  if (!bytes.ok()) return TooLong(bytes.status(), target);
  if (bytes->size() != target.file.length || !target.file.hashes.Check(*bytes).ok()) {
    return WrongContent(target, bytes->size(), Sha256(*bytes));
  }
  return bytes;
}

Status DownloadTargetTo(Fetcher& fetcher, const FoundTarget& target, bool with_hash,
                        const std::function<Status(std::string_view)>& sink) {
  const auto wanted = target.file.hashes.sha256();
  if (!wanted || target.file.hashes.by_algorithm().contains("sha512")) {
    RIND_ASSIGN_OR_RETURN(const std::string bytes, DownloadTarget(fetcher, target, with_hash));
    return sink(bytes);
  }
  Sha256Hasher hasher;
  std::uint64_t length = 0;
  std::string withheld;
  Status from_sink;
  const Status fetched = fetcher.FetchTo(TargetAddress(target, with_hash), target.file.length,
                                         [&](std::string_view piece) {
                                           hasher.Update(piece);
                                           length += piece.size();
                                           if (!withheld.empty()) from_sink = sink(withheld);
                                           withheld.assign(piece);
                                           return from_sink;
                                         });
  RIND_RETURN_IF_ERROR(from_sink);
  if (!fetched.ok()) return TooLong(fetched, target);
  const Sha256Digest digest = hasher.Finish();
  if (length != target.file.length || digest != *wanted) {
    return WrongContent(target, length, digest);
  }
  return withheld.empty() ? OkStatus() : sink(withheld);
}

Status Client::Initialise(FileSystem& files, const std::string& metadata_dir,
                          std::string_view trusted_root) {
  // Its own signatures must agree; its expiry is checked when it is used.
  RIND_ASSIGN_OR_RETURN(const auto pinned,
                        tuf::TrustedSet::Create(trusted_root, absl::UnixEpoch()));
  MetadataStore store(files, metadata_dir);
  RIND_ASSIGN_OR_RETURN(const FileLock lock, store.Lock(ClientOptions().lock_patience));
  const auto present = store.Load(TopLevelRole::kRoot, tuf::Limits().root_bytes);
  if (absl::IsNotFound(present.status())) return store.Store(TopLevelRole::kRoot, trusted_root);
  RIND_RETURN_IF_ERROR(present.status());
  if (*present == trusted_root) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const auto kept, tuf::TrustedSet::Create(*present, absl::UnixEpoch()));
  if (kept.root().header.version > pinned.root().header.version) return OkStatus();
  return AlreadyExists(Cat(metadata_dir, ": holds another root already"));
}

StatusOr<std::unique_ptr<Client>> Client::Open(ClientOptions options, FileSystem& files,
                                               Fetcher& fetcher, const Clock& clock) {
  const MetadataStore store(files, options.metadata_dir);
  RIND_ASSIGN_OR_RETURN(const std::string root,
                        store.Load(TopLevelRole::kRoot, options.limits.root_bytes));
  RIND_ASSIGN_OR_RETURN(tuf::TrustedSet trusted, tuf::TrustedSet::Create(root, clock.Now()));
  return std::make_unique<ClientImpl>(std::move(options), files, fetcher, clock,
                                      std::move(trusted));
}

}  // namespace rind::tuf_client
