// Project Wycheproof's vectors (SECURITY.md C-09). They are not part of this repository: the folder
// is $RIND_WYCHEPROOF, or ../shared/data/wycheproof; without it these tests are skipped.
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/crypto/public_key.h"

namespace rind {
namespace {

struct Case {
  std::string_view file;
  KeyScheme scheme;
  int tests;  // as many as the file is known to have: a vector that is not run is not passed
};

class Wycheproof : public ::testing::TestWithParam<Case> {};

StatusOr<PublicKey> KeyOf(KeyScheme scheme, const nlohmann::json& group) {
  if (scheme == KeyScheme::kEd25519) {
    return PublicKey::Create(scheme, group.at("publicKey").at("pk").get<std::string>());
  }
  return PublicKey::Create(scheme, group.at("publicKeyPem").get<std::string>());
}

TEST_P(Wycheproof, C09AgreesOnEveryVector) {
  const char* const folder = std::getenv("RIND_WYCHEPROOF");
  const std::string path =
      Cat(folder == nullptr ? "../shared/data/wycheproof" : folder, "/", GetParam().file);
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "no vectors at " << path;
  const nlohmann::json vectors = nlohmann::json::parse(file);
  int run = 0;
  int valid = 0;
  for (const auto& group : vectors.at("testGroups")) {
    const auto key = KeyOf(GetParam().scheme, group);
    for (const auto& test : group.at("tests")) {
      ++run;
      const auto message = FromHex(test.at("msg").get<std::string>());
      const auto signature = FromHex(test.at("sig").get<std::string>());
      ASSERT_TRUE(message.ok() && signature.ok());
      const bool accepted = key.ok() && key->Verify(*message, *signature).ok();
      const bool wanted = test.at("result") == "valid";
      valid += wanted ? 1 : 0;
      EXPECT_EQ(accepted, wanted) << GetParam().file << " tcId " << test.at("tcId") << ": "
                                  << test.at("comment") << " "
                                  << (key.ok() ? "" : MessageOf(key.status()));
    }
  }
  EXPECT_EQ(run, GetParam().tests);
  EXPECT_GT(valid, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Vectors, Wycheproof,
    ::testing::Values(Case{"ed25519_test.json", KeyScheme::kEd25519, 151},
                      Case{"ecdsa_secp256r1_sha256_test.json", KeyScheme::kEcdsaSha2Nistp256, 484},
                      Case{"rsa_pss_2048_sha256_mgf1_32_test.json", KeyScheme::kRsaPssSha256, 108},
                      Case{"rsa_pss_3072_sha256_mgf1_32_test.json", KeyScheme::kRsaPssSha256, 108},
                      Case{"rsa_pss_4096_sha256_mgf1_32_test.json", KeyScheme::kRsaPssSha256,
                           108}));

}  // namespace
}  // namespace rind
