#include "services/mirror_syncer/sync_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/text.h"

namespace rind::mirror_syncer {
namespace {

// Y-04: projects remove a handful of files at a time; an emptied page is an accident or an attack.
constexpr std::size_t kMaxRemovals = 10;

using Release = std::optional<pypi::Version>;  // empty: versions from before PEP 440, the oldest

struct ReleaseFacts {
  bool yanked = true;  // every file of it
};

// Newest first; final ones before pre-releases.
std::vector<Release> ByPreference(const std::map<Release, ReleaseFacts>& releases) {
  std::vector<Release> finals, others;
  for (auto at = releases.rbegin(); at != releases.rend(); ++at) {
    if (at->second.yanked) continue;
    const bool is_final = at->first.has_value() && !at->first->IsPrerelease();
    (is_final ? finals : others).push_back(at->first);
  }
  finals.insert(finals.end(), others.begin(), others.end());
  return finals;
}

}  // namespace

Status CheckPage(const pypi::IndexPage& page, std::optional<std::int64_t> serial,
                 std::optional<std::int64_t> known_serial, const KnownFiles& known) {
  if (serial && known_serial && *serial < *known_serial) {
    return FailedPrecondition(
        Cat("a stale page: its serial is ", *serial, ", and ", *known_serial, " was seen before"));
  }
  if (known.empty()) return OkStatus();
  if (page.files.empty()) {
    return FailedPrecondition(Cat("upstream lists no files, and ", known.size(), " are mirrored"));
  }
  std::size_t still_there = 0;
  for (const pypi::ListedFile& file : page.files) {
    const auto at = known.find(file.distribution.filename());
    if (at == known.end()) continue;
    ++still_there;
    if (file.sha256 && *file.sha256 != at->second.sha256) {
      return FailedPrecondition(Cat(at->first, " changed its content: sha256 was ",
                                    at->second.sha256.Hex(), ", is ", file.sha256->Hex()));
    }
  }
  const std::size_t gone = known.size() - still_there;
  if (gone > kMaxRemovals && gone * 2 > known.size()) {
    return FailedPrecondition(Cat(gone, " of ", known.size(), " files are gone at once"));
  }
  return OkStatus();
}

std::vector<pypi::ListedFile> SelectReleases(std::vector<pypi::ListedFile> files, int newest) {
  if (newest > 0) {
    std::map<Release, ReleaseFacts> releases;
    for (const pypi::ListedFile& file : files) {
      ReleaseFacts& facts = releases[file.distribution.version()];
      facts.yanked = facts.yanked && file.facts.yanked;
    }
    std::vector<Release> preferred = ByPreference(releases);
    preferred.resize(std::min(preferred.size(), static_cast<std::size_t>(newest)));
    std::set<Release> kept(preferred.begin(), preferred.end());
    const Release oldest = kept.empty() ? Release() : *kept.begin();
    for (const auto& [release, facts] : releases) {
      if (facts.yanked && (kept.empty() || release > oldest)) kept.insert(release);
    }
    std::erase_if(files, [&](const pypi::ListedFile& file) {
      return !kept.contains(file.distribution.version());
    });
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.distribution.filename() < b.distribution.filename();
  });
  return files;
}

absl::Time NextSync(absl::Time now, absl::Duration every, int failures, double jitter) {
  absl::Duration wait = every;
  if (failures > 0) {
    constexpr int kMaxDoublings = 16;
    wait = std::min(every, absl::Minutes(std::int64_t{1} << std::min(failures - 1, kMaxDoublings)));
  }
  return now + wait * (0.9 + 0.2 * jitter);
}

}  // namespace rind::mirror_syncer
