#include "services/gateway/settings.h"

#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/http/client.h"
#include "common/tuf/json/strict_parse.h"
#include "common/tuf/model/limits.h"

namespace rind::gateway {
namespace {

constexpr std::uint64_t kMaxSettingsBytes = 64UL * 1024;

struct Listen {
  std::string address;
  std::uint16_t port;
};

// "127.0.0.1:8080", "[::1]:8080".
std::optional<Listen> ParseListen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto port = ParseUnsigned(text.substr(colon + 1), 65535);
  std::string_view address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (!port) return std::nullopt;
  return Listen{std::string(address), static_cast<std::uint16_t>(*port)};
}

bool IsLoopback(std::string_view address) {
  return address == "::1" ||
         (address.starts_with("127.") && address.find_first_not_of("0123456789.") == address.npos);
}

StatusOr<std::string> TextMember(tuf::JsonValue object, std::string_view name) {
  const auto value = object.Find(name);
  if (!value || value->kind() != tuf::JsonKind::kString || value->Text().empty()) {
    return InvalidArgument(Cat(name, ": missing or no string"));
  }
  return std::string(value->Text());
}

StatusOr<Bundle> ParseBundle(std::string_view text) {
  RIND_ASSIGN_OR_RETURN(const auto document,
                        tuf::JsonDocument::Parse(text, tuf::ControlCharacters::kRefused));
  const tuf::JsonValue object = document.root();
  if (object.kind() != tuf::JsonKind::kObject) return InvalidArgument("no JSON object");
  Bundle bundle;
  RIND_ASSIGN_OR_RETURN(bundle.mirror, TextMember(object, "mirror"));
  RIND_ASSIGN_OR_RETURN(bundle.repository, TextMember(object, "repository"));
  RIND_ASSIGN_OR_RETURN(bundle.root_sha256, TextMember(object, "root_sha256"));
  return bundle;
}

}  // namespace

std::string Settings::HostInUrl() const {
  return address.find(':') == std::string::npos ? address : Cat("[", address, "]");
}

StatusOr<Settings> ReadSettings(runtime::Config& config) {
  Settings settings;
  const std::string listen = config.StringOr("gateway.listen", "127.0.0.1:8080");
  settings.bundle = config.Path("gateway.bundle");
  settings.mirror = config.StringOr("gateway.mirror", "");
  settings.public_url = config.StringOr("gateway.public_url", "");
  settings.ca_file = config.PathOr("gateway.ca_file", "");
  const bool others = config.BoolOr("gateway.allow_other_addresses", false);
  settings.refresh = config.DurationOr("gateway.refresh", absl::Seconds(60));
  settings.cache = config.Path("cache.directory");
  settings.cache_bytes = static_cast<std::uint64_t>(
      config.IntegerOr("cache.max_bytes", 1 << 20, std::int64_t{1} << 50, 10LL << 30));

  const auto parsed = ParseListen(listen);
  if (!parsed) {
    config.Problem("gateway.listen", Cat("'", Printable(listen), "', wanted ADDRESS:PORT"));
  } else {
    settings.address = parsed->address;
    settings.port = parsed->port;
    if (!others && !IsLoopback(parsed->address)) {
      config.Problem("gateway.listen",
                     Cat(Printable(listen),
                         " is not on this machine alone; whoever reaches it is "
                         "served; set gateway.allow_other_addresses = true if that is meant"));
    }
  }
  for (const auto& [key, text] : {std::pair("gateway.mirror", settings.mirror),
                                  std::pair("gateway.public_url", settings.public_url)}) {
    if (text.empty()) continue;
    const auto url = http::ParseUrl(text);
    if (!url.ok()) config.Problem(key, MessageOf(url.status()));
  }
  if (settings.refresh < absl::Seconds(1) || settings.refresh > absl::Hours(24)) {
    config.Problem("gateway.refresh", "wanted 1s to 24h");
  }
  RIND_RETURN_IF_ERROR(config.Finish());
  return settings;
}

Status AskHealth(runtime::Config& config) {
  const std::string listen = config.StringOr("gateway.listen", "127.0.0.1:8080");
  const auto parsed = ParseListen(listen);
  if (!parsed) return InvalidArgument(Cat("gateway.listen: wanted ADDRESS:PORT, found ", listen));
  Settings settings;
  // "Every address" is asked for at this machine's own.
  settings.address = parsed->address == "0.0.0.0" ? "127.0.0.1"
                     : parsed->address == "::"    ? "::1"
                                                  : parsed->address;
  RIND_ASSIGN_OR_RETURN(http::Client client, http::Client::Create({}));
  RIND_ASSIGN_OR_RETURN(
      const http::Response response,
      client.Get({.url = Cat("http://", settings.HostInUrl(), ":", parsed->port, "/-/health"),
                  .max_bytes = 64UL * 1024,
                  .timeout = absl::Seconds(5)}));
  if (response.status == 200) return OkStatus();
  return Unavailable(Cat("gateway: answered ", response.status, ": ", Printable(response.body)));
}

StatusOr<Bundle> LoadBundle(const FileReader& files, const std::string& folder) {
  const std::string path = JoinPath(folder, "settings.json");
  const auto text = files.Read(path, kMaxSettingsBytes);
  if (!text.ok()) {
    return FailedPrecondition(
        Cat("client bundle: ", MessageOf(text.status()),
            "; `rind create` makes it; copy it here from where you trust it"));
  }
  auto bundle = ParseBundle(*text);
  if (!bundle.ok()) return Annotate(bundle.status(), path);
  auto root = files.Read(JoinPath(folder, "root.json"), tuf::Limits().root_bytes);
  if (!root.ok()) {
    return FailedPrecondition(Cat("client bundle: ", MessageOf(root.status())));
  }
  bundle->root = *std::move(root);
  const std::string found = Sha256(bundle->root).Hex();
  if (found != bundle->root_sha256) {
    return FailedPrecondition(Cat("client bundle ", folder,
                                  ": settings.json wants a root of sha256 ",
                                  Printable(bundle->root_sha256), ", root.json has ", found,
                                  "; get the bundle anew from where you trust it"));
  }
  return bundle;
}

}  // namespace rind::gateway
