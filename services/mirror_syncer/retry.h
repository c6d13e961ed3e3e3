// Trying again, politely.
//
// Promise: only what may go away by itself is tried again (Unavailable, DeadlineExceeded, DataLoss
// of a transfer), a bounded number of times, with growing waits that are spread by chance and never
// shorter than what the other side asked for by Retry-After (SECURITY.md Y-06). Threading:
// thread-safe when the Waiter is.
#pragma once

#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace rind::mirror_syncer {

class Waiter {
 public:
  virtual ~Waiter() = default;
  // Waits; false, at once, when the service is stopping.
  virtual bool Wait(absl::Duration duration) = 0;
};

// Waits in real time until Stop().
class StoppableWaiter final : public Waiter {
 public:
  bool Wait(absl::Duration duration) override;
  void Stop();
  bool stopped() const;

 private:
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

struct Attempt {
  Status status;
  std::optional<absl::Duration> retry_after;
};

// In [0, 1).
double Fraction(Random& random);

Status WithRetries(Waiter& waiter, Random& random, const std::function<Attempt()>& attempt);

}  // namespace rind::mirror_syncer
