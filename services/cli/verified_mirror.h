// A mirror as a verifying client sees it: the pinned root of a bundle, fresh metadata, targets that
// verify.
//
// Promise: nothing is returned that did not verify. A refusal carries a tuf::Rejection; NotFound
// only after a complete, verified search. Trusted metadata is kept in a folder named by the pinned
// root, so two repositories never meet. Threading: one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/tuf_client/client.h"
#include "services/cli/command.h"

namespace rind::cli {

// The roles that vouch for a target, by who holds their keys.
struct Trust {
  std::vector<std::string> offline;  // "root v1", "targets v1", "unclaimed v1"
  std::vector<std::string> project;  // "project.six v3": its developers
  std::vector<std::string> online;   // "bin-3 v2", "snapshot v2", "timestamp v2"
  absl::Time offline_expires;        // the soonest
  absl::Time project_expires;
  absl::Time online_expires;
};

struct VerifiedFile {
  std::string path;  // files/six/six-1.0.tar.gz
  std::string filename;
  Sha256Digest sha256;
  std::uint64_t length = 0;
  Trust trust;
  tuf_client::FoundTarget target;
};

// What a person asks for.
struct Wanted {
  std::string project;   // normalised
  std::string version;   // as typed; empty: the file alone
  std::string filename;  // empty: any file of the version
};
// "six==1.16.0", "six-1.16.0.tar.gz" or a path of such a file; InvalidArgument says what is wrong.
StatusOr<Wanted> ParseWanted(std::string_view text);

class VerifiedMirror {
 public:
  // From client.toml: its bundle, mirror and cache. Refreshes.
  static StatusOr<std::unique_ptr<VerifiedMirror>> Open(Session& session,
                                                        const ClientSettings& settings);

  // The files that are meant, the one that an installer most likely takes first: any wheel before
  // an sdist, a pure one before those for a platform. Each is listed in the verified page and is a
  // target; both name the same hash.
  StatusOr<std::vector<VerifiedFile>> Find(const Wanted& wanted);
  // The file's own bytes from the mirror, piece by piece; the last one only when its hash agrees.
  Status Fetch(const VerifiedFile& file, const std::function<Status(std::string_view)>& sink);

 private:
  VerifiedMirror() = default;
  Trust TrustOf(const tuf_client::FoundTarget& target) const;
  std::unique_ptr<tuf_client::Fetcher> fetcher_;
  std::unique_ptr<tuf_client::Client> client_;
};

}  // namespace rind::cli
