#include "services/project_signer/tool.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/runtime/passphrase.h"
#include "services/project_signer/client_settings.h"
#include "services/project_signer/commands.h"

namespace rind::project_signer {
namespace {

constexpr int kRefused = 1;
constexpr int kUsage = 2;

// What the flags say.
struct Flags {
  std::string config;
  std::string home;
  std::string passphrase_file;
  int passphrase_descriptor = -1;
  bool yes = false;
  std::string name;
  InitOptions init;
  ClaimOptions claim;
  int threshold = 0;
  AddOptions add;
  int role_days = 180;
};

void Write(FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fputc('\n', stream);
  std::fflush(stream);
}

int Report(const Status& status) {
  std::string line(Trim(MessageOf(status)));
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  Write(stderr, Cat("rind-project: ", line));
  const bool refused = absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) ||
                       absl::IsAlreadyExists(status);
  return refused ? kRefused : kUsage;
}

bool Confirm(std::string_view question) {
  if (::isatty(STDIN_FILENO) != 1) {
    Write(stderr, Cat(question, " No terminal to answer on: --yes answers."));
    return false;
  }
  std::fprintf(stderr, "%.*s [yes/no] ", static_cast<int>(question.size()), question.data());
  std::array<char, 64> answer{};
  if (std::fgets(answer.data(), answer.size(), stdin) == nullptr) return false;
  const std::string typed = ToLower(Trim(answer.data()));
  return typed == "yes" || typed == "y";
}

StatusOr<SecretBytes> Passphrase(const Flags& flags, const FileReader& files, bool fresh) {
  if (!flags.passphrase_file.empty()) {
    return runtime::ReadPassphraseFile(files, flags.passphrase_file);
  }
  if (flags.passphrase_descriptor >= 0) {
    return runtime::ReadPassphraseDescriptor(flags.passphrase_descriptor);
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes first, runtime::AskPassphrase("Passphrase of your keys: "));
  if (!fresh) return first;
  RIND_ASSIGN_OR_RETURN(const SecretBytes again, runtime::AskPassphrase("The same once more: "));
  if (!first.Equals(again)) return InvalidArgument("the two passphrases differ");
  return first;
}

StatusOr<std::string> FolderOf(const Flags& flags, const pypi::ProjectName& project) {
  if (!flags.home.empty()) return JoinPath(flags.home, project.text());
  if (const char* set = std::getenv("RIND_PROJECT_HOME"); set != nullptr && *set != '\0') {
    return JoinPath(set, project.text());
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return InvalidArgument("HOME is not set: say --home FOLDER");
  }
  return Cat(home, "/.config/rind/projects/", project.text());
}

// `push` may be run from another folder than `add`.
StatusOr<std::string> Absolute(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr),
                                                             &std::free);
  if (resolved == nullptr) return NotFound(Cat(path, ": no such file"));
  return std::string(resolved.get());
}

void AddName(CLI::App& command, Flags& flags) {
  command.add_option("name", flags.name, "The project's name, in any spelling")->required();
}

void AddPassphrase(CLI::App& command, Flags& flags) {
  auto* file = command.add_option("--passphrase-file", flags.passphrase_file,
                                  "Read the passphrase from this file, which only you can read");
  command
      .add_option("--passphrase-fd", flags.passphrase_descriptor,
                  "Read the passphrase from this open descriptor")
      ->excludes(file)
      ->check(CLI::NonNegativeNumber);
}

void AddYes(CLI::App& command, Flags& flags) {
  command.add_flag("-y,--yes", flags.yes, "Sign what is shown without asking");
}

struct CommandLine {
  CLI::App app{"rind-project: your project, signed by your own keys", "rind-project"};
  CLI::App* init = nullptr;
  CLI::App* claim = nullptr;
  CLI::App* add = nullptr;
  CLI::App* push = nullptr;
  CLI::App* status = nullptr;
};

void Define(CommandLine& line, Flags& flags) {
  line.app.set_version_flag("--version", std::string("rind-project 0.1.0"));
  line.app.add_option("--config", flags.config,
                      "client.toml to use (otherwise RIND_CONFIG, ./.rind/client.toml, "
                      "~/.config/rind/client.toml)");
  line.app.add_option("--home", flags.home,
                      "Where projects' keys are kept (otherwise RIND_PROJECT_HOME, "
                      "~/.config/rind/projects)");
  line.app.footer(
      "From a mirrored project to one that only you can change:\n"
      "  rind-project init six            # makes your key\n"
      "  rind-project claim six           # the claims officer then authorises it\n"
      "  rind-project add six dist/*      # the next version, signed\n"
      "  rind-project push six            # published\n\n"
      "Exit codes: 0 done, 1 refused, 2 wrong usage or could not tell.");
  line.app.require_subcommand(1);
  line.app.fallthrough();

  line.init = line.app.add_subcommand("init", "Make the keys of a project");
  AddName(*line.init, flags);
  line.init->add_option("--keys", flags.init.keys, "How many (default 1)");
  AddPassphrase(*line.init, flags);

  line.claim = line.app.add_subcommand("claim", "Ask for a project: vouch for what it has now");
  AddName(*line.claim, flags);
  line.claim->add_option("--key", flags.claim.key_files,
                         "A key of the project, NAME.pub (default: all that init made)");
  line.claim->add_option("--threshold", flags.threshold,
                         "How many keys must sign (default: more than half)");
  line.claim->add_option("--expires", flags.role_days, "Days until the signed list expires");
  line.claim->add_option("--claim-expires", flags.claim.claim_days,
                         "Days within which the officer must authorise it");
  AddYes(*line.claim, flags);
  AddPassphrase(*line.claim, flags);

  line.add = line.app.add_subcommand("add", "Sign the project's next version with new files");
  AddName(*line.add, flags);
  line.add
      ->add_option("files", flags.add.paths,
                   "Wheels and sdists; FILE.metadata beside a wheel is taken along")
      ->required();
  line.add->add_option("--expires", flags.role_days, "Days until the signed list expires");
  AddYes(*line.add, flags);
  AddPassphrase(*line.add, flags);

  line.push = line.app.add_subcommand("push", "Upload and publish what add signed");
  AddName(*line.push, flags);

  line.status = line.app.add_subcommand("status", "Where a project stands");
  AddName(*line.status, flags);
}

Status Run(const CommandLine& line, Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const pypi::ProjectName project, pypi::ProjectName::Parse(flags.name));
  RIND_ASSIGN_OR_RETURN(const std::string folder, FolderOf(flags, project));
  LocalFileSystem files;
  const SystemClock clock;
  SystemRandom random;
  std::unique_ptr<DeveloperClient> client;
  const Context context{
      .files = files,
      .clock = clock,
      .random = random,
      .print = [](std::string_view text) { Write(stdout, text); },
      .confirm = [&](std::string_view question) { return flags.yes || Confirm(question); },
      .passphrase = [&](bool fresh) { return Passphrase(flags, files, fresh); },
      .manager = [&]() -> StatusOr<DeveloperClient*> {
        if (client == nullptr) {
          RIND_ASSIGN_OR_RETURN(const ClientSettings settings, LoadClientSettings(flags.config));
          RIND_ASSIGN_OR_RETURN(client, ConnectToManager(settings.manager, settings.tls, files));
        }
        return client.get();
      }};
  if (line.init->parsed()) return Init(context, project, folder, flags.init);
  if (line.claim->parsed()) {
    flags.claim.role_days = flags.role_days;
    if (line.claim->count("--threshold") > 0) flags.claim.threshold = flags.threshold;
    return Claim(context, project, folder, flags.claim);
  }
  if (line.add->parsed()) {
    flags.add.role_days = flags.role_days;
    for (std::string& path : flags.add.paths) {
      RIND_ASSIGN_OR_RETURN(path, Absolute(path));
    }
    return Add(context, project, folder, flags.add);
  }
  if (line.push->parsed()) return Push(context, project, folder);
  return ShowStatus(context, project, folder);
}

}  // namespace

int Main(int argc, char** argv) {
  // Keys are in this process: no core dump, no other process of this user may read its memory.
  ::prctl(PR_SET_DUMPABLE, 0);
  ::umask(077);
  Flags flags;
  CommandLine line;
  Define(line, flags);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return line.app.exit(error);  // --help, --version
    Write(stderr, Cat("rind-project: ", error.what(), "; see `rind-project --help`"));
    return kUsage;
  }
  const Status status = Run(line, flags);
  return status.ok() ? 0 : Report(status);
}

}  // namespace rind::project_signer
