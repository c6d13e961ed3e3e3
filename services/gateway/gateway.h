// pip's and uv's index: hands on only what verifies.
//
// Promise (SECURITY.md C-14): address, verified page and target agree on a file's hash; a wrong
// file never completes; ranges come from verified files only; refused is 403, absent 404, an
// unreachable mirror 502. Threading: Start() and Stop() from one thread; requests are served on
// threads of its own.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/gateway/settings.h"

namespace rind::gateway {

class Gateway {
 public:
  // `files` and `clock` must outlive it.
  static StatusOr<std::unique_ptr<Gateway>> Start(const Settings& settings, FileSystem& files,
                                                  const Clock& clock);
  virtual ~Gateway() = default;
  virtual std::uint16_t port() const = 0;
  virtual void Stop(absl::Duration grace) = 0;
};

}  // namespace rind::gateway
