// The manager, as a developer reaches it.
//
// Promise: every call has a deadline; errors are the manager's own words. No proto type shows here.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/rpc/server.h"
#include "services/project_signer/published_project.h"

namespace grpc {
class ChannelInterface;
}

namespace rind::project_signer {

struct ClaimSignature {
  std::string key_id;
  std::string signature;
};

// A signed project role with its pages.
struct SignedVersion {
  std::string role_file;
  std::string index_html;
  std::string index_json;
};

struct Upload {
  std::string path;  // on this machine
  Content content;
  std::optional<Sha256Digest> metadata_of;  // a core metadata file: of this distribution
  bool operator==(const Upload&) const = default;
};

class DeveloperClient {
 public:
  virtual ~DeveloperClient() = default;
  virtual StatusOr<PublishedProject> GetProject(const std::string& project) = 0;
  // The new state and what happens next, for people.
  virtual StatusOr<std::pair<std::string, std::string>> RequestClaim(
      const std::string& project, const std::string& statement,
      const std::vector<ClaimSignature>& signatures, const SignedVersion& first) = 0;
  // True when the manager had it already.
  virtual StatusOr<bool> UploadBlob(const std::string& project, const Upload& upload) = 0;
  // The snapshot that it is published in.
  virtual StatusOr<std::int64_t> PushProject(const std::string& project,
                                             const SignedVersion& next) = 0;
};

// `files` must outlive the client.
StatusOr<std::unique_ptr<DeveloperClient>> ConnectToManager(const std::string& address,
                                                            const rpc::TlsFiles& tls,
                                                            const FileReader& files);
std::unique_ptr<DeveloperClient> DeveloperClientOver(
    const std::shared_ptr<grpc::ChannelInterface>& channel, const FileReader& files);

}  // namespace rind::project_signer
