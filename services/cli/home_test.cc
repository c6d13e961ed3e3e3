#include "services/cli/home.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/runtime/config.h"

namespace rind::cli {
namespace {

HomeSettings Settings() {
  HomeSettings out;
  out.id = "rind-12345678";
  out.upstream = "http://127.0.0.1:7280/simple/";
  out.projects = {"six", "idna"};
  return out;
}

TEST(HomeConfigs, EveryServiceHasOneAndEachIsToml) {
  std::set<std::string> names;
  for (const auto& [name, text] : ConfigFiles(Settings(), "/srv/rind")) {
    names.insert(name);
    if (!name.ends_with(".toml")) continue;
    const auto config = runtime::Config::Parse(text, name);
    EXPECT_TRUE(config.ok()) << config.status().message();
  }
  for (const char* service : {"offline-signer", "release-signer", "content-signer",
                              "delegation-manager", "mirror-syncer", "gateway"}) {
    EXPECT_TRUE(names.contains(Cat(service, "/config.toml"))) << service;
  }
  EXPECT_TRUE(names.contains("client.toml"));
  EXPECT_TRUE(names.contains("web/nginx.conf"));
}

TEST(HomeConfigs, ListenOnLoopbackOnly) {
  for (const auto& [name, text] : ConfigFiles(Settings(), "/srv/rind")) {
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("0.0.0.0"))) << name;
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("[::]"))) << name;
  }
}

TEST(HomeConfigs, NamesWithQuotesStayValues) {
  HomeSettings settings = Settings();
  settings.upstream_proxy = "http://127.0.0.1:1/\"\\";
  for (const auto& [name, text] : ConfigFiles(settings, "/srv/rind")) {
    if (name != "mirror-syncer/config.toml") continue;
    auto config = runtime::Config::Parse(text, name);
    ASSERT_TRUE(config.ok());
    EXPECT_EQ(config->String("upstream.proxy"), settings.upstream_proxy);
  }
}

TEST(Ports, NoTwoServicesShareOne) {
  const Ports ports;
  const std::set<std::uint16_t> all = {ports.offline(), ports.release(), ports.content(),
                                       ports.manager(), ports.syncer(),  ports.sample(),
                                       ports.gateway,   ports.web};
  EXPECT_EQ(all.size(), 8U);
}

TEST(HomeSettings, DifferWhenAFlagDiffers) {
  HomeSettings changed = Settings();
  EXPECT_EQ(changed, Settings());
  changed.newest_releases = 0;
  EXPECT_FALSE(changed == Settings());
}

}  // namespace
}  // namespace rind::cli
