// A file system in memory whose operations fail when a test says so.
//
// Promise: the contract of base/file_system.h, and the same results as LocalFileSystem for the same
// calls (a contract test runs both). What a real machine may lose in a power failure can be lost
// here too: an operation that failed between its rename and its fsync is visible until
// LoseUnsynced(). No symbolic links, no permissions.
// Threading: thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"

namespace rind::testing {

class FakeFileSystem final : public FileSystem {
 public:
  enum class Effect {
    kNothing,   // the operation fails before anything is seen of it
    kUnsynced,  // it fails after the rename: seen now, gone after LoseUnsynced()
    kComplete,  // it is done and durable, and the caller is told that it failed
  };

  // `clock` gives files their time of modification and must outlive this; 0 without one.
  explicit FakeFileSystem(const Clock* clock = nullptr) : clock_(clock) {}

  StatusOr<std::string> Read(const std::string& path, std::uint64_t max_size) const override;
  Status ReadPieces(const std::string& path,
                    const std::function<Status(std::string_view)>& sink) const override;
  StatusOr<FileInfo> Stat(const std::string& path) const override;
  StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const override;
  Status Create(const std::string& path, std::string_view bytes, std::uint32_t mode) override;
  Status Replace(const std::string& path, std::string_view bytes, std::uint32_t mode) override;
  Status MoveNew(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path, std::uint32_t mode) override;

  // The writing operations so far, failed ones too: run once, count, then fail each in turn.
  int WriteCount() const;
  // The n-th writing operation from now (1 is the next) fails with `error`, once.
  void FailWrite(int n, Status error, Effect effect = Effect::kNothing);
  // The n-th writing operation from now and all after it fail, as when the process had died there.
  void DieAtWrite(int n, Effect effect = Effect::kNothing);
  // Reads of `path` fail with `error` until OK is given.
  void FailRead(const std::string& path, Status error);
  // The machine comes back after a power failure: unsynced effects are gone, faults are cleared.
  void LoseUnsynced();
  // The process comes back, the machine never went: all that was seen stays, faults are cleared.
  void Restart();

  // Behind the back of the code under test: sets bytes without the contract's rules.
  void Overwrite(const std::string& path, std::string_view bytes);
  // Every file (not folder) and its bytes.
  std::map<std::string, std::string> Files() const;

 private:
  struct Node {
    FileKind kind = FileKind::kFile;
    std::string bytes;
    std::uint32_t mode = 0;
    std::uint64_t inode = 0;
    std::int64_t modified = 0;
  };
  using Tree = std::map<std::string, std::shared_ptr<Node>>;
  struct Fault {
    int at = 0;  // counted as WriteCount()
    bool forever = false;
    Effect effect = Effect::kNothing;
    Status error;
  };

  std::shared_ptr<Node> Find(const std::string& path) const;
  std::shared_ptr<Node> NewNode(FileKind kind, std::string_view bytes, std::uint32_t mode);
  Status NeedFolder(const std::string& path) const;
  // Runs `change` on what is visible, as the fault that is due allows, and syncs `folder`.
  template <typename Change>
  Status Write(const std::string& folder, const Change& change);
  void Sync(const std::string& folder);

  const Clock* clock_;
  mutable std::mutex mutex_;
  Tree visible_, durable_;  // guarded by mutex_, like all below
  std::uint64_t next_inode_ = 1;
  int writes_ = 0;
  std::vector<Fault> faults_;
  std::map<std::string, Status> read_faults_;
};

}  // namespace rind::testing
