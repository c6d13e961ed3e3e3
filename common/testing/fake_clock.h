// A clock that stands still until a test moves it.
//
// Threading: thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace rind::testing {

class FakeClock final : public Clock {
 public:
  // 2026-11-22T17:00:00Z unless told otherwise.
  FakeClock() : FakeClock(absl::FromUnixSeconds(1'795'366'800)) {}
  explicit FakeClock(absl::Time now) : nanos_(absl::ToUnixNanos(now)) {}

  absl::Time Now() const override { return absl::FromUnixNanos(nanos_.load()); }
  void Advance(absl::Duration by) { nanos_.fetch_add(absl::ToInt64Nanoseconds(by)); }
  void Set(absl::Time now) { nanos_.store(absl::ToUnixNanos(now)); }

 private:
  std::atomic<std::int64_t> nanos_;
};

}  // namespace rind::testing
