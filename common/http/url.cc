#include <algorithm>
#include <cstddef>
#include <optional>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/http/client.h"

namespace rind::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 8192;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUnreserved(char c) {
  return IsLetter(c) || IsDigit(c) || c == '.' || c == '_' || c == '~' || c == '-';
}

Status Wrong(std::string_view text, std::string_view why) {
  return InvalidArgument(Cat("URL '", Printable(text), "': ", why));
}

std::string_view UsualPort(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

// Host and port of "host", "host:port", "[v6]:port".
Status ParseAuthority(std::string_view text, std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return Wrong(text, "has a user name; credentials belong into their own file");
  }
  std::size_t host_end = authority.find(':');
  if (!authority.empty() && authority[0] == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return Wrong(text, "the address has no ']'");
    const std::string_view inside = authority.substr(1, close - 1);
    if (inside.empty() || inside.find_first_not_of("0123456789abcdefABCDEF:.") != inside.npos) {
      return Wrong(text, "no IPv6 address between the brackets");
    }
    host_end = close + 1;
  } else {
    host_end = std::min(host_end, authority.size());
    const std::string_view host = authority.substr(0, host_end);
    if (host.empty() || !std::all_of(host.begin(), host.end(), IsUnreserved)) {
      return Wrong(text, "no valid host name");
    }
  }
  url.host = ToLower(authority.substr(0, host_end));
  url.port = UsualPort(url.scheme);
  if (host_end == authority.size()) return OkStatus();
  const auto port = ParseUnsigned(authority.substr(host_end + 1), 65535);
  if (authority[host_end] != ':' || !port || *port == 0) {
    return Wrong(text, "the port is no number from 1 to 65535");
  }
  url.port = Cat(*port);
  return OkStatus();
}

// RFC 3986 section 5.2.4, on the path without its query.
std::string RemoveDotSegments(std::string_view path) {
  std::vector<std::string> kept;
  const auto segments = Split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    if (segments[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segments[i] != ".") {
      kept.push_back(segments[i]);
      continue;
    }
    if (last) kept.emplace_back();
  }
  return Cat("/", Join(kept, "/"));
}

bool HasScheme(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  if (colon == std::string_view::npos || colon == 0 || !IsLetter(reference[0])) return false;
  return std::all_of(
      reference.begin(), reference.begin() + static_cast<std::ptrdiff_t>(colon),
      [](char c) { return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.'; });
}

// Pages in the wild hold spaces and UTF-8 in links: escaped, as browsers do. Controls stay wrong.
StatusOr<std::string> EscapeLoose(std::string_view reference) {
  std::string out;
  for (const char c : reference) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Wrong(reference, "has a control character");
    if (byte == ' ' || byte > 0x7f || c == '"' || c == '<' || c == '>' || c == '\\') {
      out += PercentEncode(std::string_view(&c, 1));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string Url::Text() const {
  if (port == UsualPort(scheme)) return Cat(scheme, "://", host, path);
  return Cat(Origin(), path);
}

std::string Url::Origin() const { return Cat(scheme, "://", host, ":", port); }

StatusOr<Url> ParseUrl(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return Wrong(text, Cat("longer than ", kMaxUrlBytes, " bytes"));
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>') {
      return Wrong(text, "has a byte that must be percent-encoded");
    }
  }
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return Wrong(text, "wanted http:// or https://");
  Url url;
  url.scheme = ToLower(text.substr(0, scheme_end));
  if (url.scheme != "http" && url.scheme != "https") {
    return Wrong(text, "wanted http:// or https://");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  RIND_RETURN_IF_ERROR(ParseAuthority(text, rest.substr(0, path), url));
  url.path = rest.substr(path);
  if (url.path.empty() || url.path[0] == '?') url.path.insert(0, "/");
  return url;
}

StatusOr<Url> ResolveUrl(const Url& base, std::string_view reference) {
  RIND_ASSIGN_OR_RETURN(const std::string escaped, EscapeLoose(Trim(reference)));
  std::string_view rest = escaped;
  rest = rest.substr(0, rest.find('#'));
  if (HasScheme(rest)) return ParseUrl(rest);
  if (rest.starts_with("//")) return ParseUrl(Cat(base.scheme, ":", rest));

  Url url = base;
  const std::string_view base_path = std::string_view(base.path).substr(0, base.path.find('?'));
  if (rest.empty()) return url;
  if (rest[0] == '?') {
    url.path = Cat(base_path, rest);
    return url;
  }
  const std::size_t query = std::min(rest.find('?'), rest.size());
  const std::string_view path = rest.substr(0, query);
  const std::string merged = path[0] == '/'
                                 ? std::string(path)
                                 : Cat(base_path.substr(0, base_path.find_last_of('/') + 1), path);
  url.path = Cat(RemoveDotSegments(merged), rest.substr(query));
  if (url.path.size() > kMaxUrlBytes) return Wrong(reference, "too long");
  return url;
}

StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto byte = FromHex(ToLower(text.substr(i + 1, 2)));
      if (!byte.ok() || byte->size() != 1) {
        return InvalidArgument(Cat("'", Printable(text), "': % without two hexadecimal digits"));
      }
      c = (*byte)[0];
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return InvalidArgument(Cat("'", Printable(text), "': a control character"));
    }
    out.push_back(c);
  }
  return out;
}

std::string PercentEncode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c) || keep.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
  return out;
}

}  // namespace rind::http
