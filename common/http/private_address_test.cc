#include "common/http/private_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/http/client.h"

namespace rind::http {
namespace {

TEST(PrivateAddress, Y01KnowsWhatIsNotPublic) {
  for (const std::string_view address : {"127.0.0.1",
                                         "127.255.255.254",
                                         "0.0.0.0",
                                         "10.1.2.3",
                                         "100.64.0.1",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.168.1.1",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "198.18.0.1",
                                         "198.51.100.1",
                                         "203.0.113.9",
                                         "224.0.0.1",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:169.254.169.254",
                                         "::127.0.0.1",
                                         "fe80::1",
                                         "fc00::1",
                                         "fd00:ec2::254",
                                         "ff02::1",
                                         "64:ff9b::7f00:1",
                                         "2002:7f00:1::",
                                         "2002:a00:1::1",
                                         "2001:db8::1",
                                         "2001::1",
                                         "fec0::1",
                                         "100::1",
                                         "4000::1",
                                         "localhost",
                                         ""}) {
    EXPECT_TRUE(IsPrivateAddress(address)) << address;
  }
  for (const std::string_view address :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
        "192.167.1.1", "223.255.255.255", "2606:4700::1", "2a04:4e42::223", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_FALSE(IsPrivateAddress(address)) << address;
  }
}

TEST(PrivateAddress, Y01ARefusingClientConnectsToNoneHoweverItIsSpelt) {
  Client client = *Client::Create({.refuse_private_addresses = true});
  // Nothing is asked over the network: each is refused before a socket is made.
  for (const std::string_view host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]",
        "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0"}) {
    const auto response = client.Get({.url = Cat("http://", host, ":9/"), .max_bytes = 10});
    EXPECT_TRUE(absl::IsPermissionDenied(response.status()) ||
                absl::IsInvalidArgument(response.status()))
        << host << ": " << response.status();
  }
}

}  // namespace
}  // namespace rind::http
