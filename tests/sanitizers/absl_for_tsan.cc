// Tells ThreadSanitizer what absl's locks order. Debian's abseil is not instrumented, so without
// this every value behind an absl::Mutex looks like a race, and suppressing those would hide real
// ones.
//
// Each function stands in for one of absl's by the linker's --wrap (see CMakeLists.txt): it calls
// the real one and says "released" before and "acquired" after. Linked into tests of the `tsan`
// preset.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#define RIND_WRAP(result, name, ...)            \
  extern "C" result __real_##name(__VA_ARGS__); \
  extern "C" __attribute__((visibility("default"))) result __wrap_##name(__VA_ARGS__)

RIND_WRAP(void, _ZN4absl7debian35Mutex4LockEv, absl::Mutex* mutex) {
  __real__ZN4absl7debian35Mutex4LockEv(mutex);
  __tsan_acquire(mutex);
}

RIND_WRAP(void, _ZN4absl7debian35Mutex6UnlockEv, absl::Mutex* mutex) {
  __tsan_release(mutex);
  __real__ZN4absl7debian35Mutex6UnlockEv(mutex);
}

namespace {

// absl evaluates a condition inside of its own code, maybe in another thread, where nothing tells
// the sanitizer that the lock is held. Looking again every fifth of a millisecond means the same.
bool AwaitUntil(absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline) {
  while (!condition.Eval()) {
    if (absl::Now() >= deadline) return false;
    __wrap__ZN4absl7debian35Mutex6UnlockEv(mutex);
    absl::SleepFor(absl::Microseconds(200));
    __wrap__ZN4absl7debian35Mutex4LockEv(mutex);
  }
  return true;
}

}  // namespace

RIND_WRAP(void, _ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE, absl::Mutex* mutex,
          const absl::Condition& condition) {
  AwaitUntil(mutex, condition, absl::InfiniteFuture());
}

RIND_WRAP(bool, _ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE,
          absl::Mutex* mutex, const absl::Condition& condition, absl::Duration timeout) {
  return AwaitUntil(mutex, condition, absl::Now() + timeout);
}

RIND_WRAP(void, _ZN4absl7debian312Notification6NotifyEv, absl::Notification* notification) {
  __tsan_release(notification);
  __real__ZN4absl7debian312Notification6NotifyEv(notification);
}

RIND_WRAP(void, _ZNK4absl7debian312Notification19WaitForNotificationEv,
          absl::Notification* notification) {
  __real__ZNK4absl7debian312Notification19WaitForNotificationEv(notification);
  __tsan_acquire(notification);
}

RIND_WRAP(bool, _ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE,
          absl::Notification* notification, absl::Duration timeout) {
  const bool notified =
      __real__ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE(
          notification, timeout);
  if (notified) __tsan_acquire(notification);
  return notified;
}

RIND_WRAP(bool, _ZN4absl7debian315BlockingCounter14DecrementCountEv,
          absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return __real__ZN4absl7debian315BlockingCounter14DecrementCountEv(counter);
}

RIND_WRAP(void, _ZN4absl7debian315BlockingCounter4WaitEv, absl::BlockingCounter* counter) {
  __real__ZN4absl7debian315BlockingCounter4WaitEv(counter);
  __tsan_acquire(counter);
}
