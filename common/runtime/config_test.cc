#include "common/runtime/config.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config Parsed(std::string_view toml, std::string name = "/etc/rind/x.toml") {
  auto config = Config::Parse(toml, std::move(name));
  EXPECT_TRUE(config.ok()) << config.status();
  return *std::move(config);
}

// Sets a variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Config, ReadsEveryKindOfValue) {
  Config config = Parsed(R"(
[service]
listen = "127.0.0.1:1"
threads = 7
on = true
every = "15m"
mode = "b"
names = ["six", "idna"]
)");
  EXPECT_EQ(config.String("service.listen"), "127.0.0.1:1");
  EXPECT_EQ(config.Integer("service.threads", 1, 8), 7);
  EXPECT_TRUE(config.BoolOr("service.on", false));
  EXPECT_EQ(config.DurationOr("service.every", absl::Seconds(1)), absl::Minutes(15));
  EXPECT_EQ(config.ChoiceOr("service.mode", {"a", "b"}, "a"), "b");
  EXPECT_THAT(config.Strings("service.names"), ElementsAre("six", "idna"));
  EXPECT_EQ(config.Finish(), OkStatus());
}

TEST(Config, FallbacksCountWhereNothingIsSaid) {
  Config config = Parsed("[a]\n");
  EXPECT_EQ(config.StringOr("a.s", "x"), "x");
  EXPECT_EQ(config.IntegerOr("a.i", 0, 9, 5), 5);
  EXPECT_TRUE(config.BoolOr("a.b", true));
  EXPECT_EQ(config.DurationOr("a.d", absl::Hours(2)), absl::Hours(2));
  EXPECT_THAT(config.StringsOr("a.l", {"y"}), ElementsAre("y"));
  EXPECT_EQ(config.Finish(), OkStatus());
}

TEST(Config, EveryProblemIsOneLineWithFileKeyAndWhatWasWanted) {
  Config config = Parsed(R"(
stray = 1
[policy]
max_expiry_dayz = 3
count = "many"
size = 99
on = "yes"
every = "15 minutes"
mode = "c"
names = ["six", 7]
[unasked]
)");
  config.String("policy.missing");
  config.Integer("policy.count", 0, 9);
  config.Integer("policy.size", 0, 9);
  config.BoolOr("policy.on", false);
  config.DurationOr("policy.every", absl::Seconds(1));
  config.ChoiceOr("policy.mode", {"a", "b"}, "a");
  config.Strings("policy.names");
  config.Problem("policy.other", "names nobody");
  // What only follows from a problem that was named hides its cause.
  config.Integer("policy.count", 0, 9);
  config.Problem("policy.names", "wanted at least one");
  const Status status = config.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Split(MessageOf(status), '\n'),
              ::testing::UnorderedElementsAre(
                  "/etc/rind/x.toml: policy.missing: is missing, wanted a string",
                  "/etc/rind/x.toml: policy.count: is a string, wanted a whole number",
                  "/etc/rind/x.toml: policy.size: is 99, wanted 0 to 9",
                  "/etc/rind/x.toml: policy.on: is a string, wanted true or false",
                  "/etc/rind/x.toml: policy.every: is '15 minutes', wanted a span such as \"90s\", "
                  "\"15m\", \"24h\" or \"7d\"",
                  "/etc/rind/x.toml: policy.mode: is 'c', wanted one of: a, b",
                  "/etc/rind/x.toml: policy.names: is a whole number, wanted strings in its list",
                  "/etc/rind/x.toml: policy.other: names nobody",
                  "/etc/rind/x.toml: stray: stands outside of any [section]",
                  "/etc/rind/x.toml: policy.max_expiry_dayz: unknown key",
                  "/etc/rind/x.toml: unasked: unknown section"));
}

TEST(Config, NoValueIsRoundedOrGuessed) {
  for (const std::string_view toml :
       {"[a]\nx = 1.0\n", "[a]\nx = true\n", "[a]\nx = \"1\"\n", "[a]\nx = [1]\n"}) {
    Config config = Parsed(toml);
    config.IntegerOr("a.x", 0, 9, 5);
    EXPECT_FALSE(config.Finish().ok()) << toml;
  }
  for (const std::string_view span : {"", "s", "-1s", "1.5h", "1h30m", "10", "1w", "1S"}) {
    Config config = Parsed(Cat("[a]\nx = \"", span, "\"\n"));
    config.DurationOr("a.x", absl::Seconds(1));
    EXPECT_FALSE(config.Finish().ok()) << span;
  }
}

TEST(Config, TheEnvironmentOverridesAKeyOfTheFileOrStandsForIt) {
  const Variable listen("RIND_SERVICE_LISTEN", "0.0.0.0:7201");
  const Variable number("RIND_SERVICE_MAX_THREADS", "12");
  const Variable names("RIND_PROJECTS_NAMES", "six, idna,");
  const Variable on("RIND_SERVICE_ON", "false");
  Config config = Parsed("[service]\nlisten = \"127.0.0.1:1\"\non = true\n");
  EXPECT_EQ(config.String("service.listen"), "0.0.0.0:7201");
  EXPECT_EQ(config.Integer("service.max-threads", 1, 64), 12);
  EXPECT_THAT(config.Strings("projects.names"), ElementsAre("six", "idna"));
  EXPECT_FALSE(config.BoolOr("service.on", true));
  EXPECT_EQ(config.Finish(), OkStatus());
}

TEST(Config, ABadValueInTheEnvironmentIsNamedAsSuch) {
  const Variable number("RIND_SERVICE_THREADS", "many");
  Config config = Parsed("[service]\n");
  config.Integer("service.threads", 1, 64);
  EXPECT_THAT(Split(MessageOf(config.Finish()), '\n'),
              ElementsAre("/etc/rind/x.toml: service.threads: RIND_SERVICE_THREADS is 'many', "
                          "wanted a whole number"));
}

TEST(Config, AnEmptyListInTheEnvironmentIsEmpty) {
  const Variable names("RIND_PROJECTS_NAMES", "");
  Config config = Parsed("[projects]\nnames = [\"six\"]\n");
  EXPECT_THAT(config.Strings("projects.names"), IsEmpty());
}

TEST(Config, RelativePathsAreRelativeToTheirFile) {
  const Variable key("RIND_TLS_KEY", "other/key.pem");
  Config config = Parsed(R"(
[tls]
ca = "../ca.pem"
certificate = "/abs/cert.pem"
key = "key.pem"
[l]
paths = ["a", "/b"]
empty = ""
)");
  const rpc::TlsFiles tls = config.Tls();
  EXPECT_EQ(tls.ca, "/etc/rind/../ca.pem");
  EXPECT_EQ(tls.certificate, "/abs/cert.pem");
  EXPECT_EQ(tls.key, "/etc/rind/other/key.pem");
  EXPECT_THAT(config.PathsOr("l.paths", {}), ElementsAre("/etc/rind/a", "/b"));
  EXPECT_EQ(config.Path("l.empty"), "");
  Config bare = Parsed("[l]\np = \"a\"\n", "x.toml");
  EXPECT_EQ(bare.Path("l.p"), "a");
}

TEST(Config, CallersAreATableOfLists) {
  Config config = Parsed(R"(
[callers]
"/rind.signer.v1.Signer/Sign" = ["delegation-manager"]
"/rind.signer.v1.Signer/GetState" = ["delegation-manager", "operator"]
)");
  const rpc::CallerTable callers = config.Callers();
  EXPECT_EQ(callers.size(), 2U);
  EXPECT_TRUE(callers.at("/rind.signer.v1.Signer/GetState").contains("operator"));
  EXPECT_EQ(config.Finish(), OkStatus());
  Config none = Parsed("[a]\n");
  none.Callers();
  EXPECT_FALSE(none.Finish().ok());
  Config wrong = Parsed("[callers]\n\"/x/Y\" = \"operator\"\n");
  wrong.Callers();
  EXPECT_FALSE(wrong.Finish().ok());
}

TEST(Config, SyntaxErrorsNameLineAndColumn) {
  const auto config = Config::Parse("[a]\nb = \n", "x.toml");
  ASSERT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(MessageOf(config.status()).starts_with("x.toml:2:")) << config.status();
  EXPECT_FALSE(Config::Parse("[a]\nb = 1\nb = 2\n", "x.toml").ok());
  EXPECT_EQ(Config::Load("/nowhere/x.toml").status().code(), absl::StatusCode::kNotFound);
}

TEST(Config, CheckOnlyStopsAtFinish) {
  Config config = Parsed("[a]\n");
  config.CheckOnly();
  config.BoolOr("a.b", true);
  EXPECT_EQ(config.Finish().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(config.Checked());
  Config wrong = Parsed("[a]\nx = 1\n");
  wrong.CheckOnly();
  wrong.BoolOr("a.b", true);
  EXPECT_EQ(wrong.Finish().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(wrong.Checked());
}

}  // namespace
}  // namespace rind::runtime
