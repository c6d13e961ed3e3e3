#include "services/cli/output.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind::cli {
namespace {

constexpr std::size_t kBarWidth = 24;

void Write(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

// Columns of the terminal, 80 when it does not say.
std::size_t TerminalWidth() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Output::Output(bool json, bool quiet)
    : json_(json), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Output::Line(std::string_view text) {
  if (!json_) Write(stdout, Cat(text, '\n'));
}

void Output::Result(const JsonValue& value) {
  if (json_) Write(stdout, Cat(value.Text(), '\n'));
}

void Output::Table(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.append(row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    Line(line);
  }
}

void Output::Note(std::string_view text) {
  EndProgress();
  if (!quiet_) Write(stderr, Cat(text, '\n'));
}

void Output::Raw(std::string_view text) { Write(stdout, text); }

void Output::Progress(std::string_view step, std::uint64_t done, std::uint64_t total) {
  if (quiet_) return;
  const std::string count = total > 0  ? Cat(" ", Count(done), " of ", Count(total))
                            : done > 0 ? Cat(" ", Count(done))
                                       : "";
  if (terminal_) {
    std::string line;
    if (total > 0) {
      const std::size_t filled = std::min<std::uint64_t>(kBarWidth, kBarWidth * done / total);
      line = Cat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '.'), "] ");
    }
    line = Cat(line, step, count);
    line.resize(std::min(line.size(), TerminalWidth() - 1));
    Write(stderr, Cat("\r\x1b[K", line));
    bar_shown_ = true;
    return;
  }
  const std::uint64_t tenth = total > 0 ? done * 10 / total : 0;
  if (step == last_step_ && tenth == last_tenth_) return;
  last_step_ = step;
  last_tenth_ = tenth;
  Write(stderr, Cat(step, count, "\n"));
}

void Output::EndProgress() {
  if (bar_shown_) Write(stderr, "\r\x1b[K");
  bar_shown_ = false;
  last_step_.clear();
  last_tenth_ = 0;
}

std::string Count(std::uint64_t number) {
  std::string digits = Cat(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string Bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::uint64_t divisor = 1;
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && bytes / divisor >= 1000) {
    divisor *= 1000;
    ++unit;
  }
  if (unit == 0) return Cat(bytes, " B");
  const std::uint64_t tenths = bytes / (divisor / 10);
  return Cat(tenths / 10, ".", tenths % 10, " ", kUnits[unit]);
}

std::string Plural(std::uint64_t number, std::string_view singular) {
  return Cat(Count(number), " ", singular, number == 1 ? "" : "s");
}

bool Confirm(std::string_view question) {
  if (::isatty(STDIN_FILENO) != 1) return false;
  Write(stderr, Cat(question, " [yes/no] "));
  std::array<char, 64> answer{};
  if (std::fgets(answer.data(), answer.size(), stdin) == nullptr) return false;
  const std::string typed = ToLower(Trim(answer.data()));
  return typed == "yes" || typed == "y";
}

}  // namespace rind::cli
