// A peer on loopback that says exactly what a test wants, well-formed or not.
//
// Threading: the script runs on a thread of its own, once per connection, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rind::http {

// Sends all of `bytes`; false when the other side is gone.
inline bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Reads until `end` was seen or the other side is gone; bounded by ten seconds.
inline std::string ReadUntil(int socket, std::string_view end) {
  std::string text;
  char piece[4096];
  while (text.find(end) == std::string::npos) {
    pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10'000) <= 0) break;
    const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return text;
}

// Everything until the other side closes, or says nothing for ten seconds.
inline std::string ReadAll(int socket) {
  std::string text;
  std::string piece(1U << 18U, '\0');
  while (true) {
    pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10'000) <= 0) return text;
    const ssize_t got = ::recv(socket, piece.data(), piece.size(), 0);
    if (got <= 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
}

inline int ConnectTo(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    return -1;
  }
  return socket;
}

class RawPeer {
 public:
  // `script` gets the connection after the request's headers were read; it is closed after it.
  explicit RawPeer(std::function<void(int socket, const std::string& request)> script)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), script_(std::move(script)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        ::listen(listener_, 16) == 0 &&
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      port_ = ntohs(address.sin_port);
    }
    thread_ = std::thread([this] { Serve(); });
  }
  ~RawPeer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(listener_);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  void Serve() {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      script_(socket, ReadUntil(socket, "\r\n\r\n"));
      ::close(socket);
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::function<void(int, const std::string&)> script_;
  std::thread thread_;
};

}  // namespace rind::http
