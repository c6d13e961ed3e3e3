#include "common/tuf/json/canonical_json.h"

#include <random>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/tuf/json/strict_parse.h"

namespace rind::tuf {
namespace {

TEST(CanonicalJson, P05HasOneFormForEachValue) {
  struct Case {
    std::string_view json, canonical;
  };
  const Case cases[] = {
      {R"({ "b" : 1 , "a" : [ 1 , 2 ] })", R"({"a":[1,2],"b":1})"},
      {" [ ] ", "[]"},
      {"{ }", "{}"},
      {"[{},[]]", "[{},[]]"},
      {R"("\/")", R"("/")"},
      {R"("\"\\")", R"("\"\\")"},
      {R"("\u0022\u005c")", R"("\"\\")"},
      {R"("\n\t\u0001")", "\"\n\t\x01\""},
      {R"("\u00e9")", "\"\xC3\xA9\""},
      {R"("\ud83e\uddc0")", "\"\xF0\x9F\xA7\x80\""},
      {"-5", "-5"},
      {"[true,false,null]", "[true,false,null]"},
      // By code point, not by UTF-16 unit: U+FF61 comes before U+1F9C0.
      {"{\"\xF0\x9F\xA7\x80\":1,\"\xEF\xBD\xA1\":2}",
       "{\"\xEF\xBD\xA1\":2,\"\xF0\x9F\xA7\x80\":1}"},
      {R"({"a.json":1,"a-b.json":2,"B":3})", R"({"B":3,"a-b.json":2,"a.json":1})"},
      {R"({"x":{"z":1,"y":"\u0041"},"a":0})", R"({"a":0,"x":{"y":"A","z":1}})"},
  };
  for (const Case& test : cases) {
    const auto canonical = Canonicalise(test.json);
    ASSERT_TRUE(canonical.ok()) << test.json << MessageOf(canonical.status());
    EXPECT_EQ(*canonical, test.canonical) << test.json;
    EXPECT_TRUE(CheckCanonical(*canonical).ok()) << *canonical;
  }
}

TEST(CanonicalJson, P05OnlyTheOneFormPassesTheCheck) {
  for (const std::string_view wrong :
       {" {}", "{} ", R"({"b":1,"a":2})", R"({"a": 1})", R"(["\/"])", R"(["\n"])", R"(["\u0041"])",
        R"([1 ])", "", R"({"a":1,"a":1})"}) {
    EXPECT_FALSE(CheckCanonical(wrong).ok()) << wrong;
  }
}

// A random value; members may come in any order, strings with any escapes.
class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}
  std::string Value(int depth) {
    switch (random_() % (depth > 0 ? 7 : 5)) {
      case 0:
        return std::to_string(static_cast<std::int64_t>(random_()) - 500);
      case 1:
        return random_() % 2 == 0 ? "true" : "false";
      case 2:
        return "null";
      case 3:
      case 4:
        return String();
      case 5: {
        std::string out = "[" + Space();
        for (std::size_t i = random_() % 4, n = 0; n < i; ++n) {
          out += (n > 0 ? "," : "") + Space() + Value(depth - 1) + Space();
        }
        return out + "]";
      }
      default: {
        std::string out = "{" + Space();
        for (std::size_t i = random_() % 4, n = 0; n < i; ++n) {
          // A number makes the name unique.
          out += (n > 0 ? ",\"" : "\"") + std::to_string(random_() % 10) + std::to_string(n) +
                 String().substr(1) + Space() + ":" + Value(depth - 1);
        }
        return out + Space() + "}";
      }
    }
  }

 private:
  std::string Space() { return std::string(random_() % 4 == 0 ? 1 : 0, " \n\t\r"[random_() % 4]); }
  std::string String() {
    constexpr std::string_view kPieces[] = {
        "a",       "Z",        "\\\"",           "\\\\",
        "\\/",     "\\n",      "\\u0001",        "/",
        "\\u00e9", "\xC3\xA9", "\\ud83e\\uddc0", "\xF0\x9F\xA7\x80",
        " ",       "~",        "\x7F",           "\\u2028"};
    std::string out = "\"";
    for (std::size_t i = random_() % 6; i > 0; --i) out += kPieces[random_() % std::size(kPieces)];
    return out + "\"";
  }
  std::mt19937 random_;
};

TEST(CanonicalJson, P05IsAFixedPoint) {
  RandomJson generator(20261122);
  for (int i = 0; i < 20'000; ++i) {
    const std::string json = generator.Value(4);
    const auto once = Canonicalise(json);
    ASSERT_TRUE(once.ok()) << json << ": " << MessageOf(once.status());
    ASSERT_TRUE(CheckCanonical(*once).ok()) << json;
    // As a file it is JSON that any parser takes, and comes back to the same bytes.
    const auto twice = Canonicalise(EscapeControls(*once));
    ASSERT_TRUE(twice.ok()) << json;
    ASSERT_EQ(*once, *twice) << json;
  }
}

TEST(CanonicalWriter, MakesWhatTheParserCallsCanonical) {
  CanonicalWriter json;
  json.BeginObject();
  json.Name("a\"b");
  json.BeginArray();
  json.Integer(-7);
  json.String("x\\y\n");
  json.Bool(true);
  json.Null();
  json.BeginObject();
  json.EndObject();
  json.Raw("[1]");
  json.EndArray();
  json.Name("c");
  json.Integer(std::int64_t{1} << 62);
  json.EndObject();
  const std::string out = json.Take();
  EXPECT_EQ(out, "{\"a\\\"b\":[-7,\"x\\\\y\n\",true,null,{},[1]],\"c\":4611686018427387904}");
  EXPECT_TRUE(CheckCanonical(out).ok());
  EXPECT_EQ(json.Take(), "");
}

}  // namespace
}  // namespace rind::tuf
