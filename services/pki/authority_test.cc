#include "services/pki/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/rpc/server.h"

namespace rind::pki {
namespace {

using ::testing::HasSubstr;

class SetClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = SystemClock().Now();
};

class AuthorityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = JoinPath(::testing::TempDir(), "pkiXXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    order_ = {.name = "mirror-syncer", .folder = In("tls"), .owner = std::nullopt};
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(files_, folder_).ok()); }

  std::string In(std::string_view name) const { return JoinPath(folder_, name); }
  std::string Fulfil() {
    auto authority = Authority::Open(files_, clock_, random_, In("ca"));
    EXPECT_TRUE(authority.ok()) << authority.status();
    if (!authority.ok()) return "";
    const auto line = authority->Fulfil(order_);
    EXPECT_TRUE(line.ok()) << line.status();
    return line.ok() ? *line : "";
  }
  std::string Content(std::string_view name) {
    const auto bytes = files_.Read(JoinPath(order_.folder, name), 1 << 20);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    return bytes.ok() ? *bytes : "";
  }
  rpc::TlsFiles Tls() const {
    return {In("tls/ca.pem"), In("tls/certificate.pem"), In("tls/key.pem")};
  }

  LocalFileSystem files_;
  SystemRandom random_;
  SetClock clock_;
  std::string folder_;
  Order order_;
};

TEST_F(AuthorityTest, G03IssuesForNinetyDaysAndKeepsWhatIsGood) {
  EXPECT_THAT(Fulfil(), HasSubstr("new key and certificate"));
  EXPECT_EQ(*rpc::IdentityOf(Tls()), "mirror-syncer");
  const auto leaf = Certificate::FromPem(Content("certificate.pem"));
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(absl::ToUnixSeconds(*leaf->ValidUntil()),
            absl::ToUnixSeconds(clock_.now + absl::Hours(24 * 90)));
  EXPECT_EQ(files_.Stat(Tls().key)->mode, 0600U);
  const std::string before = Content("certificate.pem");
  clock_.now += absl::Hours(24 * 59);
  EXPECT_THAT(Fulfil(), HasSubstr(", kept"));
  EXPECT_EQ(Content("certificate.pem"), before);
}

TEST_F(AuthorityTest, G03RenewsForTheSameKeyWhenAThirdIsLeft) {
  Fulfil();
  const std::string key = Content("key.pem");
  const std::string certificate = Content("certificate.pem");
  clock_.now += absl::Hours(24 * 60) + absl::Seconds(1);
  EXPECT_THAT(Fulfil(), HasSubstr(", renewed"));
  EXPECT_EQ(Content("key.pem"), key);
  EXPECT_NE(Content("certificate.pem"), certificate);
}

TEST_F(AuthorityTest, AWrongNameAnotherAuthorityOrABrokenFileIsReplaced) {
  Fulfil();
  order_.name = "operator";
  EXPECT_THAT(Fulfil(), HasSubstr("operator: valid until"));
  EXPECT_EQ(*rpc::IdentityOf(Tls()), "operator");
  ASSERT_TRUE(RemoveTree(files_, In("ca")).ok());
  EXPECT_THAT(Fulfil(), HasSubstr(", renewed"));
  EXPECT_EQ(*rpc::IdentityOf(Tls()), "operator");
  ASSERT_TRUE(files_.Replace(Tls().key, "no key", 0600).ok());
  EXPECT_THAT(Fulfil(), HasSubstr("new key"));
  ASSERT_TRUE(files_.Replace(Tls().certificate, "no certificate", 0600).ok());
  EXPECT_THAT(Fulfil(), HasSubstr(", renewed"));
  EXPECT_EQ(*rpc::IdentityOf(Tls()), "operator");
}

TEST_F(AuthorityTest, ASymbolicLinkInAServicesFolderIsNotFollowed) {
  Fulfil();
  ASSERT_TRUE(files_.Remove(Tls().key).ok());
  ASSERT_EQ(symlink(In("ca/key.pem").c_str(), Tls().key.c_str()), 0);
  const std::string ca_key = *files_.Read(In("ca/key.pem"), 1 << 20);
  EXPECT_THAT(Fulfil(), HasSubstr("new key"));
  EXPECT_EQ(*files_.Read(In("ca/key.pem"), 1 << 20), ca_key);
  EXPECT_NE(Content("key.pem"), ca_key);
}

TEST_F(AuthorityTest, EveryCertificateIsInTheLog) {
  Fulfil();
  clock_.now += absl::Hours(24 * 70);
  Fulfil();
  Fulfil();
  const std::string log = *files_.Read(In("ca/issued.log"), 1 << 20);
  const auto lines = Split(Trim(log), '\n');
  ASSERT_EQ(lines.size(), 2U) << log;
  const auto leaf = Certificate::FromPem(Content("certificate.pem"));
  EXPECT_THAT(lines[1], HasSubstr(Cat(" mirror-syncer serial=", leaf->SerialHex(), " until=")));
}

TEST_F(AuthorityTest, TheAuthorityIsMadeOnceAndRefusesWhenItIsTooOld) {
  Fulfil();
  const std::string ca = Content("ca.pem");
  const auto certificate = Certificate::FromPem(ca);
  EXPECT_GE(*certificate->ValidUntil() - clock_.now, absl::Hours(24 * 3650));
  Fulfil();
  EXPECT_EQ(Content("ca.pem"), ca);
  clock_.now += absl::Hours(24 * 3600);
  EXPECT_EQ(Authority::Open(files_, clock_, random_, In("ca")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuthorityTest, HalfAnAuthorityIsNotMadeUpFor) {
  Fulfil();
  ASSERT_TRUE(files_.Remove(In("ca/key.pem")).ok());
  EXPECT_EQ(Authority::Open(files_, clock_, random_, In("ca")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(AuthorityTest, FilesCanBelongToTheService) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  order_.owner = 10005;
  Fulfil();
  struct stat info = {};
  ASSERT_EQ(stat(Tls().key.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 10005U);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Order, IsNameFolderAndPerhapsAUser) {
  const auto plain = Order::Parse("mirror-syncer=/tls/a");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->name, "mirror-syncer");
  EXPECT_EQ(plain->folder, "/tls/a");
  EXPECT_FALSE(plain->owner.has_value());
  EXPECT_EQ(Order::Parse("a=/tls:10001")->owner, 10001U);
  for (const std::string_view wrong :
       {"", "a", "a=", "=x", "A=x", "a.b=x", "a,DNS:b=x", "-a=x", "a=x:", "a=x:y", "a=:1"}) {
    EXPECT_EQ(Order::Parse(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace rind::pki
