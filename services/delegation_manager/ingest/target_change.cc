#include "services/delegation_manager/ingest/target_change.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "services/delegation_manager/ingest/bin_number.h"

namespace rind::delegation_manager {
namespace {

using Known = std::map<std::string, Target, std::less<>>;

Known ByPath(std::vector<Target> targets) {
  Known known;
  for (Target& target : targets) {
    std::string path = target.path.text();
    known.emplace(std::move(path), std::move(target));
  }
  return known;
}

// SECURITY.md S-05: a file's hash is written once.
Status CheckHash(const evidence::VouchedTarget& target, const Target& known,
                 std::string_view where) {
  if (IsPage(target.path.text())) return OkStatus();
  if (known.sha256 == target.sha256 && known.length == target.length) return OkStatus();
  return FailedPrecondition(Cat(target.path.text(), ": ", where, " with sha256 ",
                                known.sha256.Hex(), " and ", known.length, " bytes, now comes ",
                                target.sha256.Hex(), " with ", target.length,
                                " bytes; a file never changes"));
}

class Replacement {
 public:
  Replacement(Tables& tables, Home home, std::int64_t serial, bool refresh, std::uint32_t bins,
              std::uint64_t change)
      : tables_(tables),
        home_(home),
        serial_(serial),
        refresh_serials_(refresh),
        bins_(bins),
        change_(change) {}

  Status Apply(std::string_view project, const evidence::VouchedTarget& target,
               const Target* known) {
    const bool page = IsPage(target.path.text());
    Target next{.path = target.path,
                .project = std::string(project),
                .length = target.length,
                .sha256 = target.sha256,
                .serial = {},
                .bin = {}};
    if (home_ == Home::kBins) next.bin = BinNumber(target.path, bins_);
    const bool same_content = known != nullptr && known->sha256 == target.sha256;
    if (page) {
      next.serial = same_content && !refresh_serials_ ? known->serial : std::optional(serial_);
    }
    if (known == nullptr) {
      ++result_.added;
    } else if (!same_content) {
      ++result_.replaced_pages;
    } else if (known->bin == next.bin && known->serial == next.serial) {
      return OkStatus();
    }
    Touch(next.bin);
    if (known != nullptr) Touch(known->bin);
    return tables_.targets.Put(next);
  }

  Status Remove(const Target& target) {
    ++result_.removed;
    Touch(target.bin);
    return tables_.targets.Remove(target);
  }

  StatusOr<TargetChange> Finish() {
    for (const std::uint32_t bin : touched_) {
      RIND_RETURN_IF_ERROR(tables_.bins.MarkDirty(bin, change_));
    }
    return result_;
  }

 private:
  void Touch(std::optional<std::uint32_t> bin) {
    if (bin) touched_.insert(*bin);
  }

  Tables& tables_;
  Home home_;
  std::int64_t serial_;
  bool refresh_serials_;
  std::uint32_t bins_;
  std::uint64_t change_;
  TargetChange result_;
  std::set<std::uint32_t> touched_;
};

}  // namespace

Status CheckTargetPlace(std::string_view project, std::string_view path) {
  if (project.empty()) {
    if (path == "simple/index.html" || path == "simple/index.json") return OkStatus();
    return InvalidArgument(Cat(path, ": is not a list of all projects"));
  }
  const std::string simple = Cat("simple/", project, "/");
  const std::string files = Cat("files/", project, "/");
  // A signer takes files/PROJECT/NAME and nothing deeper.
  const bool file =
      path.starts_with(files) && path.find('/', files.size()) == std::string_view::npos;
  if (file || path == Cat(simple, "index.html") || path == Cat(simple, "index.json")) {
    return OkStatus();
  }
  return InvalidArgument(Cat(Printable(path), ": is not one of project ", project, "; wanted ",
                             simple, "index.html, ", simple, "index.json or ", files, "NAME"));
}

bool IsPage(std::string_view path) {
  return path.starts_with("simple/") &&
         (path.ends_with("/index.html") || path.ends_with("/index.json"));
}

StatusOr<TargetChange> ReplaceTargets(Tables& tables, std::string_view project,
                                      std::span<const evidence::VouchedTarget> targets, Home home,
                                      std::int64_t serial, bool refresh_serials,
                                      std::uint64_t change) {
  RIND_ASSIGN_OR_RETURN(const std::uint32_t bins, tables.bins.Count());
  if (!IsBinCount(bins)) return FailedPrecondition("there is no repository yet: `rind create`");
  RIND_ASSIGN_OR_RETURN(std::vector<Target> recorded, tables.targets.OfProject(project));
  RIND_ASSIGN_OR_RETURN(std::vector<Target> departed, tables.targets.Departed(project));
  Known known = ByPath(std::move(recorded));
  const Known gone = ByPath(std::move(departed));

  Replacement replacement(tables, home, serial, refresh_serials, bins, change);
  const evidence::VouchedTarget* previous = nullptr;
  for (const evidence::VouchedTarget& target : targets) {
    const std::string& path = target.path.text();
    RIND_RETURN_IF_ERROR(CheckTargetPlace(project, path));
    if (previous != nullptr && previous->path >= target.path) {
      return InvalidArgument(Cat(path,
                                 ": targets must be sorted by path, each once; it comes after ",
                                 previous->path.text()));
    }
    previous = &target;
    if (const auto left = gone.find(path); left != gone.end()) {
      RIND_RETURN_IF_ERROR(CheckHash(target, left->second, "was there before"));
    }
    const auto found = known.find(path);
    if (found != known.end()) {
      RIND_RETURN_IF_ERROR(CheckHash(target, found->second, "is there"));
    }
    RIND_RETURN_IF_ERROR(
        replacement.Apply(project, target, found == known.end() ? nullptr : &found->second));
    if (found != known.end()) known.erase(found);
  }
  for (const auto& [path, target] : known) RIND_RETURN_IF_ERROR(replacement.Remove(target));
  return replacement.Finish();
}

}  // namespace rind::delegation_manager
