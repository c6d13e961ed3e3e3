// Where commands of `rind` write: results to standard output, progress to standard error.
//
// Promise: with --json standard output holds one JSON document and nothing else; Line() and Print()
// are for people and say nothing then. Progress is a bar on a terminal and plain lines otherwise,
// at most one for each tenth of the way. Nothing that others sent reaches a terminal unescaped:
// callers pass such text through rind::Printable(). Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/cli/json_output.h"

namespace rind::cli {

class Output {
 public:
  Output(bool json, bool quiet);

  bool json() const { return json_; }
  // A line for people.
  void Line(std::string_view text = "");
  // The result for programs.
  void Result(const JsonValue& value);
  // Columns as wide as they must be, two spaces between them.
  void Table(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "");
  // A note for people that is no result: to standard error, also with --json.
  void Note(std::string_view text);
  // A line in either mode (the text of a file, a completion script).
  void Raw(std::string_view text);

  // Shows how far something is; total 0: unknown.
  void Progress(std::string_view step, std::uint64_t done, std::uint64_t total);
  // Ends the bar, if one is shown.
  void EndProgress();

 private:
  bool json_;
  bool quiet_;
  bool terminal_;
  bool bar_shown_ = false;
  std::string last_step_;
  std::uint64_t last_tenth_ = 0;
};

// "1,234", "6.1 MB", "1 file" and "2 files".
std::string Count(std::uint64_t number);
std::string Bytes(std::uint64_t bytes);
std::string Plural(std::uint64_t number, std::string_view singular);

// True when the person at the terminal typed "yes" or "y". False without a terminal.
bool Confirm(std::string_view question);

}  // namespace rind::cli
