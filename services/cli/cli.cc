// The command line: parsing, help, errors, exit codes.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/command.h"

namespace rind::cli {
namespace {

constexpr std::string_view kVersion = "rind 0.1.0";
constexpr std::string_view kFooter =
    "A first walk, on this machine alone:\n"
    "  rind up --detach --sample    # the whole system, with a sample index to mirror\n"
    "  rind sync && rind release    # take over the packages, sign and publish them\n"
    "  pip install -i http://127.0.0.1:8080/simple/ rind-hello\n"
    "  rind explain rind-hello==1.0 # why that file may be trusted\n"
    "  rind down\n\n"
    "Every command has --json, --config FILE and --quiet. Exit codes: 0 done, 1 the answer is no\n"
    "(a mismatch, a refusal), 2 wrong usage or could not tell, 3 released but for what a signer\n"
    "refused.";

// One line: a message with several problems is joined, control characters are not passed on.
std::string OneLine(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    if (c == '\n') {
      out.append("; ");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out.push_back('?');
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void PrintError(std::string_view command, std::string_view message) {
  const std::string line =
      Cat("rind", command.empty() ? "" : " ", command, ": ", OneLine(message), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

// The words of the command that was named: "claims list".
std::string NamedCommand(const CLI::App& app) {
  std::string out;
  const CLI::App* at = &app;
  while (true) {
    const auto named = at->get_subcommands();
    if (named.empty()) return out;
    at = named.front();
    out = Cat(out, out.empty() ? "" : " ", at->get_name());
  }
}

int Report(Session& session, const std::string& command, const Status& status) {
  session.out().EndProgress();
  const std::string_view advice = AdviceFor(status);
  PrintError(command, advice.empty() ? std::string(MessageOf(status))
                                     : Cat(MessageOf(status), "; ", advice));
  session.out().Result(JsonValue::Object().Set(
      "error",
      JsonValue::Object().Set("code", CodeName(status.code())).Set("message", MessageOf(status))));
  return static_cast<int>(AnswerOf(status));
}

}  // namespace

int Main(int argc, char** argv) {
  LocalFileSystem files;
  SystemClock clock;
  SystemRandom random;
  Session session(files, clock, random, argc > 0 ? argv[0] : "rind");

  CLI::App app("rind: a PyPI mirror that installers can verify end to end", "rind");
  app.footer(std::string(kFooter));
  app.set_version_flag("--version", std::string(kVersion));
  app.add_flag("--json", session.json, "Print the result as JSON, for programs");
  app.add_option("--config", session.config,
                 "client.toml to use (otherwise RIND_CONFIG, "
                 "./.rind/client.toml, ~/.config/rind/client.toml)");
  app.add_flag("-q,--quiet", session.quiet, "No progress and no notes");
  app.require_subcommand(1);
  app.fallthrough();

  std::vector<std::pair<const CLI::App*, Run>> runs;
  for (const Command& command : Commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->group(std::string(command.group));
    sub->footer(std::string(command.teaching));
    runs.emplace_back(sub, command.configure(*sub));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string command = NamedCommand(app);
    // A name that is no command is left over, and CLI11 then only says that one is missing.
    const std::vector<std::string> extras = app.remaining();
    if (command.empty() && !extras.empty()) {
      PrintError("", Cat(Printable(extras.front()), ": no such command; see `rind --help`"));
      return static_cast<int>(Answer::kUnclear);
    }
    PrintError(command,
               Cat(error.what(), "; see `rind ", command, command.empty() ? "" : " ", "--help`"));
    return static_cast<int>(Answer::kUnclear);
  }
  for (const auto& [sub, run] : runs) {
    if (!sub->parsed()) continue;
    const StatusOr<Answer> answer = run(session);
    if (!answer.ok()) return Report(session, NamedCommand(app), answer.status());
    session.out().EndProgress();
    return static_cast<int>(*answer);
  }
  return static_cast<int>(Answer::kUnclear);
}

}  // namespace rind::cli
