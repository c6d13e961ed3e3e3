// What a client asks for, from the path of its request.
//
// Promise: total; nothing that is not one of the known shapes gets through, and no segment is "."
// or
// "..", empty, or holds a slash or backslash after decoding.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/pypi/project_name.h"

namespace rind::gateway {

struct HealthRequest {};
struct StatusRequest {};
struct ListRequest {};  // /simple/
struct PageRequest {    // /simple/NAME/
  pypi::ProjectName project;
};
struct FileRequest {  // /files/<project>/<sha256>/<filename>[.metadata]
  pypi::ProjectName project;
  Sha256Digest sha256;   // of the distribution, for its metadata too
  std::string filename;  // of the distribution
  bool metadata = false;
};
struct Redirect {
  std::string location;
};

using Asked =
    std::variant<HealthRequest, StatusRequest, ListRequest, PageRequest, FileRequest, Redirect>;

// NotFound for another shape; InvalidArgument for broken escapes.
StatusOr<Asked> ParsePath(std::string_view target);

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
};
enum class RangeKind { kNone, kSatisfiable, kUnsatisfiable };
// A Range header with one range of bytes (RFC 9110 section 14.1.2); any other is ignored, as the
// specification allows.
RangeKind ParseRange(std::string_view header, std::uint64_t length, ByteRange& range);

// Whether an If-None-Match header names `etag` (with its quotes) or is "*".
bool MatchesEtag(std::string_view header, std::string_view etag);

}  // namespace rind::gateway
