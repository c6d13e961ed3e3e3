// What a check finds, as it finds it.
//
// Promise: each difference is told once, in the order of the walk, and counted. When the one who
// listens has had enough, the check stops at the next step.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::delegation_manager {

enum class DifferenceKind {
  kWrong,       // bytes or signatures are not what they should be
  kMissing,     // listed and not there
  kUnlisted,    // there and not listed
  kUnreadable,  // could not tell
};

struct Difference {
  DifferenceKind kind = DifferenceKind::kWrong;
  std::string what;  // the path below public ("metadata/3.bin-07.json") or blobs ("sha256/ab/...")
  std::string detail;  // expected and found
  bool operator==(const Difference&) const = default;
};

struct CheckSummary {
  std::uint64_t roles = 0;
  std::uint64_t targets = 0;
  std::uint64_t bytes = 0;        // of metadata, pages and, with data, blobs that were read
  std::uint64_t differences = 0;  // all but the unreadable
  std::uint64_t unreadable = 0;
};

class CheckObserver {
 public:
  virtual ~CheckObserver() = default;
  // An error ends the check with it.
  virtual Status OnDifference(const Difference& difference) = 0;
  virtual Status OnProgress(std::string_view step, std::uint64_t done, std::uint64_t total) = 0;
};

class Findings {
 public:
  explicit Findings(CheckObserver& observer) : observer_(observer) {}

  void Report(DifferenceKind kind, std::string what, std::string detail);
  // The kind follows from the error: NotFound is missing, a refusal is wrong, and what the file
  // system can't tell is unreadable. `about`: for people, what lists it.
  void Report(std::string what, const Status& status, std::string_view about = "");
  void Progress(std::string_view step, std::uint64_t done, std::uint64_t total);

  CheckSummary& summary() { return summary_; }
  // OK until the observer has had enough.
  const Status& stopped() const { return stopped_; }

 private:
  CheckObserver& observer_;
  CheckSummary summary_;
  Status stopped_;
};

}  // namespace rind::delegation_manager
