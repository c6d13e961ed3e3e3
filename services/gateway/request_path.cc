#include "services/gateway/request_path.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "common/base/text.h"
#include "common/http/client.h"

namespace rind::gateway {
namespace {

constexpr std::string_view kMetadataSuffix = ".metadata";
constexpr std::size_t kMaxFileName = 255;

Status NoSuchAddress(std::string_view path) {
  return NotFound(Cat(Printable(path), ": the pip index is at /simple/"));
}

bool IsSafeSegment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kMaxFileName && segment[0] != '.' &&
         segment.find_first_of("/\\") == std::string_view::npos;
}

StatusOr<Asked> ParseFile(std::string_view path, const std::vector<std::string>& parts) {
  const auto project = pypi::ProjectName::Parse(parts[1]);
  const auto digest = Sha256Digest::FromHex(parts[2]);
  std::string filename = parts[3];
  if (!project.ok() || project->text() != parts[1] || !digest.ok() || !IsSafeSegment(filename)) {
    return NoSuchAddress(path);
  }
  const bool metadata = filename.ends_with(kMetadataSuffix);
  if (metadata) filename.resize(filename.size() - kMetadataSuffix.size());
  if (!IsSafeSegment(filename)) return NoSuchAddress(path);
  return FileRequest{*project, *digest, std::move(filename), metadata};
}

StatusOr<Asked> ParseSimple(std::string_view path, const std::vector<std::string>& parts) {
  const bool slash = parts.back().empty();
  const std::size_t names = parts.size() - (slash ? 1 : 0);
  if (names == 1) return slash ? Asked(ListRequest{}) : Asked(Redirect{"/simple/"});
  if (names != 2) return NoSuchAddress(path);
  const auto project = pypi::ProjectName::Parse(parts[1]);
  if (!project.ok()) return NoSuchAddress(path);
  if (!slash || project->text() != parts[1]) {
    return Redirect{Cat("/simple/", project->text(), "/")};
  }
  return PageRequest{*project};
}

}  // namespace

StatusOr<Asked> ParsePath(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/')) return InvalidArgument("the path does not begin with '/'");
  std::vector<std::string> parts;
  // Split first: an escaped slash separates nothing.
  for (const std::string& segment : Split(path.substr(1), '/')) {
    RIND_ASSIGN_OR_RETURN(std::string decoded, http::PercentDecode(segment));
    parts.push_back(std::move(decoded));
  }
  if (parts[0] == "simple") return ParseSimple(path, parts);
  if (parts[0] == "files" && parts.size() == 4) return ParseFile(path, parts);
  if (path == "/-/health") return HealthRequest{};
  if (path == "/-/status") return StatusRequest{};
  return NoSuchAddress(path);
}

RangeKind ParseRange(std::string_view header, std::uint64_t length, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  if (!header.starts_with(kUnit)) return RangeKind::kNone;
  const std::string_view text = Trim(header.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return RangeKind::kNone;
  const auto first = ParseUnsigned(text.substr(0, dash), kMax);
  const auto last = ParseUnsigned(text.substr(dash + 1), kMax);
  if (dash == 0) {  // the last so many bytes
    if (!last) return RangeKind::kNone;
    if (*last == 0 || length == 0) return RangeKind::kUnsatisfiable;
    range = {length - std::min(*last, length), length - 1};
    return RangeKind::kSatisfiable;
  }
  const bool open = dash + 1 == text.size();
  if (!first || (!open && (!last || *last < *first))) return RangeKind::kNone;
  if (*first >= length) return RangeKind::kUnsatisfiable;
  range = {*first, open ? length - 1 : std::min(*last, length - 1)};
  return RangeKind::kSatisfiable;
}

bool MatchesEtag(std::string_view header, std::string_view etag) {
  for (const std::string& part : Split(header, ',')) {
    std::string_view one = Trim(part);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);  // weak comparison, RFC 9110 section 13.1.2
    if (one == etag) return true;
  }
  return false;
}

}  // namespace rind::gateway
