// Any bytes: the parser refuses them or gives a canonical form that is its own canonical form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/tuf/json/canonical_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto once = rind::tuf::Canonicalise(json);
  if (!once.ok()) return 0;
  const auto twice = rind::tuf::Canonicalise(rind::tuf::EscapeControls(*once));
  if (!rind::tuf::CheckCanonical(*once).ok() || !twice.ok() || *once != *twice) std::abort();
  return 0;
}
