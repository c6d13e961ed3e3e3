#include "services/mirror_syncer/worker_pool.h"

#include <utility>

#include "absl/synchronization/blocking_counter.h"

namespace rind::mirror_syncer {

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Work() {
  while (true) {
    std::function<void()> task;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](WorkerPool* pool) ABSL_NO_THREAD_SAFETY_ANALYSIS { return pool->HasWork(); }, this));
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

Status WorkerPool::RunAll(std::vector<std::function<Status()>> tasks) {
  if (tasks.empty()) return OkStatus();
  absl::BlockingCounter left(static_cast<int>(tasks.size()));
  absl::Mutex result_mutex;
  Status result;
  {
    const absl::MutexLock lock(&mutex_);
    for (std::function<Status()>& task : tasks) {
      queue_.push_back([&, run = std::move(task)] {
        bool failed = false;
        {
          const absl::MutexLock result_lock(&result_mutex);
          failed = !result.ok();
        }
        if (!failed) {
          Status status = run();
          const absl::MutexLock result_lock(&result_mutex);
          if (result.ok()) result = std::move(status);
        }
        left.DecrementCount();
      });
    }
  }
  left.Wait();
  const absl::MutexLock result_lock(&result_mutex);
  return result;
}

}  // namespace rind::mirror_syncer
