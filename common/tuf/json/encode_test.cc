#include "common/tuf/json/encode.h"

#include <random>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/sample_documents.h"

namespace rind::tuf {
namespace {

TEST(Encode, DocsFormatsMetadataFixesTheBytes) {
  Timestamp timestamp;
  timestamp.header = SampleHeader();
  timestamp.snapshot.version = *Version::Create(7);
  timestamp.snapshot.length = 12;
  timestamp.snapshot.hashes = Hashes::OfSha256(Sha256("x"));
  const std::string canonical = EncodeCanonical(timestamp);
  EXPECT_EQ(canonical,
            Cat(R"({"_type":"timestamp","expires":"2027-01-01T00:00:00Z","meta":{"snapshot.json":)",
                R"({"hashes":{"sha256":")", Sha256("x").Hex(), R"("},"length":12,"version":7}},)",
                R"("spec_version":"1.0.34","version":3})"));
  EXPECT_EQ(EncodeEnvelope("{}", {{*KeyId::Parse("b"), "\x01"}, {*KeyId::Parse("a"), "\xFF"}}),
            R"({"signatures":[{"keyid":"a","sig":"ff"},{"keyid":"b","sig":"01"}],"signed":{}})");
  EXPECT_EQ(EncodeEnvelope("{\"a\":\"b\nc\"}", {}),
            R"({"signatures":[],"signed":{"a":"b\u000ac"}})");
}

template <typename Document>
void ExpectRoundTrip(const Document& document,
                     StatusOr<SignedDocument<Document>> (*decode)(std::string_view),
                     StatusOr<Document> (*decode_canonical)(std::string_view)) {
  const std::string canonical = EncodeCanonical(document);
  EXPECT_TRUE(CheckCanonical(canonical).ok()) << canonical;
  const auto bare = decode_canonical(canonical);
  ASSERT_TRUE(bare.ok()) << MessageOf(bare.status());
  EXPECT_EQ(*bare, document);
  const std::vector<Signature> signatures = {{*KeyId::Parse("k"), "sig"}};
  const auto signed_document = decode(EncodeEnvelope(canonical, signatures));
  ASSERT_TRUE(signed_document.ok()) << MessageOf(signed_document.status());
  EXPECT_EQ(signed_document->document, document);
  EXPECT_EQ(signed_document->canonical, canonical);
  EXPECT_EQ(signed_document->signatures, signatures);
}

TEST(Encode, EveryDocumentComesBackFromItsBytes) {
  ExpectRoundTrip(SampleRoot(), &DecodeRoot, &DecodeCanonicalRoot);
  ExpectRoundTrip(SampleTimestamp(), &DecodeTimestamp, &DecodeCanonicalTimestamp);
  ExpectRoundTrip(SampleSnapshot(), &DecodeSnapshot, &DecodeCanonicalSnapshot);
  ExpectRoundTrip(SampleTargets(), &DecodeTargets, &DecodeCanonicalTargets);
  ExpectRoundTrip(SampleBins(), &DecodeTargets, &DecodeCanonicalTargets);
}

TEST(Encode, SnapshotsSortByFileName) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Snapshot snapshot;
    snapshot.header = SampleHeader();
    snapshot.roles[RoleName(TopLevelRole::kTargets)] = {};
    for (int i = 0; i < 12; ++i) {
      std::string name;
      constexpr std::string_view kAlphabet = "a-.j/";
      for (std::size_t n = 1 + random() % 4; n > 0; --n) {
        name.push_back(kAlphabet[random() % kAlphabet.size()]);
      }
      snapshot.roles[*RoleName::Parse(name)] = {};
      snapshot.roles[*RoleName::Parse(name + ".json")] = {};
    }
    const std::string canonical = EncodeCanonical(snapshot);
    ASSERT_TRUE(CheckCanonical(canonical).ok()) << canonical;
    ASSERT_EQ(*DecodeCanonicalSnapshot(canonical), snapshot);
  }
}

TEST(Encode, KeysInPemKeepTheirLineEnds) {
  Root root = SampleRoot();
  for (auto& [id, key] : root.keys) {
    key = {"rsa", "rsassa-pss-sha256", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END", std::nullopt};
  }
  ExpectRoundTrip(root, &DecodeRoot, &DecodeCanonicalRoot);
}

}  // namespace
}  // namespace rind::tuf
