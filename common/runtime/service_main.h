// The one main() of all services.
//
// Promise: blocks signals before any thread starts, hardens the process (no core dumps, not
// traceable, umask 077), reads the strict config, builds the service, prints READY, waits for
// SIGTERM or SIGINT, stops within 10 s. Exit 0 after a clean stop, 1 when it can't start or a run
// fails, 2 for wrong usage.
//
//   int main(int argc, char** argv) {
//     return rind::runtime::ServiceMain(argc, argv, {"mirror-syncer", "...",
//     &rind::mirror_syncer::Build});
//   }
//
// Threading: called once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/runtime/config.h"

namespace rind::runtime {

// What a service may use of the world.
struct Environment {
  FileSystem& files;
  const Clock& clock;
  Random& random;
};

// A built service. It serves from the moment Build() returned until Stop().
class Service {
 public:
  virtual ~Service() = default;
  // One line for people and scripts: "READY  pip index: http://127.0.0.1:8080/simple/".
  virtual std::string ReadyLine() const = 0;
  // True when it has done all it was started for and the process should end with exit 0 (the
  // offline signer after a demo bootstrap).
  virtual bool Finished() const { return false; }
  virtual void Stop(absl::Duration grace) = 0;
};

struct ServiceSpec {
  std::string_view name;         // "mirror-syncer"
  std::string_view description;  // one line for --help
  // Reads its own config, refuses unknown keys with config.Finish(), builds.
  std::function<StatusOr<std::unique_ptr<Service>>(Config& config, const Environment& environment)>
      build;
  // Further subcommands, such as `init` and `destroy`; `serve` is the default.
  struct Command {
    std::string_view name;
    std::string_view description;
    std::function<Status(Config& config, const Environment& environment,
                         const std::vector<std::string>& arguments)>
        run;
  };
  std::vector<Command> commands;
  // What `health` does. Empty: asks the gRPC health service at [service] listen, with the service's
  // own certificate. The config is not finished after it: it may read only what it needs.
  std::function<Status(Config& config, const Environment& environment)> health;
  // What others may not do with files that the service makes; a service whose files another user
  // reads (public, blobs) takes 027 or 022.
  unsigned umask = 077;
};

// `PROGRAM [serve] --config FILE`, `PROGRAM COMMAND --config FILE [arguments]`, `--help`,
// `--version`,
// `--check-config`, and `health --config FILE` for container health checks. The log's form comes
// from [service] log ("text" or "json"), which ServiceMain reads for every service.
int ServiceMain(int argc, char** argv, const ServiceSpec& spec);

}  // namespace rind::runtime
