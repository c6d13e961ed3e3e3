#include "services/delegation_manager/destroy/destruction.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/tuf/model/version.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kPublic = "public/";
constexpr std::string_view kBlobs = "blobs/";

bool IsHash(std::string_view text) { return text.size() == 64 && Sha256Digest::FromHex(text).ok(); }

// timestamp.json, 3.bin-07.json
bool IsMetadataName(std::string_view name) {
  if (name == "timestamp.json") return true;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && name.ends_with(".json") && name.size() > dot + 6 &&
         ParseUnsigned(name.substr(0, dot), tuf::Version::kMax).value_or(0) > 0;
}

bool IsPageName(std::string_view name) { return name == "index.html" || name == "index.json"; }

// <64 hex>.index.html
bool IsHashedPageName(std::string_view name) {
  return name.size() > 65 && name[64] == '.' && IsHash(name.substr(0, 64)) &&
         IsPageName(name.substr(65));
}

// <64 hex> in its folder, and <64 hex>.metadata
bool IsBlobName(std::string_view folder, std::string_view name) {
  if (name.ends_with(".metadata")) name.remove_suffix(9);
  return IsHash(name) && name.substr(0, 2) == folder;
}

using NameRule = std::function<bool(std::string_view)>;

// Walks the layout, and only it.
class Inventory {
 public:
  Inventory(const FileReader& files, DestructionPlan& plan) : files_(files), plan_(plan) {}

  // Files of `folder` that the rule takes; the rest stays. Folders are `folders`' to judge; without
  // it they stay, too.
  Status Walk(const std::string& root, const std::string& label, const NameRule& rule,
              const std::function<Status(const std::string& name)>& folders = nullptr) {
    const auto entries = files_.List(root);
    if (absl::IsNotFound(entries.status())) return OkStatus();
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : *entries) {
      const std::string name = Cat(label, entry.name);
      if (entry.kind == FileKind::kDirectory && folders != nullptr) {
        RIND_RETURN_IF_ERROR(folders(entry.name));
      } else if (entry.kind == FileKind::kFile && rule(entry.name)) {
        plan_.files.push_back(name);
      } else {
        plan_.will_stay.push_back(Printable(name));
      }
    }
    return OkStatus();
  }

  // Pages one folder deep: <root>/<page> and <root>/<project>/<page>.
  Status WalkPages(const std::string& root, const std::string& label, const NameRule& rule) {
    return Walk(root, label, rule, [&](const std::string& project) {
      return Walk(JoinPath(root, project), Cat(label, project, "/"), rule);
    });
  }

 private:
  const FileReader& files_;
  DestructionPlan& plan_;
};

Status InventoryPublic(const FileReader& files, const std::string& folder, DestructionPlan& plan) {
  Inventory inventory(files, plan);
  const NameRule none = [](std::string_view) { return false; };
  const auto targets = [&](const std::string& name) -> Status {
    const std::string label = Cat(kPublic, "targets/", name);
    if (name != "simple") {
      plan.will_stay.push_back(Printable(label));
      return OkStatus();
    }
    return inventory.WalkPages(JoinPath(folder, "targets/simple"), Cat(label, "/"),
                               IsHashedPageName);
  };
  return inventory.Walk(folder, std::string(kPublic), none, [&](const std::string& name) -> Status {
    const std::string path = JoinPath(folder, name);
    const std::string label = Cat(kPublic, name, "/");
    if (name == "metadata") return inventory.Walk(path, label, IsMetadataName);
    if (name == "targets") return inventory.Walk(path, label, none, targets);
    if (name == "simple") return inventory.WalkPages(path, label, IsPageName);
    plan.will_stay.push_back(Printable(label));
    return OkStatus();
  });
}

Status InventoryBlobs(const FileReader& files, const std::string& folder, DestructionPlan& plan) {
  Inventory inventory(files, plan);
  const std::string root = JoinPath(folder, "sha256");
  const NameRule none = [](std::string_view) { return false; };
  return inventory.Walk(root, Cat(kBlobs, "sha256/"), none, [&](const std::string& prefix) {
    return inventory.Walk(JoinPath(root, prefix), Cat(kBlobs, "sha256/", prefix, "/"),
                          [&](std::string_view name) { return IsBlobName(prefix, name); });
  });
}

std::string TokenOf(const std::string& repository, bool blobs, const DestructionPlan& plan) {
  Sha256Hasher hasher;
  hasher.Update(Cat("rind-destroy\n", repository, "\n", blobs ? "blobs" : "", "\n"));
  for (const std::string& file : plan.files) hasher.Update(Cat(file, "\n"));
  return hasher.Finish().Hex();
}

std::uint64_t CountOf(const DestructionPlan& plan, std::string_view prefix) {
  return static_cast<std::uint64_t>(
      std::count_if(plan.files.begin(), plan.files.end(),
                    [&](const std::string& file) { return file.starts_with(prefix); }));
}

}  // namespace

StatusOr<DestructionPlan> Destruction::Plan(bool blobs) {
  DestructionPlan plan;
  RIND_RETURN_IF_ERROR(InventoryPublic(parts_.files, parts_.public_folder, plan));
  if (blobs) RIND_RETURN_IF_ERROR(InventoryBlobs(parts_.files, parts_.blobs_folder, plan));
  std::sort(plan.files.begin(), plan.files.end());
  std::uint64_t projects = 0;
  bool created = false;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const Counts counts, tables.projects.Count());
    projects = counts.projects;
    RIND_ASSIGN_OR_RETURN(const auto roles, tables.roles.All());
    RIND_ASSIGN_OR_RETURN(const auto journal, tables.journal.Read());
    created = !roles.empty() || journal.has_value() || projects > 0;
    return OkStatus();
  }));
  if (!created && plan.files.empty()) {
    return FailedPrecondition("destroy: there is no repository here");
  }
  plan.will_delete = {
      Cat("metadata of ", parts_.repository, ": ", CountOf(plan, "public/metadata/"), " files"),
      Cat("index pages: ", CountOf(plan, "public/targets/") + CountOf(plan, "public/simple/"),
          " files"),
      Cat("state: ", projects, " projects, claims, and what waits for a release")};
  if (blobs) plan.will_delete.push_back(Cat("blobs: ", CountOf(plan, kBlobs), " files"));
  plan.token = TokenOf(parts_.repository, blobs, plan);
  return plan;
}

std::string Destruction::FullPath(const std::string& file) const {
  if (file.starts_with(kPublic)) {
    return JoinPath(parts_.public_folder, file.substr(kPublic.size()));
  }
  return JoinPath(parts_.blobs_folder, file.substr(kBlobs.size()));
}

Status Destruction::Remove(const DestructionPlan& plan, bool blobs) {
  // The timestamp first: from then on no client begins with what is about to go. Then the state, so
  // that a crash half way never leaves a manager that would publish on from it.
  Status timestamp = parts_.files.Remove(JoinPath(parts_.public_folder, "metadata/timestamp.json"));
  if (!timestamp.ok() && !absl::IsNotFound(timestamp)) return timestamp;
  RIND_RETURN_IF_ERROR(parts_.state.Clear());
  std::vector<std::string> folders;
  for (const std::string& file : plan.files) {
    const std::string path = FullPath(file);
    Status removed = parts_.files.Remove(path);
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    const std::string folder = ParentPath(path);
    if (folders.empty() || folders.back() != folder) folders.push_back(folder);
  }
  // Folders of projects and of hash prefixes; one that something stays in is not empty, and stays.
  const std::vector<std::string> kept = {
      parts_.public_folder, JoinPath(parts_.public_folder, "metadata"),
      JoinPath(parts_.public_folder, "targets/simple"), JoinPath(parts_.public_folder, "simple"),
      JoinPath(parts_.blobs_folder, "sha256")};
  for (const std::string& folder : folders) {
    if (std::find(kept.begin(), kept.end(), folder) != kept.end()) continue;
    Status removed = parts_.files.Remove(folder);
    if (!removed.ok() && !absl::IsNotFound(removed) && !absl::IsAlreadyExists(removed)) {
      return removed;
    }
  }
  LogWarning("the repository was destroyed", {{"repository", parts_.repository},
                                              {"files", Cat(plan.files.size())},
                                              {"blobs", blobs ? "deleted" : "kept"}});
  return OkStatus();
}

StatusOr<std::vector<std::string>> Destruction::Destroy(std::string_view token, bool blobs) {
  const absl::MutexLock hold(&mu_);
  DestructionPlan plan;
  RIND_RETURN_IF_ERROR(parts_.without_releases([&]() -> Status {
    RIND_ASSIGN_OR_RETURN(plan, Plan(blobs));
    if (plan.token != token) {
      return FailedPrecondition(
          "destroy: the repository changed since the plan was made; make a new one");
    }
    return Remove(plan, blobs);
  }));
  return plan.will_delete;
}

}  // namespace rind::delegation_manager
