#include "services/cli/validators.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/http/client.h"
#include "common/pypi/project_name.h"

namespace rind::cli {

std::string BinsProblem(const std::string& text) {
  const auto value = ParseUnsigned(text, 32768);
  const bool good = value && *value >= 16 && (*value & (*value - 1)) == 0;
  return good ? "" : Cat(Printable(text), " is not a power of two from 16 to 32768");
}

std::string ProjectProblem(const std::string& text) {
  const auto name = pypi::ProjectName::Parse(text);
  return name.ok() ? "" : Cat(Printable(text), ": ", MessageOf(name.status()));
}

std::string RoleProblem(const std::string& text) {
  constexpr std::size_t kMaxRole = 255;
  const bool good =
      !text.empty() && text.size() <= kMaxRole && text.front() != '.' &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
      });
  return good ? ""
              : Cat(Printable(text), " is no role's name; wanted one as `rind status` shows them");
}

std::string UrlProblem(const std::string& text) {
  const auto url = http::ParseUrl(text);
  return url.ok() ? "" : Cat(Printable(text), ": ", MessageOf(url.status()));
}

}  // namespace rind::cli
