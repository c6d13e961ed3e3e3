// Any pattern and path (split at the first line end): an answer, soon, and a pattern without
// wildcards matches itself alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/tuf/model/delegations.h"
#include "common/tuf/model/role_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view pattern = text.substr(0, end);
  const std::string_view path = text.substr(end + 1);
  const bool matches = rind::tuf::MatchesPattern(pattern, path);
  const bool literal = pattern.find_first_of("*?") == std::string_view::npos;
  if (literal && matches != (pattern == path)) std::abort();
  const auto role = rind::tuf::RoleName::Parse(path);
  if (role.ok() && role->FileName().find('/') != std::string::npos) std::abort();
  return 0;
}
