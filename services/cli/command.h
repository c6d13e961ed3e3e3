// What a command of `rind` is, and what it may use of the world.
//
// Promise: a command is one file and one row of the table in commands.cc. It declares its flags,
// and returns what to run once they are parsed. It answers with an Answer or an error; nothing else
// ends the process. Threading: one thread; a Session lives as long as the process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "services/cli/client_settings.h"
#include "services/cli/output.h"

namespace CLI {
class App;
}  // namespace CLI

namespace rind::cli {

// The exit codes: done, the answer is no (a mismatch, a refusal), usage or could not tell, done but
// for what was refused.
enum class Answer { kDone = 0, kNo = 1, kUnclear = 2, kPartly = 3 };

// One run of `rind`.
class Session {
 public:
  Session(FileSystem& files, const Clock& clock, Random& random, std::string program);

  FileSystem& files;
  const Clock& clock;
  Random& random;

  // Set by the flags that every command has.
  bool json = false;
  bool quiet = false;
  std::string config;

  Output& out();
  // Where the rind program lies; the other programs are beside it.
  std::string ProgramFolder() const;
  // client.toml, found by --config, RIND_CONFIG, ./.rind/client.toml or
  // ~/.config/rind/client.toml. InvalidArgument says which were looked for.
  StatusOr<ClientSettings> Settings();

 private:
  std::string program_;
  std::unique_ptr<Output> out_;
};

using Run = std::function<StatusOr<Answer>(Session& session)>;

struct Command {
  std::string_view name;
  std::string_view group;     // the heading in `rind --help`
  std::string_view summary;   // one line
  std::string_view teaching;  // more words and examples, for `rind NAME --help`
  // Adds flags to `app`; what it returns is run when the command line named the command. Values of
  // flags live in what it returns (shared state), as parsing happens after this call.
  std::function<Run(CLI::App& app)> configure;
};

// All of them, in the order of `rind --help`.
const std::vector<Command>& Commands();

// Parses and runs; the return value is the exit code.
int Main(int argc, char** argv);

// An environment variable; nothing when it is unset or empty.
std::optional<std::string> Environment(const char* name);

// The exit code that an error means: a rule that refused is "no", anything else "could not tell".
Answer AnswerOf(const Status& status);
// What a person may do about an error; "" when the message says it all.
std::string_view AdviceFor(const Status& status);

// The same error for something that was asked for in a wrong way: exit 2 instead of 1.
Status AsUsage(const Status& status);

}  // namespace rind::cli
