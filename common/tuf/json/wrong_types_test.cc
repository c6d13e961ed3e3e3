// SECURITY.md P-08: null, a wrong type, an empty list or object in every field is an error value.
// The cases are generated: every value in one document of each kind, replaced by 14 wrong ones.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"
#include "common/tuf/json/sample_documents.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {
namespace {

using nlohmann::json;

struct Document {
  std::string_view name;
  std::string bytes;
  std::function<Status(std::string_view)> decode;
};

std::vector<Document> Documents() {
  const std::vector<Signature> signatures = {{*KeyId::Parse("k"), "sig"}};
  const auto file = [&signatures](const auto& document) {
    return EncodeEnvelope(EncodeCanonical(document), signatures);
  };
  const auto targets = [](std::string_view b) { return DecodeTargets(b).status(); };
  return {
      {"root", file(SampleRoot()), [](std::string_view b) { return DecodeRoot(b).status(); }},
      {"timestamp", file(SampleTimestamp()),
       [](std::string_view b) { return DecodeTimestamp(b).status(); }},
      {"snapshot", file(SampleSnapshot()),
       [](std::string_view b) { return DecodeSnapshot(b).status(); }},
      {"targets", file(SampleTargets()), targets},
      {"bins", file(SampleBins()), targets},
  };
}

const std::vector<std::pair<std::string_view, json>>& WrongValues() {
  static const std::vector<std::pair<std::string_view, json>> values = {
      {"null", nullptr},
      {"true", true},
      {"false", false},
      {"0", 0},
      {"-1", -1},
      {"2^63-1", std::int64_t{0x7FFFFFFFFFFFFFFF}},
      {"1.5", 1.5},
      {"\"\"", ""},
      {"\"x\"", "x"},
      {"a control character", "\x01"},
      {"[]", json::array()},
      {"[null]", json::array({nullptr})},
      {"{}", json::object()},
      {"{\"\":null}", json{{"", nullptr}}},
  };
  return values;
}

// What the form allows in a place: right by kind, or free by the specification.
bool IsAllowed(const std::string& place, const json& value) {
  const auto ends = [&place](std::string_view end) { return place.ends_with(end); };
  if (place.find("/custom/") != std::string::npos) return !value.is_number_float();
  if (ends("/custom")) return value.is_object();
  if (value.is_boolean()) return ends("/consistent_snapshot") || ends("/terminating");
  // Empty is a form of its own in these, and says what it says.
  if (value.is_array() && value.empty()) {
    return ends("/signatures") || ends("/paths") || ends("/path_hash_prefixes") ||
           ends("/delegations/roles");
  }
  if (value.is_object() && value.empty()) return ends("/keys") || place == "/signed/targets";
  if (value.is_number_integer()) return ends("/length") && value >= 0;
  if (!value.is_string()) return false;
  // Any text may name or be a key, a pattern, or stand in a key that we don't know.
  const bool opaque = ends("/keytype") || ends("/scheme") || ends("/keyid") ||
                      place.find("/keyids/") != std::string::npos || ends("/name") ||
                      ends("/name_prefix");
  if (opaque) return value == "x";
  return ends("/public") || place.find("/paths/") != std::string::npos ||
         (ends("/sig") && value == "");
}

void ForEachPlace(const json& value, const json::json_pointer& at,
                  const std::function<void(const json::json_pointer&)>& visit) {
  if (!at.empty()) visit(at);
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) ForEachPlace(member, at / name, visit);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) ForEachPlace(value[i], at / i, visit);
  }
}

TEST(WrongTypes, P08EveryFieldOfEveryRoleRefusesThem) {
  int cases = 0;
  int refused = 0;
  for (const Document& document : Documents()) {
    const json good = json::parse(document.bytes);
    ASSERT_TRUE(document.decode(good.dump()).ok()) << document.name;
    ForEachPlace(good, json::json_pointer(), [&](const json::json_pointer& at) {
      for (const auto& [what, wrong] : WrongValues()) {
        json spoilt = good;
        spoilt[at] = wrong;
        const Status status = document.decode(spoilt.dump());
        ++cases;
        const bool allowed = IsAllowed(at.to_string(), wrong) || spoilt == good;
        EXPECT_EQ(status.ok(), allowed)
            << document.name << at.to_string() << " = " << what << ": " << MessageOf(status);
        if (status.ok()) continue;
        ++refused;
        EXPECT_TRUE(RejectionOf(status) == Rejection::kMalformed ||
                    RejectionOf(status) == Rejection::kTooLarge)
            << MessageOf(status);
      }
    });
  }
  EXPECT_GT(cases, 1500);
  EXPECT_GT(refused, cases * 9 / 10);
}

// What a document may leave out: by the specification, or because it is an entry of a map.
bool IsOptional(const std::string& parent, const std::string& name, std::size_t siblings) {
  if (parent.find("/custom") != std::string::npos || name == "custom") return true;
  if (parent == "/signed") return name == "consistent_snapshot" || name == "delegations";
  if (parent == "/signed/targets" || parent.ends_with("/keys")) return true;
  if (parent == "/signed/meta") return name == "bin-0.json";
  if (parent.ends_with("/hashes")) return siblings > 1;
  return parent.starts_with("/signed/meta/") && (name == "length" || name == "hashes");
}

TEST(WrongTypes, P08EveryFieldIsNeededUnlessTheSpecificationSaysOtherwise) {
  int needed = 0;
  for (const Document& document : Documents()) {
    const json good = json::parse(document.bytes);
    ForEachPlace(good, json::json_pointer(), [&](const json::json_pointer& at) {
      const json::json_pointer parent = at.parent_pointer();
      if (!good.at(parent).is_object()) return;
      const bool optional = IsOptional(parent.to_string(), at.back(), good.at(parent).size());
      json spoilt = good;
      spoilt.at(parent).erase(at.back());
      const Status status = document.decode(spoilt.dump());
      needed += optional ? 0 : 1;
      EXPECT_EQ(status.ok(), optional)
          << document.name << " without " << at.to_string() << ": " << MessageOf(status);
    });
  }
  EXPECT_GT(needed, 70);
}

}  // namespace
}  // namespace rind::tuf
