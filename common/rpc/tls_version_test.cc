// Speaks to both ends with plain OpenSSL, to see what gRPC negotiates.
#include <memory>
#include <thread>

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/testing/certificates.h"

#include "rind/signer/v1/signer.grpc.pb.h"

namespace rind::rpc {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsVersion : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = JoinPath(::testing::TempDir(), "tlsXXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    server_tls_ = authority_.Issue(JoinPath(folder_, "server"), "release-signer");
    client_tls_ = authority_.Issue(JoinPath(folder_, "client"), "delegation-manager");
  }
  void TearDown() override {
    LocalFileSystem files;
    EXPECT_TRUE(RemoveTree(files, folder_).ok());
  }

  // OpenSSL with its lists wide open: only the other end can set the floor.
  static std::unique_ptr<SSL_CTX, Free> Context(const SSL_METHOD* method, const TlsFiles& tls,
                                                int version) {
    std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(method));
    EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0"), 1);
    EXPECT_EQ(SSL_CTX_set_min_proto_version(context.get(), version), 1);
    EXPECT_EQ(SSL_CTX_set_max_proto_version(context.get(), version), 1);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), tls.key.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_load_verify_locations(context.get(), tls.ca.c_str(), nullptr), 1);
    return context;
  }

  static sockaddr_in Loopback(int port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  // The negotiated version, or "" when the handshake fails.
  std::string Handshake(int port, int version) {
    const auto context = Context(TLS_client_method(), client_tls_, version);
    const std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
    const unsigned char alpn[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl.get(), alpn, sizeof alpn);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    SSL_set_fd(ssl.get(), fd);
    const bool done = SSL_connect(ssl.get()) == 1;
    std::string found = done ? SSL_get_version(ssl.get()) : "";
    close(fd);
    return found;
  }

  testing::TestAuthority authority_;
  std::string folder_;
  TlsFiles server_tls_;
  TlsFiles client_tls_;
};

TEST_F(TlsVersion, G01TheServerSpeaksTls13AndNothingOlder) {
  rind::signer::v1::Signer::Service service;
  const auto server =
      Server::Start({.listen = "127.0.0.1:0",
                     .tls = server_tls_,
                     .callers = {{"/rind.signer.v1.Signer/Sign", {"delegation-manager"}},
                                 {"/rind.signer.v1.Signer/GetState", {"delegation-manager"}}}},
                    {{&service, rind::signer::v1::Signer::service_full_name()}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Handshake((*server)->port(), TLS1_3_VERSION), "TLSv1.3");
  EXPECT_EQ(Handshake((*server)->port(), TLS1_2_VERSION), "");
  EXPECT_EQ(Handshake((*server)->port(), TLS1_1_VERSION), "");
}

// A bare TLS server that takes one connection and says what was negotiated.
class BareServer {
 public:
  BareServer(std::unique_ptr<SSL_CTX, Free> context, sockaddr_in address)
      : context_(std::move(context)) {
    SSL_CTX_set_alpn_select_cb(
        context_.get(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
           unsigned in_size, void*) {
          static constexpr unsigned char kH2[] = {2, 'h', '2'};
          unsigned char* chosen = nullptr;
          const int found = SSL_select_next_proto(&chosen, size, kH2, sizeof kH2, in, in_size);
          *out = chosen;
          return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        nullptr);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      const int fd = accept(listener_, nullptr, nullptr);
      const std::unique_ptr<SSL, Free> ssl(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), fd);
      if (SSL_accept(ssl.get()) == 1) found_ = SSL_get_version(ssl.get());
      close(fd);
    });
  }
  ~BareServer() {
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  int port() const { return port_; }
  std::string Found() {
    thread_.join();
    return found_;
  }

 private:
  std::unique_ptr<SSL_CTX, Free> context_;
  int listener_ = -1;
  int port_ = 0;
  std::string found_;
  std::thread thread_;
};

TEST_F(TlsVersion, G01TheClientSpeaksTls13AndNothingOlder) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    BareServer server(Context(TLS_server_method(), server_tls_, version), Loopback(0));
    const auto channel = Connect({Cat("127.0.0.1:", server.port()), "release-signer", client_tls_});
    ASSERT_TRUE(channel.ok()) << channel.status();
    EXPECT_FALSE(CheckHealth(*channel, absl::Seconds(3)).ok());  // it speaks no HTTP/2
    EXPECT_EQ(server.Found(), version == TLS1_3_VERSION ? "TLSv1.3" : "");
  }
}

}  // namespace
}  // namespace rind::rpc
