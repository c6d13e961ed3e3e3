#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"

namespace rind::evidence {
namespace {

using testing::HasSubstr;

std::vector<VouchedTarget> Leaves(std::size_t count) {
  std::vector<VouchedTarget> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back({*tuf::TargetPath::Parse(Cat("files/six/", 1000 + i)), i, Sha256(Cat(i))});
  }
  return leaves;
}

// RFC 6962 section 2.1 as it is written: the left part is the largest power of two below n.
Sha256Digest RecursiveRoot(std::span<const VouchedTarget> leaves) {
  if (leaves.empty()) return Sha256("");
  if (leaves.size() == 1) return LeafHash(leaves[0]);
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  return Sha256(Cat('\x01', RecursiveRoot(leaves.subspan(0, left)).Bytes(),
                    RecursiveRoot(leaves.subspan(left)).Bytes()));
}

TEST(Merkle, S06RootIsThatOfRfc6962AndEachPathLeadsToIt) {
  for (std::size_t count = 0; count < 40; ++count) {
    const auto leaves = Leaves(count);
    const MerkleTree tree(leaves);
    ASSERT_EQ(tree.root(), RecursiveRoot(leaves)) << count;
    ASSERT_EQ(MerkleRoot(leaves), tree.root());
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(CheckAuditPath(leaves[i], i, count, tree.Path(i), tree.root()).ok())
          << i << " of " << count;
    }
  }
}

TEST(Merkle, S06LeafIsWhatTheFormatSays) {
  const VouchedTarget target = {*tuf::TargetPath::Parse("files/six/a"), 5, Sha256("hello")};
  EXPECT_EQ(LeafHash(target), Sha256(Cat('\0', R"({"length":5,"path":"files/six/a","sha256":")",
                                         Sha256("hello").Hex(), "\"}")));
}

TEST(Merkle, S06RefusesEveryOtherLeafPlaceAndPath) {
  const auto leaves = Leaves(13);
  const MerkleTree tree(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto path = tree.Path(i);
    VouchedTarget changed = leaves[i];
    changed.length += 1;
    EXPECT_FALSE(CheckAuditPath(changed, i, 13, path, tree.root()).ok());
    for (std::size_t j = 0; j < 15; ++j) {
      if (j != i) {
        EXPECT_FALSE(CheckAuditPath(leaves[i], j, 13, path, tree.root()).ok()) << i << " as " << j;
      }
    }
    auto longer = path;
    longer.push_back(tree.root());
    EXPECT_FALSE(CheckAuditPath(leaves[i], i, 13, longer, tree.root()).ok());
    auto shorter = path;
    shorter.pop_back();
    EXPECT_FALSE(CheckAuditPath(leaves[i], i, 13, shorter, tree.root()).ok());
  }
}

class StatementKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(testing::TempDir(), "rind-statement-", ::getpid());
    ASSERT_TRUE(files_.MakeDirectories(folder_, 0700).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  std::string At(std::string_view name) const { return JoinPath(folder_, name); }

  LocalFileSystem files_;
  SystemRandom random_;
  StatementKey key_ = *StatementKey::Generate(random_);
  std::string folder_;
};

TEST_F(StatementKeyTest, SignsUnderAPrefixThatNoTufDocumentHas) {
  const std::string signature = key_.Sign("{}");
  EXPECT_TRUE(VerifyStatement(key_.public_key(), "{}", signature).ok());
  EXPECT_TRUE(key_.public_key().Verify("rind-statement-v1\n{}", signature).ok());
  EXPECT_FALSE(key_.public_key().Verify("{}", signature).ok());
  EXPECT_FALSE(VerifyStatement(key_.public_key(), "{ }", signature).ok());
  EXPECT_EQ(key_.key_id(), Sha256(key_.public_key().identity()).Hex());
}

TEST_F(StatementKeyTest, S12ComesBackFromItsFileWithAndWithoutAPassphrase) {
  std::string text = "open sesame";
  const SecretBytes passphrase = *SecretBytes::TakeFrom(text);
  ASSERT_TRUE(key_.Save(files_, At("sealed"), &passphrase, random_, sealing::Cost::Least()).ok());
  ASSERT_TRUE(key_.Save(files_, At("plain"), nullptr, random_).ok());
  EXPECT_EQ(StatementKey::Load(files_, At("sealed"), &passphrase)->key_id(), key_.key_id());
  EXPECT_EQ(StatementKey::Load(files_, At("plain"), nullptr)->key_id(), key_.key_id());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(StatementKey::Load(files_, At("sealed"), nullptr).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(key_.Save(files_, At("plain"), nullptr, random_)));
}

TEST_F(StatementKeyTest, S12RefusesAFileThatOthersCanRead) {
  ASSERT_TRUE(key_.Save(files_, At("key"), nullptr, random_).ok());
  ASSERT_TRUE(files_.Replace(At("key"), *files_.Read(At("key"), 1000), 0640).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(StatementKey::Load(files_, At("key"), nullptr).status()));
}

TEST_F(StatementKeyTest, PublicHalfHasAFileOfItsOwn) {
  ASSERT_TRUE(SavePublicKey(files_, At("evidence.pub"), key_.public_key()).ok());
  EXPECT_EQ(*files_.Read(At("evidence.pub"), 100), Cat(ToHex(key_.public_key().identity()), "\n"));
  EXPECT_EQ(*LoadPublicKey(files_, At("evidence.pub")), key_.public_key());
}

EvidenceStatement SomeEvidence() {
  return {.repository = "rind-test",
          .project = "six",
          .serial = 1234,
          .time = *ParseUtc("2026-11-22T17:00:00Z"),
          .count = 5,
          .targets_root = Sha256("x")};
}

TEST(Statements, EvidenceIsWhatTheFormatSaysAndComesBack) {
  const std::string canonical = Encode(SomeEvidence());
  EXPECT_EQ(canonical, Cat(R"({"_type":"rind-evidence","count":5,"project":"six",)",
                           R"("repository":"rind-test","serial":1234,"targets_root":")",
                           Sha256("x").Hex(), R"(","time":"2026-11-22T17:00:00Z"})"));
  EXPECT_EQ(*DecodeEvidence(canonical), SomeEvidence());
}

TEST(Statements, ReceiptsAndClaimsComeBack) {
  const ReceiptStatement receipt = {"rind-test", *tuf::RoleName::Parse("bin-3"),
                                    *tuf::Version::Create(7), Sha256("x"), 812};
  EXPECT_EQ(*DecodeReceipt(Encode(receipt)), receipt);
  SystemRandom random;
  const ClaimStatement claim = {.repository = "rind-test",
                                .project = "six",
                                .keys = {StatementKey::Generate(random)->public_key()},
                                .expires = *ParseUtc("2026-12-22T17:00:00Z")};
  EXPECT_EQ(*DecodeClaim(Encode(claim)), claim);
  EXPECT_FALSE(DecodeReceipt(Encode(claim)).ok()) << "one kind is never another";
}

TEST(Statements, P08RefusesWhatIsNotTheFormToTheByte) {
  const std::string good = Encode(SomeEvidence());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = good;
    const auto at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  struct Case {
    std::string_view name;
    std::string bytes;
    std::string_view says;
  };
  for (const Case& c : std::vector<Case>{
           {"white space", with(",\"", ", \""), "canonical"},
           {"another member", with("\"count\"", "\"arm\":1,\"count\""), "not its own"},
           {"no member", with("\"count\":5,", ""), "count"},
           {"a negative number", with(":5,", ":-5,"), "count"},
           {"a text for a number", with(":5,", ":\"5\","), "count"},
           {"null", with("\"six\"", "null"), "project"},
           {"a name that is not normalised", with("six", "Six"), "project"},
           {"a path for a name", with("six", "../six"), "project"},
           {"a time with an offset", with("00Z", "00+00:00"), "time"},
           {"a short digest", with(Sha256("x").Hex(), "abcd"), "targets_root"},
           {"another type", with("rind-evidence", "rind-receipt"), "wanted rind-evidence"},
           {"a huge number", with("1234", "99999999999999999999"), ""},
           {"no object", "[]", "object"},
           {"nothing", "", ""}}) {
    const auto status = DecodeEvidence(c.bytes).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << c.name << ": " << status;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(std::string(c.says))) << c.name;
  }
}

TEST(Statements, S08ClaimsNameEachKeyOnceAndAThresholdThatCanBeMet) {
  SystemRandom random;
  ClaimStatement claim = {.repository = "rind-test",
                          .project = "six",
                          .keys = {StatementKey::Generate(random)->public_key()},
                          .threshold = *tuf::Threshold::Create(2),
                          .expires = *ParseUtc("2026-12-22T17:00:00Z")};
  EXPECT_FALSE(DecodeClaim(Encode(claim)).ok()) << "2 of 1";
  claim.keys.push_back(claim.keys.front());
  EXPECT_FALSE(DecodeClaim(Encode(claim)).ok()) << "one key twice";
  claim.keys.clear();
  EXPECT_FALSE(DecodeClaim(Encode(claim)).ok()) << "no key";
}

}  // namespace
}  // namespace rind::evidence
