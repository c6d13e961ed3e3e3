#include "services/delegation_manager/publish/next_action.h"

#include <algorithm>

#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

// A stream of changes does not put a release off for ever.
constexpr int kMostSettles = 10;

}  // namespace

absl::Duration BackoffAfter(int failures) {
  if (failures <= 0) return absl::ZeroDuration();
  constexpr int kMostDoublings = 9;
  const int doublings = std::min(failures - 1, kMostDoublings);
  return std::min(absl::Seconds(std::int64_t{1} << doublings), absl::Minutes(5));
}

NextAction DecideNextAction(const PublisherView& view) {
  NextAction next;
  if (!view.created || !view.automatic) return next;
  const absl::Time not_before =
      view.failures > 0 ? view.last_failure + BackoffAfter(view.failures) : absl::InfinitePast();
  next = {NextAction::Kind::kTimestamp, view.timestamp_signed + view.timestamp_every,
          Cat("timestamp v", view.timestamp_version + 1)};
  if (view.unfinished) {
    next = {NextAction::Kind::kRelease, absl::InfinitePast(), "finish a release"};
  } else if (view.dirty) {
    const absl::Time settled =
        std::min(view.last_change + view.settle, view.first_change + view.settle * kMostSettles);
    if (settled <= next.when) next = {NextAction::Kind::kRelease, settled, "release"};
  }
  next.when = std::max(next.when, not_before);
  return next;
}

}  // namespace rind::delegation_manager
