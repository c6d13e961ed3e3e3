#include "services/cli/system.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/text.h"
#include "services/cli/bundle.h"
#include "services/cli/operator_client.h"
#include "services/cli/source_folder.h"

namespace rind::cli {
namespace {

// Each service is ready within a second; the first unlocks its keys with Argon2id. Generous for a
// machine that builds at the same time.
constexpr absl::Duration kReadyLimit = absl::Seconds(60);
constexpr absl::Duration kToolLimit = absl::Seconds(120);
constexpr absl::Duration kStopLimit = absl::Seconds(9);

// Those whose folder has the same name; the operator's certificate lies beside client.toml.
constexpr std::array<std::string_view, 6> kIdentities = {"offline-signer", "release-signer",
                                                         "content-signer", "delegation-manager",
                                                         "mirror-syncer",  "developer"};
constexpr std::string_view kSupervisor = "supervisor";
constexpr std::array<std::string_view, 8> kStopOrder = {"gateway",        "web",
                                                        "mirror-syncer",  "delegation-manager",
                                                        "content-signer", "release-signer",
                                                        "offline-signer", "upstream"};

// Started as root, nginx would serve as another user, who may not read this home.
std::string NginxDirectives() { return ::geteuid() == 0 ? "user root;" : ""; }

// `rind up` blocks SIGINT and SIGTERM from its start and looks for them where it may stop.
bool Interrupted() {
  sigset_t pending;
  ::sigemptyset(&pending);
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGINT) == 1 || ::sigismember(&pending, SIGTERM) == 1;
}

std::string Padded(std::string_view name) {
  constexpr std::size_t kWidth = 18;
  std::string out(name);
  out.resize(std::max(kWidth, out.size()), ' ');
  return out;
}

}  // namespace

System::System(Session& session, Home home, HomeSettings settings, bool foreground,
               std::set<std::string> runs_already)
    : session_(session),
      home_(std::move(home)),
      settings_(std::move(settings)),
      foreground_(foreground),
      runs_already_(std::move(runs_already)) {}

std::vector<std::string> System::Missing(bool with_offline_signer) const {
  std::vector<std::string> missing;
  for (auto name = kStopOrder.rbegin(); name != kStopOrder.rend(); ++name) {
    const bool wanted = (*name != kUpstream || settings_.sample) &&
                        (*name != kOfflineSigner || with_offline_signer);
    if (wanted && !runs_already_.contains(std::string(*name))) missing.emplace_back(*name);
  }
  return missing;
}

std::string System::Program(std::string_view name) const {
  return JoinPath(session_.ProgramFolder(), name);
}

Status System::CheckPorts(bool with_offline_signer) const {
  const Ports& ports = settings_.ports;
  struct Entry {
    std::string_view service;
    std::uint16_t port;
    std::string_view flag;
    bool wanted;
  };
  const std::array<Entry, 8> entries = {{
      {"gateway", ports.gateway, "--gateway-port", true},
      {"web", ports.web, "--web-port", true},
      {"offline-signer", ports.offline(), "--port-base", with_offline_signer},
      {"release-signer", ports.release(), "--port-base", true},
      {"content-signer", ports.content(), "--port-base", true},
      {"delegation-manager", ports.manager(), "--port-base", true},
      {"mirror-syncer", ports.syncer(), "--port-base", true},
      {kUpstream, ports.sample(), "--port-base", settings_.sample},
  }};
  for (const Entry& entry : entries) {
    if (runs_already_.contains(std::string(entry.service))) continue;
    if (entry.wanted && !PortIsFree(entry.port)) {
      return FailedPrecondition(Cat("port ", entry.port, ", wanted for ", entry.service,
                                    ", is in use; choose another with ", entry.flag,
                                    " or let rind choose with --free-ports"));
    }
  }
  return OkStatus();
}

Status System::RunTool(const std::string& name, std::vector<std::string> arguments) {
  return Process::RunToEnd({.name = name,
                            .arguments = std::move(arguments),
                            .log = home_.Log(name),
                            .ends_with_us = true},
                           kToolLimit);
}

Status System::InitialiseService(std::string_view service, std::string_view program,
                                 std::string_view made) {
  if (session_.files.Stat(home_.Path(Cat(service, "/", made))).ok()) return OkStatus();
  session_.out().Progress(Cat("making the keys of ", service), 0, 0);
  return RunTool(std::string(service),
                 {Program(program), "init", "--config", home_.Config(service)});
}

Status System::Initialise() {
  session_.out().Progress("making certificates", 0, 0);
  std::vector<std::string> arguments = {Program("rind-pki"), "--ca-dir", home_.Path("pki")};
  for (const std::string_view service : kIdentities) {
    arguments.push_back(Cat("--issue=", service, "=", home_.Path(Cat(service, "/tls"))));
  }
  arguments.push_back(Cat("--issue=operator=", home_.Path("tls")));
  RIND_RETURN_IF_ERROR(RunTool("pki", std::move(arguments)));
  // In the order in which public halves are needed: evidence by the content-signer, receipts by the
  // release-signer.
  RIND_RETURN_IF_ERROR(InitialiseService("mirror-syncer", "rind-mirror-syncer", "evidence.pub"));
  RIND_RETURN_IF_ERROR(InitialiseService("content-signer", "rind-online-signer", "ledger"));
  RIND_RETURN_IF_ERROR(InitialiseService("release-signer", "rind-online-signer", "ledger"));
  return InitialiseService("offline-signer", "rind-offline-signer", "ledger");
}

Status System::Launch(const std::string& name, std::vector<std::string> arguments,
                      std::uint16_t port_without_ready_line) {
  if (runs_already_.contains(name)) return OkStatus();
  if (Interrupted()) return Cancelled("interrupted");
  session_.out().Progress(Cat("starting ", name), 0, 0);
  LogTail tail = LogTail::AtEnd(home_.Log(name));
  RIND_ASSIGN_OR_RETURN(Process process, Process::Start({.name = name,
                                                         .arguments = std::move(arguments),
                                                         .log = home_.Log(name),
                                                         .ends_with_us = foreground_}));
  RIND_RETURN_IF_ERROR(
      session_.files.Replace(home_.PidFile(name), EncodeProcessId(process.id()), 0644));
  running_.push_back({std::move(process), std::move(tail)});
  Running& started = running_.back();
  if (port_without_ready_line != 0) {
    return WaitUntilListening(started.process, port_without_ready_line, home_.Log(name),
                              kReadyLimit);
  }
  return WaitUntilReady(started.process, started.tail, home_.Log(name), kReadyLimit).status();
}

Status System::LaunchService(std::string_view service, std::string_view program) {
  return Launch(std::string(service), {Program(program), "--config", home_.Config(service)});
}

Status System::LaunchSample() {
  constexpr std::string_view kPython = "/usr/bin/python3";
  const std::string scripts = JoinPath(kSourceFolder, "tests/upstream");
  if (!session_.files.Stat(JoinPath(scripts, "sample_pypi.py")).ok()) {
    return NotFound(
        Cat("the sample index is not in ", scripts, "; name a real one with --upstream URL"));
  }
  const std::string folder = home_.Path("sample");
  if (!session_.files.Stat(folder).ok()) {
    session_.out().Progress("making the sample packages", 0, 0);
    RIND_RETURN_IF_ERROR(
        RunTool("sample", {std::string(kPython), JoinPath(scripts, "make_sample.py"), folder}));
  }
  return Launch(std::string(kUpstream),
                {std::string(kPython), JoinPath(scripts, "sample_pypi.py"), "--folder", folder,
                 "--port", Cat(settings_.ports.sample())});
}

Status System::LaunchWeb() {
  std::string nginx;
  for (const char* candidate :
       {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"}) {
    if (nginx.empty() && ::access(candidate, X_OK) == 0) nginx = candidate;
  }
  if (nginx.empty())
    return NotFound("nginx is not installed; on Debian: apt-get install nginx-light");
  return Launch("web",
                {nginx, "-p", home_.Path("web"), "-e", "stderr", "-c", home_.Path("web/nginx.conf"),
                 "-g", NginxDirectives()},
                settings_.ports.web);
}

Status System::StartServices(bool with_offline_signer) {
  if (settings_.sample) RIND_RETURN_IF_ERROR(LaunchSample());
  if (with_offline_signer) {
    RIND_RETURN_IF_ERROR(LaunchService(kOfflineSigner, "rind-offline-signer"));
  }
  RIND_RETURN_IF_ERROR(LaunchService("content-signer", "rind-online-signer"));
  RIND_RETURN_IF_ERROR(LaunchService("release-signer", "rind-online-signer"));
  RIND_RETURN_IF_ERROR(LaunchService("delegation-manager", "rind-delegation-manager"));
  RIND_RETURN_IF_ERROR(LaunchService("mirror-syncer", "rind-mirror-syncer"));
  return LaunchWeb();
}

Status System::CreateIfNew() {
  RIND_ASSIGN_OR_RETURN(const ClientSettings client, LoadClientSettings(home_.Path("client.toml")));
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(client));
  RIND_ASSIGN_OR_RETURN(const RepositoryStatus status, manager->GetStatus());
  created_ = !status.created;
  if (created_) {
    RIND_RETURN_IF_ERROR(
        manager->Create(settings_.bins, settings_.profile,
                        [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
                          session_.out().Progress(Printable(step), done, total);
                        }));
    // What clients of this home had cached of a repository that is no more.
    RIND_RETURN_IF_ERROR(RemoveTree(session_.files, home_.Path("gateway/cache")));
    RIND_RETURN_IF_ERROR(RemoveTree(session_.files, home_.Path("cache")));
  }
  if (!created_ && session_.files.Stat(home_.Path("bundle/settings.json")).ok()) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const ClientBundle bundle, manager->GetClientBundle());
  return WriteBundle(session_.files, home_.Path("bundle"),
                     {.root = bundle.root,
                      .root_sha256 = bundle.root_sha256_hex,
                      .repository = bundle.repository_id,
                      .mirror = client.mirror});
}

Status System::StartGateway() { return LaunchService("gateway", "rind-gateway"); }

Status System::AwaitOfflineSigner() {
  Running* const signer = Find(kOfflineSigner);
  if (signer == nullptr) return OkStatus();
  session_.out().Progress("waiting for the offline signer to seal its keys", 0, 0);
  const std::optional<int> exit_code = signer->process.Wait(kReadyLimit);
  if (!exit_code) {
    return DeadlineExceeded(
        "offline-signer: still runs after the demo bootstrap; it should have stopped");
  }
  if (*exit_code != 0) {
    return FailedPrecondition(Cat("offline-signer: ended with exit code ", *exit_code,
                                  "; log: ", home_.Log(kOfflineSigner)));
  }
  if (foreground_) RIND_RETURN_IF_ERROR(PrintNewLines());
  std::erase_if(running_, [](const Running& r) { return r.process.name() == kOfflineSigner; });
  return session_.files.Remove(home_.PidFile(kOfflineSigner));
}

System::Running* System::Find(std::string_view name) {
  for (Running& running : running_) {
    if (running.process.name() == name) return &running;
  }
  return nullptr;
}

Status System::PrintNewLines() {
  for (Running& running : running_) {
    for (const std::string& line : running.tail.Read()) {
      session_.out().Line(Cat(Padded(running.process.name()), "| ", Printable(line, 2000)));
    }
  }
  return OkStatus();
}

Status System::Supervise() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  const Descriptor stop(::signalfd(-1, &signals, SFD_CLOEXEC));
  const Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), home_.Path("log").c_str(), IN_MODIFY);
  RIND_RETURN_IF_ERROR(
      session_.files.Replace(home_.PidFile(kSupervisor), EncodeProcessId(OwnProcessId()), 0644));
  while (true) {
    RIND_RETURN_IF_ERROR(PrintNewLines());
    std::vector<struct pollfd> entries = {{.fd = stop.get(), .events = POLLIN, .revents = 0},
                                          {.fd = watch.get(), .events = POLLIN, .revents = 0}};
    for (const Running& running : running_) {
      entries.push_back({.fd = running.process.descriptor(), .events = POLLIN, .revents = 0});
    }
    ::poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) return OkStatus();
    std::array<char, 4096> events{};
    while (::read(watch.get(), events.data(), events.size()) > 0) {
    }
    for (Running& running : running_) {
      if (!running.process.Ended()) continue;
      RIND_RETURN_IF_ERROR(PrintNewLines());
      const int exit_code = running.process.Wait(absl::ZeroDuration()).value_or(-1);
      return FailedPrecondition(
          Cat(running.process.name(), ": ended by itself (exit code ", exit_code,
              "), so the rest is stopped too; log: ", home_.Log(running.process.name())));
    }
  }
}

void System::StopServices() {
  std::vector<Process> processes;
  for (const std::string_view name : kStopOrder) {
    if (Running* const running = Find(name)) processes.push_back(std::move(running->process));
  }
  running_.clear();
  for (const std::string& killed : StopAll(processes, kStopLimit)) {
    session_.out().Note(Cat(killed, ": did not stop in time and was killed"));
  }
  for (const Process& process : processes) {
    (void)session_.files.Remove(home_.PidFile(process.name()));
  }
  if (runs_already_.empty()) (void)session_.files.Remove(home_.PidFile(kSupervisor));
}

std::vector<Process> RunningProcesses(const FileReader& files, const Home& home) {
  std::vector<std::string_view> names = {kSupervisor};
  names.insert(names.end(), kStopOrder.begin(), kStopOrder.end());
  std::vector<Process> out;
  for (const std::string_view name : names) {
    constexpr std::uint64_t kMaxPidFile = 100;
    const auto text = files.Read(home.PidFile(name), kMaxPidFile);
    if (!text.ok()) continue;
    const auto id = DecodeProcessId(*text);
    if (!id) continue;
    auto process = Process::Attach(std::string(name), *id);
    if (process.ok() && !process->Ended()) out.push_back(*std::move(process));
  }
  return out;
}

std::vector<std::string> StopHome(FileSystem& files, const Home& home,
                                  std::vector<Process> processes) {
  // A foreground `rind up` stops its services itself, in its order.
  if (!processes.empty() && processes.front().name() == kSupervisor) {
    processes.front().Signal(SIGTERM);
    processes.front().Wait(kStopLimit + absl::Seconds(1));
  }
  std::vector<std::string> killed = StopAll(processes, kStopLimit);
  for (const Process& process : processes) (void)files.Remove(home.PidFile(process.name()));
  return killed;
}

}  // namespace rind::cli
