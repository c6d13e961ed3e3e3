#include "common/testing/fake_file_system.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/text.h"

namespace rind::testing {
namespace {

// "/a//b/" and "/a/b" are one name; "./a" is "a".
std::string Normal(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '/' && !out.empty() && out.back() == '/') continue;
    out.push_back(c);
  }
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  while (out.starts_with("./")) out.erase(0, 2);
  return out;
}

bool IsTop(const std::string& path) { return path == "/" || path == "." || path.empty(); }

}  // namespace

std::shared_ptr<FakeFileSystem::Node> FakeFileSystem::Find(const std::string& path) const {
  if (IsTop(path)) {
    auto top = std::make_shared<Node>();
    top->kind = FileKind::kDirectory;
    return top;
  }
  const auto found = visible_.find(path);
  return found == visible_.end() ? nullptr : found->second;
}

std::shared_ptr<FakeFileSystem::Node> FakeFileSystem::NewNode(FileKind kind, std::string_view bytes,
                                                              std::uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->bytes = std::string(bytes);
  node->mode = mode;
  node->inode = next_inode_++;
  node->modified = clock_ == nullptr ? 0 : absl::ToUnixSeconds(clock_->Now());
  return node;
}

Status FakeFileSystem::NeedFolder(const std::string& path) const {
  const auto node = Find(ParentPath(path));
  if (node == nullptr || node->kind != FileKind::kDirectory) {
    return NotFound(Cat(path, ": no folder ", ParentPath(path)));
  }
  return OkStatus();
}

void FakeFileSystem::Sync(const std::string& folder) {
  // fsync of a folder makes its names durable, the removed ones too.
  const auto inside = [&folder](const std::string& path) { return ParentPath(path) == folder; };
  std::erase_if(durable_, [&](const auto& entry) {
    return inside(entry.first) && !visible_.contains(entry.first);
  });
  for (const auto& [path, node] : visible_) {
    if (inside(path)) durable_[path] = node;
  }
}

template <typename Change>
Status FakeFileSystem::Write(const std::string& folder, const Change& change) {
  ++writes_;
  const auto due = std::find_if(faults_.begin(), faults_.end(), [this](const Fault& fault) {
    return fault.at == writes_ || (fault.forever && fault.at < writes_);
  });
  if (due == faults_.end()) {
    RIND_RETURN_IF_ERROR(change());
    Sync(folder);
    return OkStatus();
  }
  const Fault fault = *due;
  // Of a process that died, only the operation in which it died can have had an effect.
  if (fault.at == writes_ && fault.effect != Effect::kNothing) {
    RIND_RETURN_IF_ERROR(change());
    if (fault.effect == Effect::kComplete) Sync(folder);
  }
  return fault.error;
}

StatusOr<std::string> FakeFileSystem::Read(const std::string& given, std::uint64_t max_size) const {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  if (const auto fault = read_faults_.find(path); fault != read_faults_.end()) {
    return fault->second;
  }
  const auto node = Find(path);
  if (node == nullptr) return NotFound(Cat(path, ": no such file"));
  if (node->kind != FileKind::kFile) return FailedPrecondition(Cat(path, ": not a regular file"));
  if (node->bytes.size() > max_size) {
    return ResourceExhausted(Cat(path, ": larger than the limit of ", max_size, " bytes"));
  }
  return node->bytes;
}

Status FakeFileSystem::ReadPieces(const std::string& path,
                                  const std::function<Status(std::string_view)>& sink) const {
  // Small pieces, so that a reader which needs them whole is found out.
  constexpr std::size_t kPiece = 4096;
  RIND_ASSIGN_OR_RETURN(const std::string bytes,
                        Read(path, std::numeric_limits<std::uint64_t>::max()));
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kPiece);
    rest.remove_prefix(piece.size());
    RIND_RETURN_IF_ERROR(sink(piece));
  }
  return OkStatus();
}

StatusOr<FileInfo> FakeFileSystem::Stat(const std::string& given) const {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return NotFound(Cat(path, ": no such file"));
  return FileInfo{.kind = node->kind,
                  .size = node->bytes.size(),
                  .mode = node->mode,
                  .inode = node->inode,
                  .modified = node->modified};
}

StatusOr<std::vector<DirectoryEntry>> FakeFileSystem::List(const std::string& given) const {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || node->kind != FileKind::kDirectory) {
    return NotFound(Cat(path, ": no such folder"));
  }
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : visible_) {
    if (ParentPath(name) != path) continue;
    const std::size_t slash = name.find_last_of('/');
    entries.push_back({slash == std::string::npos ? name : name.substr(slash + 1), child->kind});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status FakeFileSystem::Create(const std::string& given, std::string_view bytes,
                              std::uint32_t mode) {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  return Write(ParentPath(path), [&]() -> Status {
    RIND_RETURN_IF_ERROR(NeedFolder(path));
    if (const auto node = Find(path); node != nullptr) {
      if (node->kind == FileKind::kFile && node->bytes == bytes) return OkStatus();
      return AlreadyExists(Cat(path, ": is there already with other bytes"));
    }
    visible_[path] = NewNode(FileKind::kFile, bytes, mode);
    return OkStatus();
  });
}

Status FakeFileSystem::Replace(const std::string& given, std::string_view bytes,
                               std::uint32_t mode) {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  return Write(ParentPath(path), [&]() -> Status {
    RIND_RETURN_IF_ERROR(NeedFolder(path));
    if (const auto node = Find(path); node != nullptr && node->kind != FileKind::kFile) {
      return Internal(Cat(path, ": rename: Is a directory"));
    }
    visible_[path] = NewNode(FileKind::kFile, bytes, mode);
    return OkStatus();
  });
}

Status FakeFileSystem::MoveNew(const std::string& given_from, const std::string& given_to) {
  const std::string from = Normal(given_from);
  const std::string to = Normal(given_to);
  const std::lock_guard lock(mutex_);
  return Write(ParentPath(to), [&]() -> Status {
    const auto node = Find(from);
    if (node == nullptr) return NotFound(Cat(to, ": move from ", from, ": no such file"));
    RIND_RETURN_IF_ERROR(NeedFolder(to));
    if (Find(to) != nullptr) return AlreadyExists(Cat(to, ": move from ", from, ": is there"));
    Tree moved;
    for (auto it = visible_.begin(); it != visible_.end();) {
      if (it->first == from || it->first.starts_with(from + "/")) {
        moved[to + it->first.substr(from.size())] = it->second;
        it = visible_.erase(it);
      } else {
        ++it;
      }
    }
    visible_.merge(moved);
    return OkStatus();
  });
}

Status FakeFileSystem::Link(const std::string& given_from, const std::string& given_to) {
  const std::string from = Normal(given_from);
  const std::string to = Normal(given_to);
  const std::lock_guard lock(mutex_);
  return Write(ParentPath(to), [&]() -> Status {
    const auto node = Find(from);
    if (node == nullptr) return NotFound(Cat(to, ": link from ", from, ": no such file"));
    if (node->kind != FileKind::kFile) {
      return PermissionDenied(Cat(to, ": link from ", from, ": is a folder"));
    }
    RIND_RETURN_IF_ERROR(NeedFolder(to));
    visible_[to] = node;
    return OkStatus();
  });
}

Status FakeFileSystem::Remove(const std::string& given) {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  return Write(ParentPath(path), [&]() -> Status {
    if (Find(path) == nullptr) return NotFound(Cat(path, ": remove: no such file"));
    const auto below = visible_.lower_bound(path + "/");
    if (below != visible_.end() && below->first.starts_with(path + "/")) {
      return AlreadyExists(Cat(path, ": remove: folder is not empty"));
    }
    visible_.erase(path);
    return OkStatus();
  });
}

Status FakeFileSystem::MakeDirectories(const std::string& given, std::uint32_t mode) {
  const std::string path = Normal(given);
  const std::lock_guard lock(mutex_);
  std::vector<std::string> missing;
  for (std::string at = path; !IsTop(at); at = ParentPath(at)) {
    const auto node = Find(at);
    if (node == nullptr) {
      missing.push_back(at);
      continue;
    }
    if (node->kind == FileKind::kDirectory) break;
    return AlreadyExists(Cat(path, ": is there and is not a folder"));
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    RIND_RETURN_IF_ERROR(Write(ParentPath(*at), [&]() -> Status {
      visible_[*at] = NewNode(FileKind::kDirectory, "", mode);
      return OkStatus();
    }));
  }
  return OkStatus();
}

int FakeFileSystem::WriteCount() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

void FakeFileSystem::FailWrite(int n, Status error, Effect effect) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({writes_ + n, false, effect, std::move(error)});
}

void FakeFileSystem::DieAtWrite(int n, Effect effect) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({writes_ + n, true, effect, Cancelled("the fake file system has died")});
}

void FakeFileSystem::FailRead(const std::string& path, Status error) {
  const std::lock_guard lock(mutex_);
  if (error.ok()) {
    read_faults_.erase(Normal(path));
  } else {
    read_faults_[Normal(path)] = std::move(error);
  }
}

void FakeFileSystem::LoseUnsynced() {
  const std::lock_guard lock(mutex_);
  visible_ = durable_;
  faults_.clear();
  read_faults_.clear();
}

void FakeFileSystem::Restart() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  read_faults_.clear();
}

void FakeFileSystem::Overwrite(const std::string& path, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto node = NewNode(FileKind::kFile, bytes, 0644);
  visible_[Normal(path)] = node;
  durable_[Normal(path)] = node;
}

std::map<std::string, std::string> FakeFileSystem::Files() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> files;
  for (const auto& [path, node] : visible_) {
    if (node->kind == FileKind::kFile) files[path] = node->bytes;
  }
  return files;
}

}  // namespace rind::testing
