// Any bytes: each decoder refuses them or gives a document that comes back from its own bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/tuf/json/canonical_json.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"
#include "common/tuf/model/rejection.h"

namespace {

using namespace rind::tuf;  // NOLINT(google-build-using-namespace): a test of one namespace

template <typename Decoded, typename Document>
void Check(const Decoded& decoded, rind::StatusOr<Document> (*again)(std::string_view)) {
  if (!decoded.ok()) {
    if (!RejectionOf(decoded.status())) std::abort();
    return;
  }
  if (!CheckCanonical(decoded->canonical).ok()) std::abort();
  const std::string canonical = EncodeCanonical(decoded->document);
  const auto back = again(canonical);
  // What is not known is dropped, so the bytes may differ from those that came; the meaning may
  // not.
  if (!back.ok() || !(*back == decoded->document) || EncodeCanonical(*back) != canonical) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check<>(DecodeRoot(bytes), &DecodeCanonicalRoot);
  Check<>(DecodeTimestamp(bytes), &DecodeCanonicalTimestamp);
  Check<>(DecodeSnapshot(bytes), &DecodeCanonicalSnapshot);
  Check<>(DecodeTargets(bytes), &DecodeCanonicalTargets);
  return 0;
}
