// A project as the manager has it, and the next version of it.
//
// Promise: pure: the same files give the same role and pages. Nothing is taken into the next
// version that the manager did not publish or the developer did not name. Errors: InvalidArgument
// names the file and what is wrong with it. Threading: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/pypi/index_page.h"
#include "common/pypi/project_name.h"
#include "common/tuf/model/documents.h"

namespace rind::project_signer {

struct Content {
  std::uint64_t length = 0;
  Sha256Digest sha256;
  bool operator==(const Content&) const = default;
};

// What GetProject answered.
struct PublishedProject {
  std::string repository;
  std::string state;  // unknown, unclaimed, requested, recently-claimed, claimed
  std::map<std::string, Content> targets;  // by path; pages too
  std::string index_html;
  std::string index_json;
  std::string role_file;  // the last signed project role; empty when unclaimed
  std::int64_t last_version = 0;

  bool claimed() const { return state == "recently-claimed" || state == "claimed"; }
};

// A file that the developer adds.
struct NewFile {
  std::string path;  // on this machine
  pypi::Distribution distribution;
  Content content;
  std::string metadata_path;  // on this machine; empty: none
  std::optional<Content> metadata;
  std::string requires_python;
};

// The next version, ready to be signed.
struct NextVersion {
  tuf::Targets role;
  std::string index_html;
  std::string index_json;
};

// The project as it is: for a claim. Pages are taken as they are, or made when there are none.
// DataLoss when a page is not the one that is listed.
StatusOr<NextVersion> VouchFor(const PublishedProject& published, const pypi::ProjectName& project,
                               absl::Time expires);
// With `files` added; pages are rendered anew. A file that is there already with the same bytes is
// left as it is; AlreadyExists with other bytes.
StatusOr<NextVersion> AddFiles(const PublishedProject& published, const pypi::ProjectName& project,
                               const std::vector<NewFile>& files, absl::Time expires);

// "Requires-Python" of a core metadata file; "" without one.
std::string RequiresPython(std::string_view core_metadata);

}  // namespace rind::project_signer
