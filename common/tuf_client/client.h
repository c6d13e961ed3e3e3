// A TUF client: trusted metadata on disk, fresh metadata from a mirror, targets that verify.
//
// Promise: the workflow of TUF 1.0.34 section 5 in the order of SECURITY.md section 1. What is on
// disk is as received, replaced atomically, under a lock across processes. A failure leaves what
// was trusted before. Errors: a refusal is FailedPrecondition with a tuf::Rejection; Unavailable
// when the mirror can't be reached; NotFound only when a complete, verified search found no such
// target. Threading: one thread at a time; many processes may share one folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/tuf/model/documents.h"
#include "common/tuf/model/limits.h"
#include "common/tuf/trusted_set/trusted_set.h"

namespace rind::tuf_client {

// Where metadata and targets come from. Paths are "metadata/..." and "targets/...", percent-encoded
// where a URL asks for it.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // The bytes at `path` below the source's root; NotFound when the source says that there is none
  // (HTTP 404, 403 and 410), Unavailable when it can't be asked, ResourceExhausted over
  // `max_bytes`.
  virtual StatusOr<std::string> Fetch(std::string_view path, std::uint64_t max_bytes) = 0;
  // The same, piece by piece. Errors of `sink` are returned as they are.
  virtual Status FetchTo(std::string_view path, std::uint64_t max_bytes,
                         const std::function<Status(std::string_view)>& sink) = 0;
  // From any thread: ends what is running, and all that is asked for later, with Cancelled.
  virtual void Cancel() {}
};

struct ClientOptions {
  std::string metadata_dir;  // made when it is not there
  tuf::Limits limits;
  // Whether target file names carry their hash; follows the root's consistent_snapshot otherwise.
  bool prefix_targets_with_hash = true;
  absl::Duration lock_patience = absl::Seconds(60);  // for another process in the same folder
};

// One role on the way to a target, for people.
struct RoleOnPath {
  tuf::RoleName role;
  tuf::Version version;
  absl::Time expires;
};

struct FoundTarget {
  std::string path;
  tuf::TargetFile file;
  std::vector<RoleOnPath> chain;  // targets, ..., the role that names the file
};

class Client {
 public:
  // Lays the pinned root into an empty folder. A folder whose root has a higher version is left as
  // it is; AlreadyExists when another root of this version or an older one is there.
  static Status Initialise(FileSystem& files, const std::string& metadata_dir,
                           std::string_view trusted_root);
  // Loads the trusted root. `files`, `fetcher` and `clock` must outlive the client. The start time
  // is read from `clock` by Refresh() and holds until the next.
  static StatusOr<std::unique_ptr<Client>> Open(ClientOptions options, FileSystem& files,
                                                Fetcher& fetcher, const Clock& clock);
  virtual ~Client() = default;

  // Root chain, timestamp, snapshot, targets.
  virtual Status Refresh() = 0;
  // The same from what is on disk, without a request; its expiry is checked.
  virtual Status LoadFromDisk() = 0;
  // Searches the delegations in order; fetches roles that are needed.
  virtual StatusOr<FoundTarget> Find(std::string_view target) = 0;
  // Fetches a found target's bytes, at most its length, and checks length and hashes.
  virtual StatusOr<std::string> Download(const FoundTarget& target) = 0;
  // The same in pieces. The last piece is given only when the hash agrees.
  virtual Status DownloadTo(const FoundTarget& target,
                            const std::function<Status(std::string_view)>& sink) = 0;

  virtual const tuf::TrustedSet& trusted() const = 0;
};

// What Client::DownloadTo() does, on its own; thread-safe when the fetcher is.
Status DownloadTargetTo(Fetcher& fetcher, const FoundTarget& target, bool with_hash,
                        const std::function<Status(std::string_view)>& sink);
// The same in memory; ResourceExhausted for a target of more than 256 MiB.
StatusOr<std::string> DownloadTarget(Fetcher& fetcher, const FoundTarget& target, bool with_hash);
// The address of a target below the source's root: "targets/files/six/<sha256>.six-1.0.tar.gz".
std::string TargetAddress(const FoundTarget& target, bool with_hash);

// A mirror over HTTP: metadata at <base>metadata/, targets at <base>targets/. The trailing slash
// may be missing. Idle connections are closed with the fetcher.
// Thread-safe, as HttpFetcher's always are.
StatusOr<std::unique_ptr<Fetcher>> HttpFetcher(const std::string& base_url,
                                               const std::string& ca_file);
// The same with two addresses. An empty `targets_url` has no targets.
StatusOr<std::unique_ptr<Fetcher>> HttpFetcher(const std::string& metadata_url,
                                               const std::string& targets_url,
                                               const std::string& ca_file);
// A folder with the layout of volume `public` (or any other).
std::unique_ptr<Fetcher> FolderFetcher(const FileSystem& files, std::string folder);

}  // namespace rind::tuf_client
