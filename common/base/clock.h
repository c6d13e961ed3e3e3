// The time of day, as a dependency.
//
// Promise: the only place of rind that asks the system for the time. It asks libc, so faketime can
// move it. Read it once at the edge of an operation and pass the value down.
// Threading: implementations are thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace rind {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
};

// TUF's form of time: "2026-11-22T17:00:00Z", UTC, whole seconds.
std::string FormatUtc(absl::Time time);

// Strictly that form (years 0001 to 9999, real dates, no leap second); InvalidArgument otherwise.
StatusOr<absl::Time> ParseUtc(std::string_view text);

// For people: "23 h 58 m", "320 d", "12 s"; negative spans as "-5 m".
std::string FormatSpan(absl::Duration span);

}  // namespace rind
