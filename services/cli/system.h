// The processes of a home: what `rind up` starts and `rind down` stops.
//
// Promise: services start in the order of who needs whom, each is ready before the next; when one
// dies, the error shows its last words. A process is found again by run/NAME.pid, which holds its
// id and start time. Everything listens on loopback. Threading: one thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "services/cli/command.h"
#include "services/cli/home.h"
#include "services/cli/process.h"

namespace rind::cli {

// Names in the order of starting; stopped the other way round.
inline constexpr std::string_view kUpstream = "upstream";
inline constexpr std::string_view kOfflineSigner = "offline-signer";

class System {
 public:
  // `foreground`: the processes end when rind does. What runs already (by name) is left alone.
  System(Session& session, Home home, HomeSettings settings, bool foreground,
         std::set<std::string> runs_already = {});

  // Those of a whole system that don't run yet, in the order of starting.
  std::vector<std::string> Missing(bool with_offline_signer) const;

  // FailedPrecondition names the first port that is in use.
  Status CheckPorts(bool with_offline_signer) const;
  // Certificates, keys and ledgers: what `init` of each service makes, where it is missing.
  Status Initialise();
  // Sample index, signers, manager, syncer, web. The gateway comes after the repository.
  Status StartServices(bool with_offline_signer);
  // Makes the repository if there is none yet, and the client bundle.
  Status CreateIfNew();
  Status StartGateway();
  // Waits for the offline signer's end after the demo bootstrap.
  Status AwaitOfflineSigner();
  // Until a signal (OK) or until a service ends by itself (an error).
  Status Supervise();
  void StopServices();

  // True when the repository did not exist before CreateIfNew().
  bool created() const { return created_; }

 private:
  struct Running {
    Process process;
    LogTail tail;
  };

  std::string Program(std::string_view name) const;
  Status RunTool(const std::string& name, std::vector<std::string> arguments);
  Status InitialiseService(std::string_view service, std::string_view program,
                           std::string_view made);
  Status Launch(const std::string& name, std::vector<std::string> arguments,
                std::uint16_t port_without_ready_line = 0);
  Status LaunchService(std::string_view service, std::string_view program);
  Status LaunchWeb();
  Status LaunchSample();
  Status PrintNewLines();
  Running* Find(std::string_view name);

  Session& session_;
  Home home_;
  HomeSettings settings_;
  bool foreground_;
  const std::set<std::string> runs_already_;
  bool created_ = false;
  std::vector<Running> running_;
};

// The processes of a home that run now, in the order of stopping; the foreground `rind up` first.
std::vector<Process> RunningProcesses(const FileReader& files, const Home& home);
// Stops all of them within 10 s; names of those that had to be killed.
std::vector<std::string> StopHome(FileSystem& files, const Home& home,
                                  std::vector<Process> processes);

}  // namespace rind::cli
