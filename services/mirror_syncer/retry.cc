#include "services/mirror_syncer/retry.h"

#include <algorithm>
#include <cstdint>

namespace rind::mirror_syncer {
namespace {

constexpr int kAttempts = 4;
constexpr absl::Duration kFirstWait = absl::Seconds(1);
// An upstream that asks for more gets its peace: the sync of this project fails, the next one
// comes.
constexpr absl::Duration kLongestWait = absl::Minutes(2);

bool MayPass(const Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsDataLoss(status);
}

}  // namespace

bool StoppableWaiter::Wait(absl::Duration duration) {
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopped_), duration);
  return !stopped_;
}

void StoppableWaiter::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

bool StoppableWaiter::stopped() const {
  const absl::MutexLock lock(&mutex_);
  return stopped_;
}

double Fraction(Random& random) {
  std::uint32_t bits = 0;
  random.Fill(&bits, sizeof bits);
  return static_cast<double>(bits) / 4294967296.0;
}

Status WithRetries(Waiter& waiter, Random& random, const std::function<Attempt()>& attempt) {
  absl::Duration wait = kFirstWait;
  for (int count = 1;; ++count) {
    const Attempt result = attempt();
    if (result.status.ok() || !MayPass(result.status) || count == kAttempts) return result.status;
    const absl::Duration asked = result.retry_after.value_or(absl::ZeroDuration());
    if (asked > kLongestWait) return result.status;
    if (!waiter.Wait(std::max(asked, wait * (0.5 + Fraction(random))))) {
      return Cancelled("stopping");
    }
    wait *= 2;
  }
}

}  // namespace rind::mirror_syncer
