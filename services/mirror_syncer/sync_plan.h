// What a sync takes over of a project, and when it rather does nothing.
//
// Promise: pure functions over what upstream says now and what was mirrored before.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/pypi/index_page.h"

namespace rind::mirror_syncer {

struct KnownFile {
  Sha256Digest sha256;
  std::uint64_t size = 0;
  std::optional<Sha256Digest> metadata;
  bool operator==(const KnownFile&) const = default;
};
using KnownFiles = std::map<std::string, KnownFile>;  // by file name

// FailedPrecondition: the project is held, with the reason (SECURITY.md Y-03, Y-04): a serial below
// `known_serial`, a page without files where there were some, a file whose content changed, or more
// than half (and more than 10) of the files gone at once. `serial` is upstream's, if it has one.
Status CheckPage(const pypi::IndexPage& page, std::optional<std::int64_t> serial,
                 std::optional<std::int64_t> known_serial, const KnownFiles& known);

// The files of the newest `newest` releases (0: of all), sorted by file name. Final releases count
// first, pre-releases fill up. A release that is yanked as a whole takes no place, and is kept as
// long as an older one is, so that who pinned it still finds it.
std::vector<pypi::ListedFile> SelectReleases(std::vector<pypi::ListedFile> files, int newest);

// When the next automatic sync is due after one that ended at `now`: `every` after a good one;
// after the n-th failure in a row a minute, doubled each time, up to `every`. `jitter` in [0, 1)
// spreads both by 10%, so that mirrors don't come all at once (Y-06).
absl::Time NextSync(absl::Time now, absl::Duration every, int failures, double jitter);

}  // namespace rind::mirror_syncer
