#include "common/tuf/json/decode.h"

#include <string>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"
#include "common/tuf/json/encode.h"
#include "common/tuf/json/sample_documents.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {
namespace {

// `text` with its first `from` replaced; the test fails when there is none.
std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

template <typename Document>
std::string File(const Document& document) {
  return EncodeEnvelope(EncodeCanonical(document), {});
}

TEST(Decode, P05SignedPartsOfSignersMustBeCanonical) {
  const std::string canonical = EncodeCanonical(SampleTargets());
  EXPECT_TRUE(DecodeCanonicalTargets(canonical).ok());
  for (const std::string& wrong :
       {canonical + "\n", " " + canonical, Replaced(canonical, ":", ": "),
        Replaced(canonical, "\"simple/six/index.html", "\"\\u0073imple/six/index.html")}) {
    EXPECT_EQ(RejectionOf(DecodeCanonicalTargets(wrong).status()), Rejection::kMalformed) << wrong;
  }
}

TEST(Decode, P07UnknownMembersStayInTheCanonicalBytesAndMeanNothing) {
  std::string bytes = File(SampleTargets());
  bytes = Replaced(bytes, "\"expires\"", "\"x-new\" : {\"z\":1, \"a\":[null]}, \"expires\"");
  bytes = Replaced(bytes, "{\"signatures\"", "{\"x-envelope\":1,\"signatures\"");
  const auto decoded = DecodeTargets(bytes);
  ASSERT_TRUE(decoded.ok()) << MessageOf(decoded.status());
  EXPECT_EQ(decoded->document, SampleTargets());
  EXPECT_NE(decoded->canonical.find(R"("x-new":{"a":[null],"z":1}})"), std::string::npos)
      << decoded->canonical;
  EXPECT_EQ(decoded->canonical.find("x-envelope"), std::string::npos);
}

TEST(Decode, IndentedFilesHaveTheSameCanonicalBytes) {
  std::string indented;
  for (const char c : File(SampleRoot())) {
    indented += c;
    if (c == ',' || c == '{' || c == '[') indented += "\n  ";
  }
  const auto decoded = DecodeRoot(indented);
  ASSERT_TRUE(decoded.ok()) << MessageOf(decoded.status());
  EXPECT_EQ(decoded->canonical, EncodeCanonical(SampleRoot()));
}

TEST(Decode, RefusesADocumentOfAnotherRoleOrSpecification) {
  EXPECT_FALSE(DecodeRoot(File(SampleTargets())).ok());
  EXPECT_FALSE(DecodeSnapshot(File(SampleTimestamp())).ok());
  const std::string good = File(SampleTimestamp());
  for (const char* version : {"1.0", "1.0.0", "1.99.7"}) {
    EXPECT_TRUE(DecodeTimestamp(Replaced(good, "1.0.34", version)).ok()) << version;
  }
  for (const char* version :
       {"2.0.0", "1", "1.", "1.0.", "1.0.0.0", "01.0", "1.x", "", "1.0.34 "}) {
    EXPECT_FALSE(DecodeTimestamp(Replaced(good, "1.0.34", version)).ok()) << version;
  }
}

TEST(Decode, C13ExpiresHasOneForm) {
  const std::string good = File(SampleTimestamp());
  for (const char* wrong : {"2027-01-01T00:00:00+00:00", "2027-01-01T00:00:00.0Z",
                            "2027-01-01 00:00:00Z", "2027-01-01T00:00:60Z", "2027-02-30T00:00:00Z",
                            "2027-13-01T00:00:00Z", "10000-01-01T00:00:00Z", "2027-1-1T00:00:00Z",
                            "2027-01-01T24:00:00Z", "2027-01-01", "0000-01-01T00:00:00Z"}) {
    EXPECT_FALSE(DecodeTimestamp(Replaced(good, "2027-01-01T00:00:00Z", wrong)).ok()) << wrong;
  }
  EXPECT_TRUE(DecodeTimestamp(Replaced(good, "2027-01-01", "9999-12-31")).ok());
}

TEST(Decode, C02ThresholdsAndKeyIdsOfRolesAreBounded) {
  const std::string good = File(SampleRoot());
  for (const char* wrong : {"-1", "0", "2", "9223372036854775807", "1.0"}) {
    EXPECT_FALSE(DecodeRoot(Replaced(good, "\"threshold\":1", Cat("\"threshold\":", wrong))).ok())
        << wrong;
  }
  const std::string id = KeyId::Of(SampleKey()).text();
  EXPECT_FALSE(DecodeRoot(Replaced(good, Cat("\"keyids\":[\"", id, "\"]"),
                                   Cat("\"keyids\":[\"", id, "\",\"", id, "\"]")))
                   .ok());
  // A key id that no key has is allowed; it never counts.
  EXPECT_TRUE(DecodeRoot(Replaced(good, Cat("\"keyids\":[\"", id, "\"]"),
                                  Cat("\"keyids\":[\"", id, "\",\"unknown\"]")))
                  .ok());
}

TEST(Decode, C02SignaturesAreAtMost64AndOnePerKeyId) {
  const std::string canonical = EncodeCanonical(SampleTimestamp());
  std::vector<Signature> signatures;
  for (int i = 0; i < 64; ++i) signatures.push_back({*KeyId::Parse(Cat("k", i)), "s"});
  EXPECT_TRUE(DecodeTimestamp(EncodeEnvelope(canonical, signatures)).ok());
  signatures.push_back({*KeyId::Parse("one more"), "s"});
  EXPECT_FALSE(DecodeTimestamp(EncodeEnvelope(canonical, signatures)).ok());
  EXPECT_FALSE(DecodeTimestamp(EncodeEnvelope(canonical, {signatures[0], signatures[0]})).ok());
  EXPECT_TRUE(
      DecodeTimestamp(EncodeEnvelope(canonical, {{*KeyId::Parse("k"), std::string(2048, 's')}}))
          .ok());
  EXPECT_FALSE(
      DecodeTimestamp(EncodeEnvelope(canonical, {{*KeyId::Parse("k"), std::string(2049, 's')}}))
          .ok());
}

TEST(Decode, C03KeysOfUnknownKindsAreKeptAndVerifyNothing) {
  const std::string good = File(SampleRoot());
  const std::string known = R"("keytype":"ed25519","keyval":{"public":")";
  const auto unknown =
      DecodeRoot(Replaced(Replaced(good, "\"keytype\":\"ed25519\"", "\"keytype\":\"post-quantum\""),
                          "\"keyval\":{\"public\":", "\"keyval\":{\"identity\":"));
  ASSERT_TRUE(unknown.ok()) << MessageOf(unknown.status());
  EXPECT_EQ(unknown->document.keys.begin()->second.verifier, std::nullopt);
  // A key that is not sound for its scheme counts for nothing either.
  const auto unsound = DecodeRoot(Replaced(good, known + "7d4d", known + "0000"));
  ASSERT_TRUE(unsound.ok()) << MessageOf(unsound.status());
  EXPECT_EQ(DecodeRoot(Replaced(good, known + "7d4d", known + "7D4D"))
                ->document.keys.begin()
                ->second.verifier,
            std::nullopt);
}

TEST(Decode, C11DelegationsHaveExactlyOneKindOfPath) {
  const std::string good = File(SampleTargets());
  const std::string paths = R"("paths":["simple/six/*","files/six/*"])";
  EXPECT_FALSE(DecodeTargets(Replaced(good, paths, paths + R"(,"path_hash_prefixes":["a"])")).ok());
  EXPECT_FALSE(DecodeTargets(Replaced(good, paths + ",", "")).ok());
  for (const char* wrong : {"A", "0x", "+f", "g", " a", "\xEF\xBC\x91", ""}) {
    EXPECT_FALSE(DecodeTargets(Replaced(good, "\"a1f\"", Cat("\"", wrong, "\""))).ok()) << wrong;
  }
  EXPECT_FALSE(
      DecodeTargets(Replaced(good, "\"a1f\"", Cat("\"", std::string(65, 'a'), "\""))).ok());
  EXPECT_TRUE(DecodeTargets(Replaced(good, "\"a1f\"", "\"a1\"")).ok());
  EXPECT_TRUE(DecodeTargets(Replaced(good, "\"0\",\"a1f\"", "")).ok());
}

TEST(Decode, C11RoleNamesAreDelegatedOnceAndNeverTopLevel) {
  const std::string good = File(SampleTargets());
  EXPECT_FALSE(DecodeTargets(Replaced(good, "\"hashed\"", "\"project.six\"")).ok());
  for (const char* name : {"root", "targets", "snapshot", "timestamp"}) {
    EXPECT_FALSE(DecodeTargets(Replaced(good, "\"hashed\"", Cat("\"", name, "\""))).ok()) << name;
  }
}

TEST(Decode, C11SuccinctRolesStandAloneWithinBounds) {
  const std::string good = File(SampleBins());
  for (const char* wrong : {"0", "-1", "33", "9223372036854775807", "null"}) {
    EXPECT_FALSE(
        DecodeTargets(Replaced(good, "\"bit_length\":8", Cat("\"bit_length\":", wrong))).ok())
        << wrong;
  }
  EXPECT_FALSE(
      DecodeTargets(Replaced(good, "\"succinct_roles\"", "\"roles\":[],\"succinct_roles\"")).ok());
}

TEST(Decode, RefusesSnapshotsWithoutTargetsAndNamesWithoutJson) {
  const std::string good = File(SampleSnapshot());
  EXPECT_FALSE(DecodeSnapshot(Replaced(good, "targets.json", "target.json")).ok());
  EXPECT_FALSE(DecodeSnapshot(Replaced(good, "bin-0.json", "bin-0")).ok());
  EXPECT_FALSE(DecodeSnapshot(Replaced(good, "bin-0.json", ".json")).ok());
}

TEST(Decode, CustomOfOthersIsKeptAndOursIsASerial) {
  const std::string good = File(SampleTargets());
  const auto with = [&good](std::string_view custom) {
    auto decoded = DecodeTargets(Replaced(good, R"({"serial":77})", custom));
    EXPECT_TRUE(decoded.ok()) << MessageOf(decoded.status());
    return decoded->document.targets.at("simple/six/index.html");
  };
  EXPECT_EQ(with(R"({"serial":78})").serial, 78);
  EXPECT_EQ(with(R"({"serial":-1})").serial, std::nullopt);
  const TargetFile other = with(R"({ "serial":78, "b": {"d":1,"c":2}})");
  EXPECT_EQ(other.serial, std::nullopt);
  EXPECT_EQ(other.custom, R"({"b":{"c":2,"d":1},"serial":78})");
}

TEST(Decode, ErrorsNameRoleAndMember) {
  const auto status =
      DecodeSnapshot(Replaced(File(SampleSnapshot()), "\"version\":4", "\"version\":null"))
          .status();
  EXPECT_EQ(MessageOf(status),
            "snapshot: meta: targets.json: version: found null, wanted an integer");
}

TEST(Decode, TakesAsManyRolesAsTheLargestRepositoryHas) {
  Snapshot snapshot;
  snapshot.header = SampleHeader();
  snapshot.roles[RoleName(TopLevelRole::kTargets)] = SampleFileMeta();
  const auto bins = SuccinctRoles::Create(SampleRoleKeys(), 15, "bin");
  for (std::uint64_t bin = 0; bin < bins->BinCount(); ++bin) {
    snapshot.roles[bins->BinName(bin)] = SampleFileMeta();
  }
  const std::string canonical = EncodeCanonical(snapshot);
  const auto decoded = DecodeCanonicalSnapshot(canonical);
  ASSERT_TRUE(decoded.ok()) << MessageOf(decoded.status());
  EXPECT_EQ(*decoded, snapshot);
}

}  // namespace
}  // namespace rind::tuf
