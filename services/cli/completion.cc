#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"

namespace rind::cli {
namespace {

// One word list per command: its flags and subcommands, found by walking the parser itself, so a
// completion never lags behind.
struct Words {
  std::string command;  // "claims list"
  std::string summary;
  std::vector<std::string> options;  // subcommands first
};

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>& out) {
  Words words{path, app.get_description(), {}};
  for (const CLI::App* sub : app.get_subcommands(nullptr)) words.options.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.options.push_back(Cat("--", name));
  }
  if (!path.empty()) {
    for (const char* common : {"--json", "--config", "--quiet"}) words.options.emplace_back(common);
  }
  out.push_back(words);
  for (const CLI::App* sub : app.get_subcommands(nullptr)) {
    Collect(*sub, path.empty() ? sub->get_name() : Cat(path, " ", sub->get_name()), out);
  }
}

std::string Cases(const std::vector<Words>& all) {
  std::string out;
  for (const Words& words : all) {
    out = Cat(out, "    \"", words.command, "\") words=\"", Join(words.options, " "), "\" ;;\n");
  }
  return out;
}

// The words before the cursor that are not flags name the command, as far as one of that name
// exists.
std::string Bash(const std::vector<Words>& all) {
  return Cat(
      "# Completion of rind for bash: source <(rind completion bash)\n"
      "_rind_words() {\n"
      "  local words=\"\"\n"
      "  case \"$1\" in\n",
      Cases(all),
      "    *) return 1 ;;\n"
      "  esac\n"
      "  printf '%s' \"$words\"\n"
      "}\n"
      "_rind() {\n"
      "  local path=\"\" word i candidate\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    [[ \"$word\" == -* ]] && continue\n"
      "    candidate=\"${path:+$path }$word\"\n"
      "    _rind_words \"$candidate\" > /dev/null && path=\"$candidate\"\n"
      "  done\n"
      "  COMPREPLY=($(compgen -W \"$(_rind_words \"$path\")\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\n"
      "complete -o default -F _rind rind\n");
}

std::string Zsh(const std::vector<Words>& all) {
  return Cat(
      "#compdef rind\n"
      "# Completion of rind for zsh: source <(rind completion zsh)\n"
      "_rind_words() {\n"
      "  local words=\"\"\n"
      "  case \"$1\" in\n",
      Cases(all),
      "    *) return 1 ;;\n"
      "  esac\n"
      "  print -r -- \"$words\"\n"
      "}\n"
      "_rind() {\n"
      "  local path_=\"\" candidate word i\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=\"${words[i]}\"\n"
      "    [[ \"$word\" == -* ]] && continue\n"
      "    candidate=\"${path_:+$path_ }$word\"\n"
      "    _rind_words \"$candidate\" > /dev/null && path_=\"$candidate\"\n"
      "  done\n"
      "  compadd -- ${=\"$(_rind_words \"$path_\")\"}\n"
      "  _default\n"
      "}\n"
      "compdef _rind rind\n");
}

std::string Fish(const std::vector<Words>& all) {
  std::string out =
      "# Completion of rind for fish: rind completion fish | source\ncomplete -c rind -f\n";
  for (const Words& words : all) {
    const std::string condition = words.command.empty() ? std::string("__fish_use_subcommand")
                                                        : Cat("__fish_seen_subcommand_from ",
                                                              Split(words.command, ' ').back());
    for (const std::string& option : words.options) {
      out = Cat(out, "complete -c rind -n '", condition, "' ",
                option.starts_with("--") ? Cat("-l ", option.substr(2)) : Cat("-a ", option), "\n");
    }
  }
  return out;
}

}  // namespace

Command CompletionCommand() {
  return {
      .name = "completion",
      .group = "Other",
      .summary = "Print a completion script for a shell",
      .teaching =
          "  source <(rind completion bash)\n"
          "  source <(rind completion zsh)\n"
          "  rind completion fish | source",
      .configure = [](CLI::App& app) -> Run {
        auto shell = std::make_shared<std::string>();
        app.add_option("shell", *shell, "bash, zsh or fish")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh", "fish"}));
        return [shell, &app](Session& session) -> StatusOr<Answer> {
          std::vector<Words> all;
          Collect(*app.get_parent(), "", all);
          session.out().Raw(*shell == "bash" ? Bash(all) : *shell == "zsh" ? Zsh(all) : Fish(all));
          return Answer::kDone;
        };
      }};
}

}  // namespace rind::cli
