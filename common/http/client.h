// GET over HTTP(S), bounded in every direction.
//
// Promise: no redirect is followed by itself, no environment variable, cookie or .netrc is read, no
// protocol but http and https; every transfer has a byte limit, a deadline and a least speed. A
// body goes to a sink piece by piece; a header that lies about the length can't pass the limit.
// Errors: Unavailable (no connection, reset, 5xx), DeadlineExceeded, ResourceExhausted (over the
// limit), DataLoss (the body ended before its announced length), Cancelled. Any other HTTP status
// is a value. Threading: Client is thread-safe; it keeps connections alive between calls.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::http {

struct ClientOptions {
  std::string user_agent = "rind/0.1";
  std::string ca_file = {};  // PEM; empty: the system's
  std::string proxy = {};    // "http://host:port"; empty: none
  bool keep_connections = true;
  absl::Duration connect_timeout = absl::Seconds(10);
  // Refuses, at connect, every address that is not public: loopback, private, link-local and such,
  // also as IPv4 in IPv6 (SECURITY.md Y-01). It is the address that is connected to that is
  // checked, so a name that resolves differently the second time is no way around it. With a proxy
  // the proxy's address is not checked, and the proxy has to.
  bool refuse_private_addresses = false;
  // A transfer that is slower than this for `slow_for` is ended (SECURITY.md C-12).
  std::uint64_t least_bytes_per_second = 1024;
  absl::Duration slow_for = absl::Seconds(30);  // whole seconds
};

struct Request {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // "user:password" for Basic authentication, sent only to the host of `url`; null: none.
  const SecretBytes* credentials = nullptr;
  std::uint64_t max_bytes = 0;                 // of the body; required
  absl::Duration timeout = absl::Seconds(60);  // for the whole transfer
  bool accept_compressed = false;              // gzip of JSON and HTML; the limit counts after it
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names lowered; the last of equal ones
  // Empty when a sink took it; of an answer other than 2xx at most the first 16 KiB.
  std::string body;
};

class Client {
 public:
  static StatusOr<Client> Create(const ClientOptions& options);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  StatusOr<Response> Get(const Request& request);
  // Pieces of a 2xx's body go to `sink`; an error of the sink ends the transfer and is returned.
  StatusOr<Response> GetTo(const Request& request,
                           const std::function<Status(std::string_view)>& sink);
  // Ends what is running within a second, and all that is asked for later, with Cancelled.
  void Cancel();

 private:
  struct Pool;
  explicit Client(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

// What a Retry-After header (RFC 9110 section 10.2.3, in seconds) of a 5xx answer asked for, from
// the Unavailable that it became; nothing without one.
std::optional<absl::Duration> RetryAfterOf(const Status& status);

// True for an IP address in text form that only a site or a machine of its own can mean: all that
// is not global unicast, and IPv4 of that kind inside IPv6. True for any other text.
bool IsPrivateAddress(std::string_view address);

// The parts of an absolute http(s) URL.
struct Url {
  std::string scheme, host;    // lower-case; an IPv6 address keeps its brackets
  std::string port;            // always there
  std::string path;            // begins with "/", with query, without fragment
  std::string Text() const;    // without the scheme's usual port
  std::string Origin() const;  // "https://host:port"
};
// InvalidArgument with what is wrong: another scheme, a user name, bytes that must be escaped.
StatusOr<Url> ParseUrl(std::string_view text);
// `reference` as found in a page at `base` (RFC 3986 section 5); no fragment.
StatusOr<Url> ResolveUrl(const Url& base, std::string_view reference);
// "%2B" is "+"; InvalidArgument for broken escapes and control characters.
StatusOr<std::string> PercentDecode(std::string_view text);
// Everything outside of [A-Za-z0-9._~-] and `keep` escaped.
std::string PercentEncode(std::string_view text, std::string_view keep = "");

}  // namespace rind::http
