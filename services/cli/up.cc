#include <csignal>
#include <set>

#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/system.h"
#include "services/cli/validators.h"

namespace rind::cli {
namespace {

constexpr std::string_view kDefaultHome = ".rind";

struct Flags {
  std::string home{kDefaultHome};
  bool detach = false;
  bool sample = false;
  bool all = false;
  bool with_offline_signer = false;
  bool free_ports = false;
  bool private_upstream = false;
  std::string upstream, credentials, ca, proxy, profile, bootstrap;
  std::vector<std::string> projects;
  std::optional<std::int64_t> newest;
  std::optional<std::uint32_t> bins;
  std::optional<std::uint16_t> port_base, gateway_port, web_port;
};

// Ports below the range from which the kernel takes those of outgoing connections, so that none is
// taken between this look and the start.
StatusOr<Ports> FreePorts(Random& random) {
  for (int tries = 0; tries < 100; ++tries) {
    const std::string bytes = random.Bytes(2);
    const unsigned number =
        static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
    const auto base = static_cast<std::uint16_t>(12'000 + number % 200 * 100);
    Ports ports{.base = base,
                .gateway = static_cast<std::uint16_t>(base + 30),
                .web = static_cast<std::uint16_t>(base + 31)};
    bool free = true;
    for (const std::uint16_t port :
         {ports.offline(), ports.release(), ports.content(), ports.manager(), ports.syncer(),
          ports.sample(), ports.gateway, ports.web}) {
      free = free && PortIsFree(port);
    }
    if (free) return ports;
  }
  return ResourceExhausted("no eight free ports found between 12000 and 32000");
}

Status ApplyPorts(const Flags& flags, Random& random, bool is_new, HomeSettings& settings) {
  if (flags.free_ports && is_new) {
    RIND_ASSIGN_OR_RETURN(settings.ports, FreePorts(random));
  }
  if (flags.port_base) settings.ports.base = *flags.port_base;
  if (flags.gateway_port) settings.ports.gateway = *flags.gateway_port;
  if (flags.web_port) settings.ports.web = *flags.web_port;
  return OkStatus();
}

Status ApplyUpstream(const Flags& flags, HomeSettings& settings) {
  if (flags.sample && !flags.upstream.empty()) {
    return InvalidArgument("--sample and --upstream: give one of them");
  }
  if (flags.upstream.find('@') != std::string::npos) {
    return InvalidArgument(
        "--upstream: holds a user name or password; write user:password to a "
        "file and give it with --credentials-file");
  }
  if (flags.sample) settings.sample = true;
  if (!flags.upstream.empty()) {
    settings.sample = false;
    settings.upstream = flags.upstream;
    settings.private_upstream = flags.private_upstream;
  }
  if (settings.sample) {
    settings.upstream = Cat("http://127.0.0.1:", settings.ports.sample(), "/simple/");
    settings.private_upstream = true;
  }
  if (settings.upstream.empty()) {
    return InvalidArgument(
        "no upstream yet: give --upstream URL, or --sample for the sample index");
  }
  if (!flags.credentials.empty()) settings.upstream_credentials = flags.credentials;
  if (!flags.ca.empty()) settings.upstream_ca = flags.ca;
  if (!flags.proxy.empty()) settings.upstream_proxy = flags.proxy;
  if (!flags.projects.empty()) settings.projects = flags.projects;
  if (flags.all) settings.projects.clear();
  if (flags.newest) settings.newest_releases = *flags.newest;
  return OkStatus();
}

// What the home has, with what the flags say over it.
StatusOr<HomeSettings> SettingsFor(const Home& home, const Flags& flags, Random& random) {
  HomeSettings settings;
  const bool is_new = !home.Exists();
  if (is_new) {
    settings.id = NewRepositoryId(random);
  } else {
    RIND_ASSIGN_OR_RETURN(settings, home.Load());
  }
  RIND_RETURN_IF_ERROR(ApplyPorts(flags, random, is_new, settings));
  RIND_RETURN_IF_ERROR(ApplyUpstream(flags, settings));
  if (is_new && settings.projects.empty() && !settings.sample && !flags.all) {
    return InvalidArgument(
        "which projects? --project NAME (again for more), or --all for everything "
        "that the index lists");
  }
  if (flags.bins) settings.bins = *flags.bins;
  if (!flags.profile.empty()) settings.profile = flags.profile;
  if (!flags.bootstrap.empty()) settings.bootstrap = flags.bootstrap;
  return settings;
}

void BlockSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void ShowSummary(Session& session, const Home& home, const HomeSettings& settings, bool detach) {
  Output& out = session.out();
  out.EndProgress();
  const std::string gateway = Cat("http://127.0.0.1:", settings.ports.gateway, "/");
  const std::string web = Cat("http://127.0.0.1:", settings.ports.web, "/");
  const bool default_home = home.folder().ends_with("/.rind");
  const std::string config = default_home ? "" : Cat(" --config ", home.Path("client.toml"));
  out.Line(Cat("READY  pip index: ", gateway, "simple/"));
  out.Table({{"mirror", web},
             {"upstream", settings.upstream},
             {"home", home.folder()},
             {"commands", Cat("rind sync", config)},
             {"", Cat("rind status", config)},
             {"", Cat("pip install -i ", gateway, "simple/ NAME")}},
            "  ");
  if (detach)
    out.Line(Cat("  stop with: rind down", default_home ? "" : Cat(" --home ", home.folder())));
  out.Line("  All of this runs on one host, so it is one level of trust; see README.md.");
  out.Result(JsonValue::Object()
                 .Set("home", home.folder())
                 .Set("client", home.Path("client.toml"))
                 .Set("repository", settings.id)
                 .Set("index", Cat(gateway, "simple/"))
                 .Set("gateway", gateway)
                 .Set("mirror", web)
                 .Set("upstream", settings.upstream)
                 .Set("manager", Cat("127.0.0.1:", settings.ports.manager()))
                 .Set("syncer", Cat("127.0.0.1:", settings.ports.syncer())));
}

Status StartAll(System& system, const HomeSettings& settings, bool first, bool with_offline) {
  RIND_RETURN_IF_ERROR(system.Initialise());
  RIND_RETURN_IF_ERROR(system.StartServices(with_offline));
  RIND_RETURN_IF_ERROR(system.CreateIfNew());
  if (first && settings.bootstrap == "demo") RIND_RETURN_IF_ERROR(system.AwaitOfflineSigner());
  return system.StartGateway();
}

StatusOr<Answer> RunUp(Session& session, const Flags& flags) {
  const Home home(session.files, flags.home);
  RIND_ASSIGN_OR_RETURN(const HomeSettings settings, SettingsFor(home, flags, session.random));
  std::set<std::string> running;
  for (const Process& process : RunningProcesses(session.files, home)) {
    running.insert(process.name());
  }
  if (!running.empty()) {
    // Only what is missing is started; with other settings it would be another system.
    const StatusOr<HomeSettings> before = home.Load();
    if (!flags.detach || !before.ok() || *before != settings) {
      return FailedPrecondition(Cat(home.folder(), ": ", *running.begin(),
                                    " runs already; stop the system with `rind down --home ",
                                    home.folder(), "`"));
    }
  }
  const bool first = !session.files.Stat(home.Path("bundle/settings.json")).ok();
  const bool with_offline = first || flags.with_offline_signer;
  BlockSignals();
  System system(session, home, settings, !flags.detach, running);
  if (!running.empty()) {
    const std::vector<std::string> missing = system.Missing(with_offline);
    session.out().Note(missing.empty() ? "runs already"
                                       : Cat("runs already but for ", Join(missing, ", ")));
    if (missing.empty()) {
      ShowSummary(session, home, settings, true);
      return Answer::kDone;
    }
  }
  RIND_RETURN_IF_ERROR(system.CheckPorts(with_offline));
  RIND_RETURN_IF_ERROR(home.Prepare(settings, session.random));
  Status status = StartAll(system, settings, first, with_offline);
  if (!status.ok()) {
    system.StopServices();
    return status;
  }
  ShowSummary(session, home, settings, flags.detach);
  if (flags.detach) return Answer::kDone;
  status = system.Supervise();
  session.out().Note("stopping");
  system.StopServices();
  RIND_RETURN_IF_ERROR(status);
  return Answer::kDone;
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--home", flags.home, "Folder of the system")->capture_default_str();
  app.add_flag("-d,--detach", flags.detach, "Leave it running and return; `rind down` stops it");
  app.add_flag("--sample", flags.sample, "Mirror the sample index (started too)");
  app.add_option("--upstream", flags.upstream, "Address of the index to mirror, .../simple/")
      ->check(&UrlProblem);
  app.add_option("--project", flags.projects, "A project to mirror; again for more")
      ->allow_extra_args(false)
      ->check(&ProjectProblem);
  app.add_flag("--all", flags.all, "Mirror every project of the index");
  app.add_option("--newest-releases", flags.newest, "Releases of each project (0: all)")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--private-upstream", flags.private_upstream,
               "The index may be at a private or loopback address");
  app.add_option("--credentials-file", flags.credentials, "File with user:password for the index")
      ->check(CLI::ExistingFile);
  app.add_option("--upstream-ca", flags.ca, "PEM file of the index's CA")->check(CLI::ExistingFile);
  app.add_option("--upstream-proxy", flags.proxy, "http://host:port")->check(&UrlProblem);
  app.add_option("--bins", flags.bins, "Hashed bins, a power of two from 16 to 32768")
      ->check(&BinsProblem);
  app.add_option("--profile", flags.profile, "Lifetimes of the online roles")
      ->check(CLI::IsMember({"default", "pep458", "relaxed"}));
  app.add_option("--bootstrap", flags.bootstrap,
                 "demo: the offline signer approves version 1 by itself; none: a person does")
      ->check(CLI::IsMember({"demo", "none"}));
  app.add_option("--port-base", flags.port_base, "First port of the internal services")
      ->check(CLI::Range(1024, 65400));
  app.add_option("--gateway-port", flags.gateway_port, "Port of the gateway")
      ->check(CLI::Range(1, 65535));
  app.add_option("--web-port", flags.web_port, "Port of the mirror")->check(CLI::Range(1, 65535));
  app.add_flag("--free-ports", flags.free_ports, "A new home takes ports that are free now");
  app.add_flag("--with-offline-signer", flags.with_offline_signer,
               "Start the offline signer too, for a ceremony (`rind promote`)");
}

}  // namespace

Command UpCommand() {
  return {
      .name = "up",
      .group = "This machine",
      .summary = "Run the whole system on this machine, as processes",
      .teaching =
          "Makes keys, certificates and configs in the home where they are missing, starts every\n"
          "service as a process of its own, and makes the repository on the first start. Stays in\n"
          "the foreground and stops all on Ctrl-C, or leaves it running with --detach.\n\n"
          "  rind up --sample                             # try it\n"
          "  rind up --upstream https://index.example.org/simple/ --project six --project idna\n"
          "  rind up --detach                             # as it was, in the background\n"
          "  rind up --detach --with-offline-signer       # for a ceremony, also while the rest "
          "runs",
      .configure = [](CLI::App& app) -> Run {
        auto flags = std::make_shared<Flags>();
        AddFlags(app, *flags);
        return [flags](Session& session) { return RunUp(session, *flags); };
      }};
}

Command DownCommand() {
  return {.name = "down",
          .group = "This machine",
          .summary = "Stop what `rind up --detach` left running",
          .teaching = "Keys, data and configs stay; `rind up` continues.\n\n  rind down",
          .configure = [](CLI::App& app) -> Run {
            auto folder = std::make_shared<std::string>(kDefaultHome);
            app.add_option("--home", *folder, "Folder of the system")->capture_default_str();
            return [folder](Session& session) -> StatusOr<Answer> {
              const Home home(session.files, *folder);
              if (!home.Exists()) {
                return InvalidArgument(Cat(home.folder(), ": no up.toml, so no home of `rind up`"));
              }
              auto running = RunningProcesses(session.files, home);
              const std::size_t count = running.size();
              const auto killed = StopHome(session.files, home, std::move(running));
              if (!killed.empty()) {
                session.out().Note(Cat("had to be killed: ", Join(killed, ", ")));
              }
              session.out().Line(count == 0 ? "nothing runs"
                                            : Cat("stopped ", Count(count),
                                                  count == 1 ? " process" : " processes"));
              session.out().Result(JsonValue::Object()
                                       .Set("stopped", std::uint64_t{count})
                                       .Set("killed", JsonValue::Array(killed)));
              return Answer::kDone;
            };
          }};
}

}  // namespace rind::cli
