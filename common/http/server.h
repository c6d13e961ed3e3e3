// A small HTTP/1.1 server: GET and HEAD, keep-alive, one handler.
//
// Promise: the parser is Boost.Beast's (docs/adr/). Listens where it is told, bounds header size,
// idle time, body (none is taken) and connections; a request that asks for anything but GET or HEAD
// gets 405, a second request before the first was answered (pipelining) 400, a connection too many
// 503. A handler's reason phrase reaches the client: it is all that pip shows.
// Threading: the handler is called from many threads, each request from one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace rind::http {

struct ServerRequest {
  std::string method;  // GET or HEAD
  std::string target;  // path with query, as sent
  std::string accept;
  std::string accept_encoding;
  std::string if_none_match;
  std::string range;
  std::string user_agent;
  std::string peer;  // address of the client
};

// Where a handler writes. Either Send() once, or Begin(), Write()... and Finish(); dropping it
// without Finish() closes the connection before the announced end, so the client sees a broken
// transfer and never a complete one.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  using Headers = std::vector<std::pair<std::string, std::string>>;
  // A whole response. `reason` empty: the usual phrase of the status.
  virtual Status Send(int status, std::string_view reason, const Headers& headers,
                      std::string_view body) = 0;
  virtual Status Begin(int status, std::string_view reason, const Headers& headers,
                       std::uint64_t content_length) = 0;
  virtual Status Write(std::string_view piece) = 0;
  virtual Status Finish() = 0;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // or a name: in a container, the name on one of its networks
  std::uint16_t port = 0;             // 0: one that is free
  int threads = 16;                   // handlers at a time
  int max_connections = 256;
  // A peer that neither sends nor takes bytes for this long is dropped.
  absl::Duration idle_timeout = absl::Seconds(30);
  std::uint32_t max_header_bytes = 16 * 1024;
};

class Server {
 public:
  using Handler = std::function<void(const ServerRequest&, ResponseWriter&)>;
  // Listens and serves until Stop() or destruction.
  static StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Handler handler);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Takes no more connections and waits, at most `grace`, for requests that are being answered;
  // then cuts them off and returns when their handlers have returned.
  virtual void Stop(absl::Duration grace) = 0;
};

}  // namespace rind::http
