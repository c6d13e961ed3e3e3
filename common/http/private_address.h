// Which socket addresses are not public.
//
// Threading: pure function.
#pragma once

struct sockaddr;

namespace rind::http {

// True for all but global unicast IPv4 and IPv6 addresses; true for other families.
bool IsPrivateSocketAddress(const sockaddr* address);

}  // namespace rind::http
