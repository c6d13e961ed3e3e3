// What the publisher does next by itself, and when.
//
// Promise: pure: `rind status` shows the very decision that the publisher acts on.
// Threading: pure functions.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace rind::delegation_manager {

struct PublisherView {
  bool created = false;
  bool automatic = true;
  bool unfinished = false;                         // the journal holds a release
  bool dirty = false;                              // something waits for a release
  absl::Time first_change = absl::InfinitePast();  // of what waits
  absl::Time last_change = absl::InfinitePast();
  absl::Duration settle = absl::Seconds(2);
  absl::Time timestamp_signed = absl::InfinitePast();
  absl::Duration timestamp_every = absl::Hours(1);
  std::int64_t timestamp_version = 0;
  int failures = 0;  // in a row
  absl::Time last_failure = absl::InfinitePast();
};

struct NextAction {
  enum class Kind { kNothing, kRelease, kTimestamp };
  Kind kind = Kind::kNothing;
  absl::Time when = absl::InfiniteFuture();
  std::string text;  // "release", "timestamp v8"
};

NextAction DecideNextAction(const PublisherView& view);

// How long after a failure the next attempt is made: 1 s, 2 s, 4 s, at most 5 min.
absl::Duration BackoffAfter(int failures);

}  // namespace rind::delegation_manager
