// Takes a repository away again: what `rind destroy` does at the manager.
//
// Promise: deletes what rind made and nothing else: metadata, pages, the database's rows and, when
// asked, blobs; by the form of their names, never a whole folder. A file that does not fit the
// layout stays and is named. Keys and ledgers are on other hosts and stay. A plan has a token; only
// the same plan, made again, is carried out. Afterwards a repository can be created anew. Errors:
// FailedPrecondition when the plan is not the one that the token confirms, or nothing is there. An
// interrupted destruction is finished by another. Threading: thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct DestructionPlan {
  std::vector<std::string> will_delete;  // for people, one line each
  std::vector<std::string> will_stay;    // files that rind did not make
  std::string token;
  std::vector<std::string> files;  // below `root`, with its name in front: "public/metadata/..."
};

class Destruction {
 public:
  struct Parts {
    std::string repository;
    std::string public_folder;
    std::string blobs_folder;
    StateStore& state;
    FileSystem& files;
    // Runs the body while no release runs.
    std::function<Status(const std::function<Status()>&)> without_releases;
  };
  explicit Destruction(Parts parts) : parts_(std::move(parts)) {}

  StatusOr<DestructionPlan> Plan(bool blobs);
  // What was deleted, for people.
  StatusOr<std::vector<std::string>> Destroy(std::string_view token, bool blobs);

 private:
  Status Remove(const DestructionPlan& plan, bool blobs);
  std::string FullPath(const std::string& file) const;

  Parts parts_;
  absl::Mutex mu_;
};

}  // namespace rind::delegation_manager
