#include "common/tuf/model/role_name.h"

#include "common/tuf/model/name_rule.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kMaxRoleName = 255;

constexpr TopLevelRole kTopLevel[] = {TopLevelRole::kRoot, TopLevelRole::kTargets,
                                      TopLevelRole::kSnapshot, TopLevelRole::kTimestamp};

bool IsPlain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

std::string_view NameOf(TopLevelRole role) {
  switch (role) {
    case TopLevelRole::kRoot:
      return "root";
    case TopLevelRole::kTargets:
      return "targets";
    case TopLevelRole::kSnapshot:
      return "snapshot";
    case TopLevelRole::kTimestamp:
      return "timestamp";
  }
  return "";
}

RoleName::RoleName(TopLevelRole role) : text_(NameOf(role)) {}

StatusOr<RoleName> RoleName::Parse(std::string_view text) {
  RIND_RETURN_IF_ERROR(CheckName("role name", text, kMaxRoleName));
  return RoleName(std::string(text));
}

std::optional<TopLevelRole> RoleName::top_level() const {
  for (const TopLevelRole role : kTopLevel) {
    if (text_ == NameOf(role)) return role;
  }
  return std::nullopt;
}

std::string RoleName::FileName() const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text_.size());
  for (const char c : text_) {
    if (IsPlain(c) && !(c == '.' && out.empty())) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kDigits[byte >> 4U]);
      out.push_back(kDigits[byte & 0x0FU]);
    }
  }
  return out;
}

}  // namespace rind::tuf
