#include "common/http/private_address.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/http/client.h"

namespace rind::http {
namespace {

struct Block {
  std::uint32_t network;
  int bits;
};

// The IANA IPv4 special-purpose registry (RFC 6890 and later), multicast and reserved.
constexpr std::array<Block, 16> kBlocks = {{
    {0x00000000, 8},   // 0.0.0.0/8
    {0x0a000000, 8},   // 10.0.0.0/8
    {0x64400000, 10},  // 100.64.0.0/10, carriers' own
    {0x7f000000, 8},   // 127.0.0.0/8
    {0xa9fe0000, 16},  // 169.254.0.0/16, cloud metadata too
    {0xac100000, 12},  // 172.16.0.0/12
    {0xc0000000, 24},  // 192.0.0.0/24
    {0xc0000200, 24},  // 192.0.2.0/24
    {0xc0586300, 24},  // 192.88.99.0/24
    {0xc0a80000, 16},  // 192.168.0.0/16
    {0xc6120000, 15},  // 198.18.0.0/15
    {0xc6336400, 24},  // 198.51.100.0/24
    {0xcb007100, 24},  // 203.0.113.0/24
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
    {0xffffffff, 32},
}};

bool IsPrivateIpv4(std::uint32_t address) {
  return std::any_of(kBlocks.begin(), kBlocks.end(), [&](const Block& block) {
    return (address >> (32 - block.bits)) == (block.network >> (32 - block.bits));
  });
}

std::uint32_t Ipv4At(const std::array<std::uint8_t, 16>& a, std::size_t at) {
  return (std::uint32_t{a[at]} << 24U) | (std::uint32_t{a[at + 1]} << 16U) |
         (std::uint32_t{a[at + 2]} << 8U) | a[at + 3];
}

bool IsPrivateIpv6(const std::array<std::uint8_t, 16>& a) {
  const auto begins = [&](std::initializer_list<std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), a.begin());
  };
  // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address, which counts.
  if (begins({0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return IsPrivateIpv4(Ipv4At(a, 12));
  if (begins({0x20, 0x02})) return IsPrivateIpv4(Ipv4At(a, 2));
  // IPv4-mapped, as an IPv6 socket connects to it.
  if (begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return IsPrivateIpv4(Ipv4At(a, 12));
  // Only 2000::/3 is global unicast; of it, Teredo, ORCHID and documentation are not.
  if ((a[0] & 0xe0U) != 0x20U) return true;
  return begins({0x20, 0x01, 0x00, 0x00}) || begins({0x20, 0x01, 0x0d, 0xb8}) ||
         (begins({0x20, 0x01, 0x00}) && (a[3] & 0xe0U) == 0x20U) || begins({0x3f, 0xff});
}

}  // namespace

bool IsPrivateSocketAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return IsPrivateIpv4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IsPrivateIpv6(bytes);
  }
  return true;
}

bool IsPrivateAddress(std::string_view address) {
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return IsPrivateIpv4(ntohl(v4.s_addr));
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return IsPrivateIpv6(v6);
  return true;
}

}  // namespace rind::http
