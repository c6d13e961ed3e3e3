#include <array>
#include <cstdlib>

#include <unistd.h>

#include "common/base/text.h"
#include "services/cli/command.h"

namespace rind::cli {

Session::Session(FileSystem& the_files, const Clock& the_clock, Random& the_random,
                 std::string program)
    : files(the_files), clock(the_clock), random(the_random), program_(std::move(program)) {}

Output& Session::out() {
  if (out_ == nullptr) out_ = std::make_unique<Output>(json, quiet);
  return *out_;
}

std::string Session::ProgramFolder() const {
  // /proc/self/exe is right however the program was found; argv[0] is what is left without /proc.
  std::array<char, 4096> link{};
  const ssize_t length = ::readlink("/proc/self/exe", link.data(), link.size() - 1);
  if (length > 0) return ParentPath({link.data(), static_cast<std::size_t>(length)});
  return ParentPath(program_);
}

StatusOr<ClientSettings> Session::Settings() {
  if (!config.empty()) {
    StatusOr<ClientSettings> settings = LoadClientSettings(config);
    if (!settings.ok()) return AsUsage(settings.status());
    return settings;
  }
  std::vector<std::string> candidates;
  if (const auto named = Environment("RIND_CONFIG")) {
    candidates.push_back(*named);
  } else {
    candidates.emplace_back(".rind/client.toml");
    if (const auto home = Environment("HOME")) {
      candidates.push_back(JoinPath(*home, ".config/rind/client.toml"));
    }
  }
  for (const std::string& candidate : candidates) {
    if (!files.Stat(candidate).ok()) continue;
    StatusOr<ClientSettings> settings = LoadClientSettings(candidate);
    if (!settings.ok()) return AsUsage(settings.status());
    return settings;
  }
  return InvalidArgument(
      Cat("no client.toml: looked for ", Join(candidates, ", "),
          "; give one with --config FILE or RIND_CONFIG, or start with `rind up`"));
}

std::optional<std::string> Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Answer AnswerOf(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Answer::kDone;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kAlreadyExists:
      return Answer::kNo;
    default:
      return Answer::kUnclear;
  }
}

std::string_view AdviceFor(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return "is it running? `rind up` starts a system on this machine, `rind status` shows it";
    case absl::StatusCode::kDeadlineExceeded:
      return "it took too long; the service's log says why";
    case absl::StatusCode::kPermissionDenied:
      return "the certificate in client.toml is not one that may do this";
    default:
      return "";
  }
}

Status AsUsage(const Status& status) {
  if (status.ok()) return status;
  return InvalidArgument(MessageOf(status));
}

}  // namespace rind::cli
