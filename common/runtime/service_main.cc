#include "common/runtime/service_main.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <utility>

#include <CLI/CLI.hpp>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "common/runtime/free_memory.h"
#include "common/runtime/hardening.h"
#include "common/runtime/version.h"

namespace rind::runtime {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr absl::Duration kGrace = absl::Seconds(9);  // of the 10 s that a service has to stop
constexpr absl::Duration kHealthDeadline = absl::Seconds(3);
// How soon a service that has finished by itself is noticed.
constexpr timespec kLookAgain = {0, 500'000'000};

// Bad config and bad files are for people to read, one line each, without a log's time and level.
int Fail(std::string_view who, const Status& status) {
  for (const std::string& line : Split(MessageOf(status), '\n')) {
    std::fprintf(stderr, "%s: %s\n", std::string(who).c_str(), line.c_str());
  }
  return kFailed;
}

// Where a process on this machine reaches a service that listens at `listen` (the first, if
// several).
std::string Reachable(const std::string& listens) {
  std::string listen = listens.substr(0, listens.find(','));
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return listen;
  const std::string host = listen.substr(0, colon);
  const std::string port = listen.substr(colon);
  if (host == "0.0.0.0") return Cat("127.0.0.1", port);
  if (host == "[::]") return Cat("[::1]", port);
  return listen;
}

// Asks the health service behind [service] listen, with the service's own certificate.
Status AskOwnHealth(Config& config) {
  const std::string listen = config.String("service.listen");
  const rpc::TlsFiles tls = config.Tls();
  RIND_ASSIGN_OR_RETURN(const std::string identity, rpc::IdentityOf(tls));
  RIND_ASSIGN_OR_RETURN(const auto channel,
                        rpc::Connect({.address = Reachable(listen), .peer = identity, .tls = tls}));
  return rpc::CheckHealth(channel, kHealthDeadline);
}

class Main {
 public:
  Main(const ServiceSpec& spec, const Hardened& hardened) : spec_(spec), hardened_(hardened) {}

  int Run(int argc, char** argv);

 private:
  struct Wish {
    std::string config_path;
    bool check_config = false;
    bool health = false;
    const ServiceSpec::Command* command = nullptr;
    std::vector<std::string> arguments;
  };

  // The exit code when there is nothing more to do.
  std::optional<int> ReadArguments(int argc, char** argv, Wish& wish) const;
  int Serve(Config& config, bool check_only);
  void WaitForTheEnd(const Service& service) const;

  const ServiceSpec& spec_;
  const Hardened& hardened_;
  LocalFileSystem files_;
  SystemClock clock_;
  SystemRandom random_;
  const Environment environment_{files_, clock_, random_};
};

std::optional<int> Main::ReadArguments(int argc, char** argv, Wish& wish) const {
  CLI::App app(std::string(spec_.description), std::string(spec_.name));
  app.set_version_flag("--version", Cat(spec_.name, " ", kVersion));
  app.add_option("--config", wish.config_path, "the TOML file")->type_name("FILE");
  app.add_flag("--check-config", wish.check_config, "read the config, say what is wrong, and end");
  app.require_subcommand(0, 1);
  app.add_subcommand("serve", "serve until SIGTERM (the default)")->fallthrough();
  CLI::App* health = app.add_subcommand("health", "exit 0 when the running service serves");
  health->fallthrough();
  std::vector<CLI::App*> commands;
  for (const ServiceSpec::Command& command : spec_.commands) {
    CLI::App* added =
        app.add_subcommand(std::string(command.name), std::string(command.description));
    // Not by fallthrough: that would take the command's own arguments for ours.
    added->add_option("--config", wish.config_path, "the TOML file")->type_name("FILE");
    added->allow_extras();
    commands.push_back(added);
  }
  try {
    app.parse(argc, argv);
    if (wish.config_path.empty()) throw CLI::RequiredError("--config FILE");
  } catch (const CLI::Success& answer) {  // --help, --version
    app.exit(answer);
    return kDone;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s (--help says more)\n", std::string(spec_.name).c_str(),
                 error.what());
    return kUsage;
  }
  wish.health = health->parsed();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!commands[i]->parsed()) continue;
    wish.command = &spec_.commands[i];
    wish.arguments = commands[i]->remaining();
  }
  return std::nullopt;
}

int Main::Run(int argc, char** argv) {
  Wish wish;
  if (const auto done = ReadArguments(argc, argv, wish)) return *done;
  auto config = Config::Load(wish.config_path);
  if (!config.ok()) return Fail(spec_.name, config.status());
  if (wish.health) {
    const Status status =
        spec_.health ? spec_.health(*config, environment_) : AskOwnHealth(*config);
    return status.ok() ? kDone : Fail(spec_.name, status);
  }
  const bool json = config->ChoiceOr("service.log", {"text", "json"}, "text") == "json";
  SetUpLog(json ? LogForm::kJson : LogForm::kText, LogLevel::kInfo, spec_.name);
  if (wish.command != nullptr) {
    const Status status = wish.command->run(*config, environment_, wish.arguments);
    return status.ok() ? kDone : Fail(spec_.name, status);
  }
  return Serve(*config, wish.check_config);
}

int Main::Serve(Config& config, bool check_only) {
  if (check_only) config.CheckOnly();
  auto service = spec_.build(config, environment_);
  if (check_only && config.Checked()) {
    std::printf("%s\n", std::string(MessageOf(service.status())).c_str());
    return kDone;
  }
  if (!service.ok()) return Fail(spec_.name, service.status());
  std::printf("%s\n", (*service)->ReadyLine().c_str());
  std::fflush(stdout);
  WaitForTheEnd(**service);
  LogInfo("stopping");
  (*service)->Stop(kGrace);
  return kDone;
}

void Main::WaitForTheEnd(const Service& service) const {
  FreeMemory free_memory;
  while (!service.Finished()) {
    const int signal = sigtimedwait(&hardened_.termination, nullptr, &kLookAgain);
    if (signal > 0) return;
    free_memory.Look(clock_.Now());
  }
}

}  // namespace

int ServiceMain(int argc, char** argv, const ServiceSpec& spec) {
  KeepFreeMemorySmall();
  const auto hardened = HardenProcess(spec.umask);
  if (!hardened.ok()) return Fail(spec.name, hardened.status());
  return Main(spec, *hardened).Run(argc, argv);
}

}  // namespace rind::runtime
