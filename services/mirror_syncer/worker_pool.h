// A fixed number of threads that run tasks, shared by all projects of a sync, so that one project
// with many files and many projects with few are equally fast.
//
// Promise: RunAll() returns when all its tasks are over. After the first error its other tasks are
// not begun. Threading: thread-safe; RunAll() must not be called from a task.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"

namespace rind::mirror_syncer {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // The first error, or OK.
  Status RunAll(std::vector<std::function<Status()>> tasks);

 private:
  void Work();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace rind::mirror_syncer
