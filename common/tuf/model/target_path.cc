#include "common/tuf/model/target_path.h"

#include "common/base/text.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kMaxPath = 1024;

Status Refuse(std::string_view text, std::string_view why) {
  return InvalidArgument(Cat("target path \"", Printable(text, 120), "\": ", why));
}

}  // namespace

StatusOr<TargetPath> TargetPath::Parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxPath) {
    return Refuse(text, Cat(text.size(), " bytes, wanted 1 to ", kMaxPath));
  }
  constexpr std::string_view kRefused = "\\?#%*[]";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E || kRefused.find(c) != std::string_view::npos) {
      return Refuse(text, Cat("a byte that is not printable ASCII, or one of ", kRefused));
    }
  }
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find('/', start), text.size());
    const std::string_view segment = text.substr(start, end - start);
    if (segment.empty() || segment == "." || segment == "..") {
      return Refuse(text, "an empty segment, \".\" or \"..\"");
    }
    start = end + 1;
  }
  return TargetPath(std::string(text));
}

Sha256Digest TargetPath::PathHash() const { return Sha256(text_); }

std::string TargetPath::WithHash(const Sha256Digest& digest) const {
  return PathWithHash(text_, digest.Hex());
}

std::string_view TargetPath::Project() const {
  const std::string_view text = text_;
  const std::size_t first = text.find('/');
  if (first == std::string_view::npos) return {};
  const std::size_t second = text.find('/', first + 1);
  if (second == std::string_view::npos) return {};
  return text.substr(first + 1, second - first - 1);
}

std::string PathWithHash(std::string_view path, std::string_view hash_hex) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return Cat(hash_hex, ".", path);
  return Cat(path.substr(0, slash + 1), hash_hex, ".", path.substr(slash + 1));
}

}  // namespace rind::tuf
