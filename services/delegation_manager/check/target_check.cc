#include "services/delegation_manager/check/target_check.h"

#include <algorithm>
#include <optional>

#include "common/base/text.h"
#include "common/tuf/build/build.h"
#include "common/tuf/model/target_path.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kMetadataSuffix = ".metadata";
// Progress while blobs are read: one event for so many bytes.
constexpr std::uint64_t kProgressBytes = 256ULL * 1024 * 1024;

bool MaySpeakFor(const tuf::RoleName& role, std::string_view path,
                 const tuf::Delegations* delegations) {
  if (delegations == nullptr) return true;
  const auto matches = delegations->Matching(path);
  return std::any_of(matches.begin(), matches.end(),
                     [&](const auto& match) { return match.name == role; });
}

}  // namespace

std::string BlobPath(const Sha256Digest& content) {
  const std::string hex = content.Hex();
  return Cat("sha256/", hex.substr(0, 2), "/", hex);
}

void TargetCheck::CheckRole(const tuf::RoleName& role, const tuf::Targets& document,
                            const tuf::Delegations* delegations) {
  const std::string_view own = tuf::ProjectOf(role);
  if (!own.empty()) claimed_.emplace(own);
  for (const auto& [path, file] : document.targets) {
    if (!findings_.stopped().ok()) return;
    ++findings_.summary().targets;
    if (!MaySpeakFor(role, path, delegations)) {
      findings_.Report(DifferenceKind::kWrong, role.text(),
                       Cat(Printable(path), ": is not this role's to speak for"));
      continue;
    }
    CheckTarget(role, path, file);
  }
}

void TargetCheck::CheckTarget(const tuf::RoleName& role, const std::string& path,
                              const tuf::TargetFile& file) {
  const StatusOr<tuf::TargetPath> target = tuf::TargetPath::Parse(path);
  if (!target.ok()) {
    findings_.Report(DifferenceKind::kWrong, role.text(), std::string(MessageOf(target.status())));
    return;
  }
  // Claimed roles come first in the search and their delegations end it.
  const std::string_view project = target->Project();
  if (tuf::ProjectOf(role) != project && claimed_.contains(project)) {
    findings_.Report(DifferenceKind::kWrong, role.text(),
                     Cat(path, ": project.", project, " has it; no client finds this one"));
    return;
  }
  const auto sha256 = file.hashes.sha256();
  if (!sha256) {
    findings_.Report(DifferenceKind::kWrong, role.text(), Cat(path, ": has no sha256"));
    return;
  }
  if (path.starts_with("simple/")) {
    CheckPage(path, file, *sha256);
  } else if (path.starts_with("files/")) {
    CheckBlob(path, file, *sha256);
  } else {
    findings_.Report(DifferenceKind::kWrong, role.text(),
                     Cat(path, ": is neither below simple/ nor files/"));
  }
}

void TargetCheck::CheckPage(const std::string& path, const tuf::TargetFile& file,
                            const Sha256Digest& sha256) {
  const std::string name = tuf::PathWithHash(path, sha256.Hex());
  const std::string what = Cat("targets/", name);
  listed_.AddPage(name);
  const auto bytes = files_.Read(JoinPath(plan_.public_folder, what), file.length);
  if (!bytes.ok()) {
    findings_.Report(what, bytes.status());
    return;
  }
  findings_.summary().bytes += bytes->size();
  if (bytes->size() != file.length) {
    findings_.Report(DifferenceKind::kWrong, what,
                     Cat(bytes->size(), " bytes, listed are ", file.length));
  } else if (const Status status = file.hashes.Check(*bytes); !status.ok()) {
    findings_.Report(what, status);
  }
}

void TargetCheck::CheckBlob(const std::string& path, const tuf::TargetFile& file,
                            const Sha256Digest& sha256) {
  const std::string what = BlobPath(sha256);
  listed_.AddBlob(sha256);
  if (path.ends_with(kMetadataSuffix)) {
    listed_.AddMetadata(path.substr(0, path.size() - kMetadataSuffix.size()), sha256);
  } else {
    listed_.AddDistribution(path, sha256);
  }
  const std::string full = JoinPath(plan_.blobs_folder, what);
  const auto info = files_.Stat(full);
  if (!info.ok()) {
    findings_.Report(what, info.status(), path);
    return;
  }
  if (info->kind != FileKind::kFile || info->size != file.length) {
    findings_.Report(DifferenceKind::kWrong, what,
                     Cat(path, ": ", info->size, " bytes, listed are ", file.length));
    return;
  }
  if (!plan_.data) return;
  Sha256Hasher hasher;
  std::uint64_t since_progress = 0;
  const Status read = files_.ReadPieces(full, [&](std::string_view piece) {
    hasher.Update(piece);
    findings_.summary().bytes += piece.size();
    since_progress += piece.size();
    if (since_progress >= kProgressBytes) {
      since_progress = 0;
      findings_.Progress("files", findings_.summary().bytes, 0);
    }
    return findings_.stopped();
  });
  if (!findings_.stopped().ok()) return;
  if (!read.ok()) {
    findings_.Report(what, read);
  } else if (const Sha256Digest found = hasher.Finish(); found != sha256) {
    findings_.Report(DifferenceKind::kWrong, what,
                     Cat(path, ": sha256 ", found.Hex(), ", listed is ", sha256.Hex()));
  }
}

void TargetCheck::CheckMetadataLinks() {
  for (const Sha256Digest& orphan : listed_.orphans()) {
    findings_.Report(DifferenceKind::kWrong, BlobPath(orphan),
                     "a core metadata file is listed whose distribution is not");
  }
  for (const auto& [distribution, metadata] : listed_.links()) {
    if (!findings_.stopped().ok()) return;
    const std::string what = Cat(BlobPath(distribution), kMetadataSuffix);
    const auto link = files_.Stat(JoinPath(plan_.blobs_folder, what));
    if (!link.ok()) {
      findings_.Report(what, link.status());
      continue;
    }
    const auto blob = files_.Stat(JoinPath(plan_.blobs_folder, BlobPath(metadata)));
    // A missing or unreadable blob was reported as itself.
    if (blob.ok() && blob->inode != link->inode) {
      findings_.Report(DifferenceKind::kWrong, what, Cat("is not a link to ", BlobPath(metadata)));
    }
  }
}

}  // namespace rind::delegation_manager
