#include "services/gateway/answer.h"

#include "common/base/text.h"
#include "common/tuf/model/rejection.h"

namespace rind::gateway {
namespace {

constexpr std::size_t kMaxReason = 200;

// The first line, as a reason phrase.
std::string OneLine(std::string_view prefix, std::string_view message) {
  const std::string line = Printable(message.substr(0, message.find('\n')), kMaxReason);
  std::string reason = Cat(prefix, line);
  if (reason.size() > kMaxReason) reason.resize(kMaxReason);
  return reason;
}

// Line by line, so that nothing from outside moves a terminal's cursor.
std::string Indented(std::string_view message) {
  std::string out;
  for (const std::string& line : Split(message, '\n'))
    out += Cat("  ", Printable(line, 2000), "\n");
  return out;
}

}  // namespace

ErrorAnswer ErrorFor(const Status& error, std::string_view asked, std::string_view mirror) {
  const std::string_view message = MessageOf(error);
  const std::string path = Printable(asked, 500);
  if (tuf::RejectionOf(error).has_value()) {
    return {
        403, OneLine("rind refused: ", message),
        Cat("rind refused ", path, "\n\n", Indented(message), "\nWhat the mirror ", mirror,
            " serves is not what the repository's keys vouch for.\n"
            "Nothing of it was given to your installer.\n\n"
            "What to do: try again in a few minutes. If it stays, tell whoever runs the mirror,\n"
            "with this text. Do not install the package from elsewhere before it is explained.\n")};
  }
  if (absl::IsNotFound(error)) {
    return {404, "", Cat(path, ": not in this repository\n\n", Indented(message))};
  }
  if (absl::IsUnavailable(error) || absl::IsDeadlineExceeded(error) || absl::IsCancelled(error)) {
    return {502, OneLine("rind: ", message),
            Cat(path, ": the mirror ", mirror, " can't be reached\n\n", Indented(message),
                "\nWhat to do: see that the mirror runs and that this machine reaches it.\n")};
  }
  if (absl::IsInvalidArgument(error)) {
    return {400, "", Cat(path, ": no such address\n\n", Indented(message))};
  }
  return {500, OneLine("rind: ", message), Cat(path, "\n\n", Indented(message))};
}

Status Disagree(std::string_view message) {
  return tuf::Reject(tuf::Rejection::kWrongHash, message);
}

}  // namespace rind::gateway
