// Files, as a dependency, with what durability asks for.
//
// Promise: the only place of rind that touches files. Every write that returns OK has been fsynced,
// its folder too. A reader sees a whole file or none under its final name.
// Errors: NotFound (no such file), AlreadyExists, ResourceExhausted (too large, disk full),
// DataLoss (the device reported an error; never retried), PermissionDenied, Internal; each names
// the path. Threading: implementations are thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace rind {

enum class FileKind { kFile, kDirectory, kOther };

struct FileInfo {
  FileKind kind = FileKind::kOther;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // permission bits only
  std::uint64_t inode = 0;
  std::int64_t modified = 0;  // seconds since the epoch
};

struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::kOther;  // a symbolic link is kOther
};

class FileReader {
 public:
  virtual ~FileReader() = default;
  // The whole file; ResourceExhausted when it is larger than `max_size` bytes.
  virtual StatusOr<std::string> Read(const std::string& path, std::uint64_t max_size) const = 0;
  // The same piece by piece, in bounded memory, for files of any size; an error of the sink ends
  // it.
  virtual Status ReadPieces(const std::string& path,
                            const std::function<Status(std::string_view)>& sink) const = 0;
  // Follows no symbolic link.
  virtual StatusOr<FileInfo> Stat(const std::string& path) const = 0;
  // Entries without "." and "..", sorted by name.
  virtual StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const = 0;
};

struct NewFile {
  std::string path;
  std::string_view bytes;
};

class FileWriter {
 public:
  virtual ~FileWriter() = default;
  // Makes a file that must not exist yet. A file with the very same bytes is OK (a repeat after a
  // crash); other bytes are AlreadyExists.
  virtual Status Create(const std::string& path, std::string_view bytes, std::uint32_t mode) = 0;
  // Create() for many files on one mount, with the folders that are missing. All are durable when
  // it returned OK; after an error, or a crash, each is there whole or not at all.
  virtual Status CreateMany(std::span<const NewFile> files, std::uint32_t file_mode,
                            std::uint32_t folder_mode);
  // Makes or replaces a file in one step.
  virtual Status Replace(const std::string& path, std::string_view bytes, std::uint32_t mode) = 0;
  // Moves `from` to `to` on the same mount; AlreadyExists when there is a `to`.
  virtual Status MoveNew(const std::string& from, const std::string& to) = 0;
  // A second name for `from`, replacing what `to` was.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
  // Removes a file or an empty folder; NotFound when it is not there.
  virtual Status Remove(const std::string& path) = 0;
  // Makes the folder and what is missing above it.
  virtual Status MakeDirectories(const std::string& path, std::uint32_t mode) = 0;
};

class FileSystem : public FileReader, public FileWriter {};

// The machine's own file system.
class LocalFileSystem final : public FileSystem {
 public:
  StatusOr<std::string> Read(const std::string& path, std::uint64_t max_size) const override;
  Status ReadPieces(const std::string& path,
                    const std::function<Status(std::string_view)>& sink) const override;
  StatusOr<FileInfo> Stat(const std::string& path) const override;
  StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const override;
  Status Create(const std::string& path, std::string_view bytes, std::uint32_t mode) override;
  // One syncfs() in place of many fsync() when there are many: 16,384 files take seconds.
  Status CreateMany(std::span<const NewFile> files, std::uint32_t file_mode,
                    std::uint32_t folder_mode) override;
  Status Replace(const std::string& path, std::string_view bytes, std::uint32_t mode) override;
  Status MoveNew(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path, std::uint32_t mode) override;
};

// A file that only grows: ledgers, logs, journals. One writer per path (flock).
class AppendFile {
 public:
  // Opens or makes the file; FailedPrecondition when another process has it open.
  static StatusOr<AppendFile> Open(const std::string& path, std::uint32_t mode);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // Appends at the end; durable only after Sync().
  Status Append(std::string_view bytes);
  Status Sync();
  // Cuts the file to `size` bytes (a torn tail after a crash) and syncs.
  Status Truncate(std::uint64_t size);

 private:
  AppendFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

// One holder at a time per path, across threads and processes (flock). Given back when it ends,
// also with the process.
class FileLock {
 public:
  // Makes the file when it is missing; DeadlineExceeded when another holds it for all of
  // `patience`.
  static StatusOr<FileLock> Acquire(const std::string& path, absl::Duration patience);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Removes a folder and all below it, following no symbolic link; OK when there is none.
Status RemoveTree(FileSystem& files, const std::string& path);

// "a/b" and "c" make "a/b/c".
std::string JoinPath(std::string_view folder, std::string_view name);
// The part before the last "/"; "." without one.
std::string ParentPath(std::string_view path);

}  // namespace rind
