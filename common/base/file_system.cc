#include "common/base/file_system.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "common/base/text.h"

namespace rind {
namespace {

constexpr std::size_t kPieceBytes = 256ULL * 1024;

Status FromErrno(int error, std::string_view what, std::string_view path) {
  const std::string message = Cat(path, ": ", what, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return NotFound(message);
    case EEXIST:
    case ENOTEMPTY:
      return AlreadyExists(message);
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return PermissionDenied(message);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return ResourceExhausted(message);
    case EIO:
      return DataLoss(message);
    default:
      return Internal(message);
  }
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno(errno, "write", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

Status SyncFolder(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) return FromErrno(errno, "open folder", folder);
  if (::fsync(descriptor.get()) != 0) return FromErrno(errno, "fsync folder", folder);
  return OkStatus();
}

Status SyncFolderOf(const std::string& path) { return SyncFolder(ParentPath(path)); }

// All that was written to the mount of `folder`. Since Linux 5.8 an error of the device is told.
Status SyncMountOf(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) return FromErrno(errno, "open folder", folder);
  if (::syncfs(descriptor.get()) != 0) return FromErrno(errno, "syncfs", folder);
  return OkStatus();
}

// A name beside `path` that no other thread or process uses.
std::string TemporaryName(const std::string& path) {
  static std::atomic<std::uint64_t> counter{0};
  return Cat(path, ".tmp-", ::getpid(), "-", counter.fetch_add(1));
}

// Writes `bytes` under a temporary name and returns that name.
StatusOr<std::string> WriteTemporary(const std::string& path, std::string_view bytes,
                                     std::uint32_t mode, bool sync = true) {
  std::string temporary = TemporaryName(path);
  const Descriptor descriptor(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (descriptor.get() < 0) return FromErrno(errno, "create", path);
  Status status = WriteAll(descriptor.get(), bytes, path);
  if (status.ok() && ::fchmod(descriptor.get(), mode) != 0) {
    status = FromErrno(errno, "chmod", path);
  }
  if (status.ok() && sync && ::fsync(descriptor.get()) != 0)
    status = FromErrno(errno, "fsync", path);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return temporary;
}

// Makes what is missing of `folder` and adds to `touched` each folder that got a new entry.
Status MakeFolderUnsynced(const std::string& folder, std::uint32_t mode,
                          std::set<std::string>& touched) {
  if (::mkdir(folder.c_str(), mode) == 0) {
    touched.insert(ParentPath(folder));
    return OkStatus();
  }
  if (errno == EEXIST) return OkStatus();
  if (errno != ENOENT) return FromErrno(errno, "make folder", folder);
  RIND_RETURN_IF_ERROR(MakeFolderUnsynced(ParentPath(folder), mode, touched));
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    return FromErrno(errno, "make folder", folder);
  }
  touched.insert(ParentPath(folder));
  return OkStatus();
}

// Files under temporary names; those that were not moved are removed in the end.
class TemporaryFiles {
 public:
  TemporaryFiles() = default;
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;
  ~TemporaryFiles() {
    for (std::size_t i = moved_; i < names_.size(); ++i) ::unlink(names_[i].c_str());
  }
  Status Write(const std::string& path, std::string_view bytes, std::uint32_t mode, bool sync) {
    RIND_ASSIGN_OR_RETURN(std::string name, WriteTemporary(path, bytes, mode, sync));
    names_.push_back(std::move(name));
    return OkStatus();
  }
  // `files` in the order of Write().
  Status MoveAll(const FileReader& reader, std::span<const NewFile> files) {
    for (; moved_ < names_.size(); ++moved_) {
      RIND_RETURN_IF_ERROR(MoveIntoPlace(reader, names_[moved_], files[moved_]));
    }
    return OkStatus();
  }

 private:
  static Status MoveIntoPlace(const FileReader& reader, const std::string& temporary,
                              const NewFile& file);
  std::vector<std::string> names_;
  std::size_t moved_ = 0;
};

Status TemporaryFiles::MoveIntoPlace(const FileReader& reader, const std::string& temporary,
                                     const NewFile& file) {
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, file.path.c_str(), RENAME_NOREPLACE) ==
      0) {
    return OkStatus();
  }
  const int error = errno;
  ::unlink(temporary.c_str());
  if (error != EEXIST) return FromErrno(error, "rename", file.path);
  const auto present = reader.Read(file.path, file.bytes.size());
  if (present.ok() && *present == file.bytes) return OkStatus();
  return AlreadyExists(Cat(file.path, ": is there already with other bytes"));
}

FileKind KindOf(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  if (S_ISDIR(mode)) return FileKind::kDirectory;
  return FileKind::kOther;
}

}  // namespace

StatusOr<std::string> LocalFileSystem::Read(const std::string& path, std::uint64_t max_size) const {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) return FromErrno(errno, "open", path);
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0) return FromErrno(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition(Cat(path, ": not a regular file"));
  std::string bytes;
  bytes.resize(std::min<std::uint64_t>(static_cast<std::uint64_t>(info.st_size), max_size) + 1);
  std::size_t filled = 0;
  while (true) {
    const ssize_t got = ::read(descriptor.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      return FromErrno(errno, "read", path);
    }
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > max_size) {
      return ResourceExhausted(Cat(path, ": larger than the limit of ", max_size, " bytes"));
    }
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

Status LocalFileSystem::ReadPieces(const std::string& path,
                                   const std::function<Status(std::string_view)>& sink) const {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) return FromErrno(errno, "open", path);
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0) return FromErrno(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition(Cat(path, ": not a regular file"));
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const ssize_t got = ::read(descriptor.get(), piece.data(), piece.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return FromErrno(errno, "read", path);
    }
    if (got == 0) return OkStatus();
    RIND_RETURN_IF_ERROR(sink(std::string_view(piece.data(), static_cast<std::size_t>(got))));
  }
}

StatusOr<FileInfo> LocalFileSystem::Stat(const std::string& path) const {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return FromErrno(errno, "stat", path);
  return FileInfo{.kind = KindOf(info.st_mode),
                  .size = static_cast<std::uint64_t>(info.st_size),
                  .mode = info.st_mode & 07777U,
                  .inode = info.st_ino,
                  .modified = info.st_mtim.tv_sec};
}

StatusOr<std::vector<DirectoryEntry>> LocalFileSystem::List(const std::string& path) const {
  struct Close {
    void operator()(DIR* folder) const { ::closedir(folder); }
  };
  const std::unique_ptr<DIR, Close> folder(::opendir(path.c_str()));
  if (folder == nullptr) return FromErrno(errno, "open folder", path);
  std::vector<DirectoryEntry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind = FileKind::kOther;
    if (entry->d_type == DT_UNKNOWN) {
      const auto info = Stat(JoinPath(path, name));
      if (!info.ok()) return info.status();
      kind = info->kind;
    } else if (entry->d_type == DT_REG) {
      kind = FileKind::kFile;
    } else if (entry->d_type == DT_DIR) {
      kind = FileKind::kDirectory;
    }
    entries.push_back({std::string(name), kind});
  }
  if (errno != 0) return FromErrno(errno, "read folder", path);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status LocalFileSystem::Create(const std::string& path, std::string_view bytes,
                               std::uint32_t mode) {
  const NewFile file{path, bytes};
  TemporaryFiles temporary;
  RIND_RETURN_IF_ERROR(temporary.Write(path, bytes, mode, true));
  RIND_RETURN_IF_ERROR(temporary.MoveAll(*this, {&file, 1}));
  return SyncFolderOf(path);
}

Status FileWriter::CreateMany(std::span<const NewFile> files, std::uint32_t file_mode,
                              std::uint32_t folder_mode) {
  for (const NewFile& file : files) {
    RIND_RETURN_IF_ERROR(MakeDirectories(ParentPath(file.path), folder_mode));
    RIND_RETURN_IF_ERROR(Create(file.path, file.bytes, file_mode));
  }
  return OkStatus();
}

Status LocalFileSystem::CreateMany(std::span<const NewFile> files, std::uint32_t file_mode,
                                   std::uint32_t folder_mode) {
  // Up to here one fsync() for each is faster than syncfs(), which waits for all that anybody wrote
  // to this mount.
  constexpr std::size_t kFewFiles = 64;
  if (files.empty()) return OkStatus();
  const bool few = files.size() <= kFewFiles;
  std::set<std::string> folders;  // to be synced in the end
  for (const NewFile& file : files) {
    const std::string folder = ParentPath(file.path);
    if (folders.insert(folder).second) {
      RIND_RETURN_IF_ERROR(MakeFolderUnsynced(folder, folder_mode, folders));
    }
  }
  TemporaryFiles temporaries;
  for (const NewFile& file : files) {
    RIND_RETURN_IF_ERROR(temporaries.Write(file.path, file.bytes, file_mode, few));
  }
  const std::string& first = *folders.begin();
  if (!few) RIND_RETURN_IF_ERROR(SyncMountOf(first));
  RIND_RETURN_IF_ERROR(temporaries.MoveAll(*this, files));
  if (!few) return SyncMountOf(first);
  for (const std::string& folder : folders) RIND_RETURN_IF_ERROR(SyncFolder(folder));
  return OkStatus();
}

Status LocalFileSystem::Replace(const std::string& path, std::string_view bytes,
                                std::uint32_t mode) {
  RIND_ASSIGN_OR_RETURN(const std::string temporary, WriteTemporary(path, bytes, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return FromErrno(error, "rename", path);
  }
  return SyncFolderOf(path);
}

Status LocalFileSystem::MoveNew(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    return FromErrno(errno, Cat("move from ", from), to);
  }
  return SyncFolderOf(to);
}

Status LocalFileSystem::Link(const std::string& from, const std::string& to) {
  const std::string temporary = TemporaryName(to);
  if (::link(from.c_str(), temporary.c_str()) != 0) {
    return FromErrno(errno, Cat("link from ", from), to);
  }
  if (::rename(temporary.c_str(), to.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return FromErrno(error, "rename", to);
  }
  // rename() of two names of one inode does nothing and leaves the first.
  ::unlink(temporary.c_str());
  return SyncFolderOf(to);
}

Status LocalFileSystem::Remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return FromErrno(errno, "remove", path);
  return SyncFolderOf(path);
}

Status LocalFileSystem::MakeDirectories(const std::string& path, std::uint32_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return SyncFolderOf(path);
  if (errno == ENOENT) {
    RIND_RETURN_IF_ERROR(MakeDirectories(ParentPath(path), mode));
    if (::mkdir(path.c_str(), mode) == 0) return SyncFolderOf(path);
  }
  if (errno != EEXIST) return FromErrno(errno, "make folder", path);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FromErrno(errno, "stat", path);
  if (!S_ISDIR(info.st_mode)) return AlreadyExists(Cat(path, ": is there and is not a folder"));
  return OkStatus();
}

StatusOr<AppendFile> AppendFile::Open(const std::string& path, std::uint32_t mode) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) return FromErrno(errno, "open", path);
  AppendFile file(descriptor, path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return FailedPrecondition(Cat(path, ": another process has it open"));
  }
  RIND_RETURN_IF_ERROR(SyncFolderOf(path));
  return file;
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status AppendFile::Append(std::string_view bytes) { return WriteAll(descriptor_, bytes, path_); }

Status AppendFile::Sync() {
  if (::fdatasync(descriptor_) != 0) return FromErrno(errno, "fdatasync", path_);
  return OkStatus();
}

Status AppendFile::Truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    return FromErrno(errno, "truncate", path_);
  }
  return Sync();
}

StatusOr<FileLock> FileLock::Acquire(const std::string& path, absl::Duration patience) {
  // flock() has no timeout of its own, and a signal would need a thread that is known.
  constexpr absl::Duration kPause = absl::Milliseconds(5);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return FromErrno(errno, "open", path);
  FileLock lock(descriptor);
  for (absl::Duration waited = absl::ZeroDuration();; waited += kPause) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK && errno != EINTR) return FromErrno(errno, "lock", path);
    if (waited >= patience) {
      return DeadlineExceeded(
          Cat(path, ": held by another process for all the time that was given"));
    }
    absl::SleepFor(kPause);
  }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status RemoveTree(FileSystem& files, const std::string& path) {
  const auto info = files.Stat(path);
  if (absl::IsNotFound(info.status())) return OkStatus();
  RIND_RETURN_IF_ERROR(info.status());
  if (info->kind == FileKind::kDirectory) {
    RIND_ASSIGN_OR_RETURN(const auto entries, files.List(path));
    for (const DirectoryEntry& entry : entries) {
      RIND_RETURN_IF_ERROR(RemoveTree(files, JoinPath(path, entry.name)));
    }
  }
  return files.Remove(path);
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return folder.back() == '/' ? Cat(folder, name) : Cat(folder, "/", name);
}

std::string ParentPath(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

}  // namespace rind
