// The publisher's own thread: finishes what was begun, releases what waits, keeps the timestamp
// fresh.
//
// Promise: one attempt at a time; after a failure it waits longer each time, up to 5 minutes.
// Nothing polls: it sleeps until the next action is due or Changed() wakes it (and looks at the
// clock again after a minute: it may have been set). Threading: thread-safe.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/delegation_manager/publish/next_action.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct PublisherLoopOptions {
  bool automatic = true;
  absl::Duration settle = absl::Seconds(2);
  absl::Duration timestamp_every = absl::Hours(1);
};

class PublisherLoop {
 public:
  // `recovered` is called once, when all that was unfinished or expired is published. All that is
  // passed must outlive the loop.
  PublisherLoop(PublisherLoopOptions options, Publisher& publisher, StateStore& state,
                const Clock& clock, std::function<void()> recovered);
  ~PublisherLoop();
  PublisherLoop(const PublisherLoop&) = delete;
  PublisherLoop& operator=(const PublisherLoop&) = delete;

  void Start();
  void Stop();
  // Until `recovered` was called; false when that takes longer.
  bool AwaitRecovered(absl::Duration limit);
  // Something was ingested, staged or created.
  void Changed();
  NextAction Next() const;
  // One attempt now, as the thread makes it when Next() is due: releases what waits; when that
  // published nothing, signs a timestamp that is due.
  void Act();
  // Waits for `time` or for Stop(); false then.
  bool Wait(absl::Duration time);

 private:
  void Run();
  bool Recover();
  void Note(const Status& status);
  PublisherView View() const;

  const PublisherLoopOptions options_;
  Publisher& publisher_;
  StateStore& state_;
  const Clock& clock_;
  const std::function<void()> recovered_;
  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool is_recovered_ ABSL_GUARDED_BY(mu_) = false;
  bool changed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time first_change_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time last_change_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  int failures_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time last_failure_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace rind::delegation_manager
