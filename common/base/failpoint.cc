#include "common/base/failpoint.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind {
namespace {

// What the environment asks for, read once.
struct Plan {
  std::string name;
  std::uint64_t at = 1;
  std::string log;
  bool active = false;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Plan ReadPlan() {
  Plan plan;
  plan.name = Environment("RIND_FAILPOINT");
  plan.log = Environment("RIND_FAILPOINT_LOG");
  if (const auto colon = plan.name.find(':'); colon != std::string::npos) {
    // A count that is none never fires, rather than at the wrong time.
    plan.at = ParseUnsigned(std::string_view(plan.name).substr(colon + 1), 1'000'000).value_or(0);
    plan.name.resize(colon);
  }
  plan.active = !plan.name.empty() || !plan.log.empty();
  return plan;
}

void AppendName(const std::string& path, std::string_view name) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return;
  const std::string line = Cat(name, "\n");
  // One write below PIPE_BUF: lines of several processes do not mix. A test reads what is there.
  [[maybe_unused]] const ssize_t written = ::write(descriptor, line.data(), line.size());
  ::close(descriptor);
}

}  // namespace

void Failpoint(std::string_view name) {
  static const Plan plan = ReadPlan();
  if (!plan.active) [[likely]] {
    return;
  }
  if (!plan.log.empty()) AppendName(plan.log, name);
  static std::atomic<std::uint64_t> reached{0};
  if (name == plan.name && reached.fetch_add(1) + 1 == plan.at) ::kill(::getpid(), SIGKILL);
}

}  // namespace rind
