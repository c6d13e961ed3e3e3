#include "common/runtime/hardening.h"

#include <cerrno>
#include <cstring>

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/text.h"

namespace rind::runtime {
namespace {

Status Failed(std::string_view what) {
  return Internal(Cat("hardening: ", what, ": ", std::strerror(errno)));
}

}  // namespace

StatusOr<Hardened> HardenProcess(unsigned umask_bits) {
  Hardened hardened = {};
  sigemptyset(&hardened.termination);
  sigaddset(&hardened.termination, SIGTERM);
  sigaddset(&hardened.termination, SIGINT);
  if (pthread_sigmask(SIG_BLOCK, &hardened.termination, nullptr) != 0) return Failed("sigmask");
  // A peer that hangs up is an error of the write, not the end of the process.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return Failed("SIGPIPE");
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Failed("RLIMIT_CORE");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Failed("PR_SET_DUMPABLE");
  umask(static_cast<mode_t>(umask_bits));
  if (sodium_init() < 0) return Internal("hardening: libsodium does not start");
  return hardened;
}

}  // namespace rind::runtime
