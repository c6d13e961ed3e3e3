#include "services/delegation_manager/check/unlisted_check.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/model/limits.h"
#include "services/delegation_manager/check/target_check.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kMetadataSuffix = ".metadata";
// A snapshot of 32,768 bins and 10,000 projects has some 4 MB.
constexpr std::uint64_t kMaxOldSnapshotBytes = 64ULL * 1024 * 1024;
constexpr std::uint64_t kMaxPlainPageBytes = 256ULL * 1024 * 1024;

// "3.bin-07.json" is {3, "bin-07"}.
std::optional<std::pair<std::int64_t, std::string>> ParseName(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || !name.ends_with(".json")) return std::nullopt;
  const auto version = ParseUnsigned(name.substr(0, dot), tuf::Version::kMax);
  const std::string_view rest = name.substr(dot + 1);
  if (!version || *version == 0 || rest.size() <= 5) return std::nullopt;
  return std::pair(static_cast<std::int64_t>(*version),
                   std::string(rest.substr(0, rest.size() - 5)));
}

// "<64 hex>.index.html" is {digest, "index.html"}.
std::optional<std::pair<Sha256Digest, std::string>> ParseHashed(std::string_view name) {
  if (name.size() < 66 || name[64] != '.') return std::nullopt;
  const auto digest = Sha256Digest::FromHex(name.substr(0, 64));
  if (!digest.ok()) return std::nullopt;
  return std::pair(*digest, std::string(name.substr(65)));
}

// The version in a document of any kind; what is wrong with it otherwise.
template <typename Document>
StatusOr<std::int64_t> VersionIn(const StatusOr<tuf::SignedDocument<Document>>& decoded) {
  if (!decoded.ok()) return decoded.status();
  return decoded->document.header.version.value();
}

}  // namespace

void UnlistedCheck::Unlisted(std::string what, std::string detail) {
  findings_.Report(DifferenceKind::kUnlisted, std::move(what), std::move(detail));
}

std::vector<DirectoryEntry> UnlistedCheck::List(const std::string& root,
                                                const std::string& folder) {
  auto entries = files_.List(JoinPath(root, folder));
  if (entries.ok()) return *std::move(entries);
  findings_.Report(folder, entries.status());
  return {};
}

void UnlistedCheck::CheckMetadata() {
  const tuf::RoleName root = tuf::TopLevelRole::kRoot;
  const tuf::RoleName snapshot = tuf::TopLevelRole::kSnapshot;
  // The newest version of each role, by its name in files.
  std::map<std::string, Newest> newest;
  newest.emplace("root", Newest{root, walk_.root_version()});
  newest.emplace("snapshot", Newest{snapshot, walk_.snapshot_version()});
  for (const auto& [role, meta] : walk_.snapshot().roles) {
    newest.emplace(role.FileName(), Newest{role, meta.version.value()});
  }
  for (const DirectoryEntry& entry : List(plan_.public_folder, "metadata")) {
    if (!findings_.stopped().ok()) return;
    if (entry.kind != FileKind::kFile) {
      Unlisted(Cat("metadata/", Printable(entry.name)), "not a file");
    } else if (entry.name != "timestamp.json") {
      CheckMetadataFile(entry.name, newest);
    }
  }
}

void UnlistedCheck::CheckMetadataFile(const std::string& name,
                                      const std::map<std::string, Newest>& newest) {
  const std::string what = Cat("metadata/", Printable(name));
  const auto parsed = ParseName(name);
  const auto known = parsed ? newest.find(parsed->second) : newest.end();
  if (known == newest.end() || name != Cat(parsed->first, ".", parsed->second, ".json")) {
    Unlisted(what, "no role of this repository");
    return;
  }
  if (parsed->first > known->second.version) {
    Unlisted(what, Cat("the newest version is ", known->second.version));
    return;
  }
  // Immutable older versions stay for slow clients; roots stay for ever and were walked.
  if (parsed->first < known->second.version &&
      known->second.role != tuf::RoleName(tuf::TopLevelRole::kRoot)) {
    CheckOldVersion(name, known->second.role, parsed->first);
  }
}

void UnlistedCheck::CheckOldVersion(const std::string& name, const tuf::RoleName& role,
                                    std::int64_t version) {
  const std::string what = Cat("metadata/", name);
  const bool is_snapshot = role == tuf::RoleName(tuf::TopLevelRole::kSnapshot);
  const auto bytes = files_.Read(JoinPath(plan_.public_folder, what),
                                 is_snapshot ? kMaxOldSnapshotBytes : tuf::Limits{}.targets_bytes);
  if (!bytes.ok()) {
    findings_.Report(what, bytes.status());
    return;
  }
  StatusOr<std::int64_t> found = 0;
  if (is_snapshot) {
    found = VersionIn(tuf::DecodeSnapshot(*bytes));
  } else {
    const auto document = tuf::DecodeTargets(*bytes);
    found = VersionIn(document);
    // Nobody's word but the keys': what a planted old version lists excuses nothing.
    if (document.ok() && walk_.VerifiesNow(role, *document)) Keep(document->document);
  }
  if (!found.ok()) {
    findings_.Report(what, found.status());
  } else if (*found != version) {
    findings_.Report(DifferenceKind::kWrong, what, Cat("holds version ", *found));
  }
}

void UnlistedCheck::Keep(const tuf::Targets& old) {
  for (const auto& [path, file] : old.targets) {
    const auto sha256 = file.hashes.sha256();
    if (!sha256) continue;
    if (path.starts_with("simple/")) {
      listed_.KeepPage(tuf::PathWithHash(path, sha256->Hex()));
    } else {
      listed_.KeepBlob(*sha256);
    }
  }
}

void UnlistedCheck::CheckPages() {
  static const std::set<std::string> known = {"metadata", "targets", "simple"};
  bool plain = false;
  bool targets = false;
  for (const DirectoryEntry& entry : List(plan_.public_folder, "")) {
    if (!known.contains(entry.name)) Unlisted(Printable(entry.name), "not of this layout");
    plain = plain || entry.name == "simple";
    targets = targets || entry.name == "targets";
  }
  // Before the first page was published there is no such folder; a listed page is missed elsewhere.
  if (targets) CheckSignedPages();
  if (!plain) return;
  for (const DirectoryEntry& entry : List(plan_.public_folder, "simple")) {
    if (!findings_.stopped().ok()) return;
    if (entry.kind == FileKind::kDirectory) CheckPlainPages(Cat("simple/", entry.name));
  }
  CheckPlainPages("simple");
}

void UnlistedCheck::CheckSignedPages() {
  bool pages = false;
  for (const DirectoryEntry& entry : List(plan_.public_folder, "targets")) {
    if (entry.name == "simple") {
      pages = true;
    } else {
      Unlisted(Cat("targets/", Printable(entry.name)), "not of this layout");
    }
  }
  if (!pages) return;
  for (const DirectoryEntry& entry : List(plan_.public_folder, "targets/simple")) {
    if (!findings_.stopped().ok()) return;
    if (entry.kind != FileKind::kDirectory) {
      CheckPage("simple", entry);
      continue;
    }
    const std::string folder = Cat("simple/", entry.name);
    for (const DirectoryEntry& page : List(plan_.public_folder, Cat("targets/", folder))) {
      CheckPage(folder, page);
    }
  }
}

void UnlistedCheck::CheckPage(const std::string& folder, const DirectoryEntry& entry) {
  const std::string name = Cat(folder, "/", entry.name);
  if (entry.kind == FileKind::kFile && (listed_.HasPage(name) || listed_.KeepsPage(name))) return;
  const std::string what = Cat("targets/", Printable(name));
  const auto hashed = ParseHashed(entry.name);
  if (entry.kind != FileKind::kFile || !hashed) {
    Unlisted(what, "no target of this repository");
    return;
  }
  const auto known = leftovers_.KnowsPage(Cat(folder, "/", hashed->second), hashed->first);
  if (!known.ok()) {
    findings_.Report(what, known.status());
  } else if (!*known) {
    Unlisted(what, "no role lists it");
  }
}

// The plain mirror's pages are the newest verified ones under another name.
void UnlistedCheck::CheckPlainPages(const std::string& folder) {
  for (const DirectoryEntry& entry : List(plan_.public_folder, folder)) {
    if (entry.kind == FileKind::kDirectory && folder == "simple") continue;
    const std::string what = Cat(folder, "/", Printable(entry.name));
    if (entry.kind != FileKind::kFile) {
      Unlisted(what, "not a file");
      continue;
    }
    const auto bytes = files_.Read(JoinPath(plan_.public_folder, Cat(folder, "/", entry.name)),
                                   kMaxPlainPageBytes);
    if (!bytes.ok()) {
      findings_.Report(what, bytes.status());
      continue;
    }
    const std::string target = Cat(folder, "/", entry.name);
    if (!listed_.HasPage(tuf::PathWithHash(target, Sha256(*bytes).Hex()))) {
      findings_.Report(DifferenceKind::kWrong, what, "is not the page that is signed");
    }
  }
}

void UnlistedCheck::CheckBlobs() {
  for (const DirectoryEntry& entry : List(plan_.blobs_folder, "")) {
    if (entry.name != "sha256" && entry.name != "incoming") {
      Unlisted(Printable(entry.name), "not of this layout");
    }
  }
  const auto info = files_.Stat(JoinPath(plan_.blobs_folder, "sha256"));
  if (absl::IsNotFound(info.status())) return;  // nothing was ever mirrored
  for (const DirectoryEntry& prefix : List(plan_.blobs_folder, "sha256")) {
    const std::string folder = Cat("sha256/", prefix.name);
    if (prefix.kind != FileKind::kDirectory) {
      Unlisted(Printable(folder), "not of this layout");
      continue;
    }
    for (const DirectoryEntry& entry : List(plan_.blobs_folder, folder)) {
      if (!findings_.stopped().ok()) return;
      CheckBlob(folder, entry);
    }
  }
}

void UnlistedCheck::CheckBlob(const std::string& folder, const DirectoryEntry& entry) {
  const std::string what = Cat(folder, "/", Printable(entry.name));
  std::string_view hex = entry.name;
  if (hex.ends_with(kMetadataSuffix)) hex.remove_suffix(kMetadataSuffix.size());
  const auto content = Sha256Digest::FromHex(hex);
  if (entry.kind != FileKind::kFile || !content.ok() ||
      BlobPath(*content) != Cat(folder, "/", hex)) {
    Unlisted(what, "not named by its content");
    return;
  }
  // A .metadata link beside a listed distribution was held against its target already, or belongs
  // to a distribution whose page does not announce it: then it is listed by nothing.
  const bool is_link = hex.size() != entry.name.size();
  if (is_link ? listed_.HasLink(*content) : listed_.HasBlob(*content)) return;
  if (listed_.KeepsBlob(*content)) return;  // and its link
  const auto known = leftovers_.KnowsBlob(*content);
  if (!known.ok()) {
    findings_.Report(what, known.status());
  } else if (!*known) {
    Unlisted(what, "no target has this content");
  }
}

}  // namespace rind::delegation_manager
