// What a syncer asks of the delegation manager, as an interface.
//
// Promise: FailedPrecondition from Ingest() means that the manager's rules refuse this project now;
// any other error that it could not be done. Threading: implementations are thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/evidence/merkle.h"
#include "common/pypi/project_name.h"

namespace rind::mirror_syncer {

struct RepositoryInfo {
  bool created = false;
  std::string id;
};

// What the manager has of a project.
struct ProjectRecord {
  std::int64_t serial = 0;
  bool claimed = false;  // not the syncer's to change
  std::optional<Sha256Digest> targets_root;
};
using ProjectRecords = std::map<std::string, ProjectRecord>;  // by normalised name

// One project, all or nothing.
struct ProjectIngest {
  std::string project;
  std::int64_t serial = 0;
  std::vector<evidence::VouchedTarget> targets;  // sorted by path
  std::string index_html;
  std::string index_json;
  std::string statement;
  std::string key_id;
  std::string signature;
};

class ManagerClient {
 public:
  virtual ~ManagerClient() = default;
  virtual StatusOr<RepositoryInfo> GetRepository() = 0;
  virtual StatusOr<ProjectRecords> ListProjects() = 0;
  // True: it changed something.
  virtual StatusOr<bool> Ingest(const ProjectIngest& ingest) = 0;
};

}  // namespace rind::mirror_syncer
