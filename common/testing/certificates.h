// A throwaway certificate authority for tests of mutual TLS, good and bad certificates alike.
//
// Promise: EC P-256 keys made on the spot; nothing is kept but the files asked for.
// Threading: one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/server.h"

namespace rind::testing {

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "test CA");
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  struct Leaf {
    std::vector<std::string> dns_names;
    std::vector<std::string> uris;
    absl::Duration starts = -absl::Hours(1);  // from now
    absl::Duration ends = absl::Hours(24);
    bool self_signed = false;
  };
  // Writes ca.pem, certificate.pem and key.pem into `folder`, which is made when missing.
  rpc::TlsFiles Issue(const std::string& folder, const Leaf& leaf) const;
  rpc::TlsFiles Issue(const std::string& folder, const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rind::testing
