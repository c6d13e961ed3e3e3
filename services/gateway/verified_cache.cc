#include "services/gateway/verified_cache.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::gateway {

StatusOr<std::unique_ptr<VerifiedCache>> VerifiedCache::Open(FileSystem& files, std::string folder,
                                                             std::uint64_t max_bytes) {
  std::unique_ptr<VerifiedCache> cache(new VerifiedCache(files, std::move(folder), max_bytes));
  RIND_RETURN_IF_ERROR(RemoveTree(files, JoinPath(cache->folder_, "incoming")));
  RIND_RETURN_IF_ERROR(files.MakeDirectories(JoinPath(cache->folder_, "incoming"), 0700));
  RIND_RETURN_IF_ERROR(files.MakeDirectories(JoinPath(cache->folder_, "sha256"), 0700));
  RIND_RETURN_IF_ERROR(cache->Scan());
  cache->MakeRoom();
  return cache;
}

Status VerifiedCache::Scan() {
  std::vector<std::tuple<std::int64_t, std::string, std::uint64_t>> found;
  const std::string top = JoinPath(folder_, "sha256");
  RIND_ASSIGN_OR_RETURN(const auto folders, files_.List(top));
  for (const DirectoryEntry& folder : folders) {
    if (folder.kind != FileKind::kDirectory) continue;
    RIND_ASSIGN_OR_RETURN(const auto entries, files_.List(JoinPath(top, folder.name)));
    for (const DirectoryEntry& entry : entries) {
      if (entry.kind != FileKind::kFile || !Sha256Digest::FromHex(entry.name).ok()) continue;
      RIND_ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(PathOf(entry.name)));
      found.emplace_back(info.modified, entry.name, info.size);
    }
  }
  std::sort(found.begin(), found.end());
  const absl::MutexLock lock(&mutex_);
  for (const auto& [modified, name, size] : found) Used(name, size);
  return OkStatus();
}

std::string VerifiedCache::PathOf(std::string_view hex) const {
  return Cat(folder_, "/sha256/", hex.substr(0, 2), "/", hex);
}

void VerifiedCache::Used(const std::string& hex, std::uint64_t length) {
  const auto found = entries_.find(hex);
  if (found != entries_.end()) {
    order_.splice(order_.begin(), order_, found->second.place);
    return;
  }
  order_.push_front(hex);
  entries_.emplace(hex, Entry{length, order_.begin()});
  bytes_ += length;
}

void VerifiedCache::Drop(const std::string& hex) {
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = entries_.find(hex);
    if (found != entries_.end()) {
      bytes_ -= found->second.length;
      order_.erase(found->second.place);
      entries_.erase(found);
    }
  }
  const Status removed = files_.Remove(PathOf(hex));
  if (!removed.ok() && !absl::IsNotFound(removed)) {
    LogWarning("cache: a file can't be removed", {{"error", std::string(MessageOf(removed))}});
  }
}

void VerifiedCache::MakeRoom() {
  std::vector<std::string> leaving;
  {
    const absl::MutexLock lock(&mutex_);
    std::uint64_t left = bytes_;
    // Never what was used last: a file larger than all of the cache is given once and leaves then.
    for (auto it = order_.rbegin(); it != order_.rend() && left > max_bytes_; ++it) {
      if (*it == order_.front()) break;
      left -= entries_.at(*it).length;
      leaving.push_back(*it);
    }
  }
  for (const std::string& hex : leaving) Drop(hex);
}

bool VerifiedCache::Has(const Sha256Digest& digest, std::uint64_t length) {
  const absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(digest.Hex());
  return found != entries_.end() && found->second.length == length;
}

StatusOr<std::string> VerifiedCache::Read(const Sha256Digest& digest, std::uint64_t length) {
  const std::string hex = digest.Hex();
  if (!Has(digest, length)) return NotFound(Cat("cache: no ", hex));
  auto bytes = files_.Read(PathOf(hex), length);
  if (!bytes.ok() || bytes->size() != length || Sha256(*bytes) != digest) {
    LogWarning("cache: a file was damaged and is dropped", {{"sha256", hex}});
    Drop(hex);
    return NotFound(Cat("cache: ", hex, " was damaged"));
  }
  const absl::MutexLock lock(&mutex_);
  Used(hex, length);
  return bytes;
}

Status VerifiedCache::ReadTo(const Sha256Digest& digest, std::uint64_t length, const Sink& sink) {
  const std::string hex = digest.Hex();
  if (!Has(digest, length)) return NotFound(Cat("cache: no ", hex));
  Sha256Hasher hasher;
  std::uint64_t seen = 0;
  std::string withheld;
  Status from_sink;
  const Status read = files_.ReadPieces(PathOf(hex), [&](std::string_view piece) {
    hasher.Update(piece);
    seen += piece.size();
    if (seen > length) return DataLoss(Cat("cache: ", hex, " has grown"));
    if (!withheld.empty()) from_sink = sink(withheld);
    withheld.assign(piece);
    return from_sink;
  });
  RIND_RETURN_IF_ERROR(from_sink);
  if (!read.ok() || seen != length || hasher.Finish() != digest) {
    LogWarning("cache: a file was damaged and is dropped", {{"sha256", hex}});
    Drop(hex);
    return DataLoss(Cat("cache: ", hex, " was damaged"));
  }
  {
    const absl::MutexLock lock(&mutex_);
    Used(hex, length);
  }
  return withheld.empty() ? OkStatus() : sink(withheld);
}

Status VerifiedCache::Add(const Sha256Digest& digest, std::uint64_t length,
                          const std::function<Status(const Sink&)>& fill) {
  const std::string hex = digest.Hex();
  std::string incoming;
  {
    const absl::MutexLock lock(&mutex_);
    incoming = Cat(folder_, "/incoming/", next_incoming_++);
  }
  Sha256Hasher hasher;
  Status status;
  {
    RIND_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(incoming, 0600));
    status = fill([&](std::string_view piece) {
      hasher.Update(piece);
      return file.Append(piece);
    });
  }
  if (status.ok() && hasher.Finish() != digest) {
    status = Internal(Cat("cache: was given other bytes than ", hex));
  }
  if (status.ok()) status = files_.MakeDirectories(ParentPath(PathOf(hex)), 0700);
  if (status.ok()) {
    status = files_.MoveNew(incoming, PathOf(hex));
    // Another request was faster; its file was checked too.
    if (absl::IsAlreadyExists(status)) {
      status = files_.Remove(incoming);
    }
  }
  if (!status.ok()) {
    files_.Remove(incoming).IgnoreError();  // the next start removes what is left
    return status;
  }
  {
    const absl::MutexLock lock(&mutex_);
    Used(hex, length);
  }
  MakeRoom();
  return OkStatus();
}

std::uint64_t VerifiedCache::bytes() const {
  const absl::MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace rind::gateway
