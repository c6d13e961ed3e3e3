#include "common/tuf/verify/verify.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kText = "{\"a\":1}";

// A key on P-256, which can be spelled in more ways than one.
class EcKey {
 public:
  EcKey() : key_(EVP_EC_gen("P-256")) {}
  std::string Pem() const {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(bio.get(), key_.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  std::string Sign(std::string_view message) const {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()), 1);
    std::string signature(1024, '\0');
    std::size_t size = signature.size();
    EXPECT_EQ(
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()),
        1);
    signature.resize(size);
    return signature;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
};

// VerifyThreshold() judges bytes; a statement key signs these.
class VerifyThresholdTest : public ::testing::Test {
 protected:
  const std::string document_ = evidence::StatementMessage(kText);

  // A key of the role, listed under `id`; the same `which` is the same key.
  KeyId List(std::string_view id, std::size_t which) {
    while (keys_.size() <= which) keys_.push_back(*evidence::StatementKey::Generate(random_));
    KeyId key_id = Id(id);
    map_.insert_or_assign(key_id, Key::Of(keys_[which].public_key()));
    role_.key_ids.push_back(key_id);
    return key_id;
  }
  static KeyId Id(std::string_view id) { return *KeyId::Parse(id); }
  Signature By(std::string_view id, std::size_t which) const {
    return {Id(id), keys_[which].Sign(kText)};
  }
  void Want(std::int64_t threshold) { role_.threshold = *Threshold::Create(threshold); }
  Status Verify(const std::vector<Signature>& signatures) const {
    return VerifyThreshold(TopLevelRole::kTargets, role_, map_, document_, signatures);
  }
  void ExpectFound(int found, const std::vector<Signature>& signatures) const {
    const Status status = Verify(signatures);
    EXPECT_EQ(RejectionOf(status), Rejection::kUnsigned) << status;
    EXPECT_THAT(std::string(MessageOf(status)),
                HasSubstr(Cat("targets: wants ", role_.threshold.value(), " of ",
                              role_.key_ids.size(), " keys, found valid signatures of ", found)));
  }

  SystemRandom random_;
  std::vector<evidence::StatementKey> keys_;
  KeyMap map_;
  RoleKeys role_ = {{}, *Threshold::Create(1)};
};

TEST_F(VerifyThresholdTest, C02DistinctKeysEachCountOnce) {
  List("a", 0);
  List("b", 1);
  List("c", 2);
  Want(2);
  EXPECT_TRUE(Verify({By("a", 0), By("b", 1)}).ok());
  EXPECT_TRUE(Verify({By("c", 2), By("b", 1)}).ok()) << "the order is nobody's";
  EXPECT_TRUE(Verify({By("c", 2), By("b", 1), By("a", 0)}).ok());
  ExpectFound(1, {By("b", 1)});
  ExpectFound(0, {});
}

// go-tuf: one public key under several key ids met a threshold alone (SECURITY.md, advisory 11).
TEST_F(VerifyThresholdTest, C02OneKeyUnderTwoIdsCountsOnce) {
  List("a", 0);
  List("b", 0);
  Want(2);
  ExpectFound(1, {By("a", 0), By("b", 0)});
  List("c", 1);
  ExpectFound(1, {By("a", 0), By("b", 0)});
  EXPECT_TRUE(Verify({By("a", 0), By("b", 0), By("c", 1)}).ok());
  EXPECT_TRUE(Verify({By("b", 0), By("c", 1)}).ok()) << "either id stands for the key";
}

// The same, where each id names it in a spelling of its own.
TEST_F(VerifyThresholdTest, C02TwoSpellingsOfOneKeyCountOnce) {
  const EcKey key;
  for (const auto& [id, pem] : {std::pair("a", key.Pem()), std::pair("b", key.Pem() + "\n\n")}) {
    const auto spelled = PublicKey::Create(KeyScheme::kEcdsaSha2Nistp256, pem);
    ASSERT_TRUE(spelled.ok()) << spelled.status();
    map_.insert_or_assign(Id(id), Key::Of(*spelled));
    role_.key_ids.push_back(Id(id));
  }
  const std::vector<Signature> both = {{Id("a"), key.Sign(document_)},
                                       {Id("b"), key.Sign(document_)}};
  ASSERT_NE(both[0].bytes, both[1].bytes) << "ECDSA: the signatures differ too";
  EXPECT_TRUE(Verify(both).ok());
  Want(2);
  ExpectFound(1, both);
}

// python-tuf and tough: many signatures by one key met a threshold (CVE-2020-6174, CVE-2020-15093).
TEST_F(VerifyThresholdTest, C02ManySignaturesByOneKeyIdCountOnce) {
  List("a", 0);
  List("b", 1);
  Want(2);
  ExpectFound(1, {By("a", 0), By("a", 0), By("a", 0)});
  EXPECT_TRUE(Verify({By("a", 0), By("a", 0), By("b", 1)}).ok());
}

// tough 0.20: a role that lists one key id twice. Our decoder refuses it; this must not need that.
TEST_F(VerifyThresholdTest, C02AKeyIdThatARoleListsTwiceCountsOnce) {
  List("a", 0);
  List("a", 0);
  Want(2);
  ExpectFound(1, {By("a", 0)});
}

TEST_F(VerifyThresholdTest, C02AKeyThatIsNotTheRolesDoesNotCount) {
  List("a", 0);
  List("b", 1);
  role_.key_ids.pop_back();  // known to the document, and another role's
  ExpectFound(0, {By("b", 1)});
  EXPECT_TRUE(Verify({By("b", 1), By("a", 0)}).ok()) << "and is not in the way of one that is";
  Want(2);
  ExpectFound(1, {By("a", 0), By("b", 1)});
}

TEST_F(VerifyThresholdTest, C02AnIdWithoutAKeyDoesNotCount) {
  List("a", 0);
  List("b", 1);
  Want(2);
  map_.erase(Id("b"));
  ExpectFound(1, {By("a", 0), By("b", 1)});
}

TEST_F(VerifyThresholdTest, C09AKeyOfAnUnknownSchemeDoesNotCount) {
  List("a", 0);
  List("b", 1);
  Want(2);
  map_.at(Id("b")).verifier.reset();
  ExpectFound(1, {By("a", 0), By("b", 1)});
}

TEST_F(VerifyThresholdTest, C02OnlyAKeysOwnSignatureOfTheseBytesCounts) {
  List("a", 0);
  List("b", 1);
  ExpectFound(0, {By("a", 1)});  // by b, said to be a's
  ExpectFound(0, {{Id("a"), keys_[0].Sign("{\"a\":2}")}});
  ExpectFound(0, {{Id("a"), ""}});
  ExpectFound(0, {{Id("a"), By("a", 0).bytes + "x"}});
  for (std::size_t i = 0; i < By("a", 0).bytes.size(); ++i) {
    Signature flipped = By("a", 0);
    flipped.bytes[i] = static_cast<char>(flipped.bytes[i] ^ 1);
    ExpectFound(0, {flipped});
  }
  // A bad signature takes nothing from a good one by another key.
  EXPECT_TRUE(Verify({{Id("a"), "bad"}, By("b", 1)}).ok());
}

TEST_F(VerifyThresholdTest, C02AThresholdAboveTheKeysIsNeverMet) {
  List("a", 0);
  Want(2);
  ExpectFound(1, {By("a", 0)});
}

}  // namespace
}  // namespace rind::tuf
