#include "common/rpc/transport.h"

#include <cstdlib>
#include <functional>
#include <mutex>
#include <utility>

#include <grpc/grpc_security_constants.h>
#include <grpc/support/log.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::rpc {
namespace {

// gRPC 1.51 has no floor for the TLS version and always offers 1.2. OpenSSL wants at least one 1.2
// suite in this list, so it gets one that can never be agreed on: it needs a pre-shared key and
// neither end has any. Were that ever to change, it would still be forward-secret and AEAD. The
// suites of 1.3 are OpenSSL's own default and no part of this list.
constexpr char kCipherSuites[] = "ECDHE-PSK-CHACHA20-POLY1305";

// Renewed certificates are seen after at most this long.
constexpr unsigned kReloadSeconds = 2;

void LogFromGrpc(gpr_log_func_args* args) {
  const LogLevel level = args->severity == GPR_LOG_SEVERITY_ERROR  ? LogLevel::kWarning
                         : args->severity == GPR_LOG_SEVERITY_INFO ? LogLevel::kInfo
                                                                   : LogLevel::kDebug;
  Log(level, Cat("grpc: ", args->message));
}

std::shared_ptr<grpc::experimental::CertificateProviderInterface> Watch(const TlsFiles& tls) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.ca, kReloadSeconds);
}

// Stricter than gRPC's own check of host names: no wildcard, no common name, no second name.
class ExactPeer final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit ExactPeer(std::string peer) : peer_(std::move(peer)) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)> /*callback*/, grpc::Status* sync_status) override {
    const auto names = request->dns_names();
    const std::size_t others =
        request->uri_names().size() + request->email_names().size() + request->ip_names().size();
    if (names.size() == 1 && others == 0 &&
        std::string_view(names[0].data(), names[0].size()) == peer_) {
      *sync_status = grpc::Status::OK;
      return true;
    }
    std::string found;
    for (const auto& name : names) {
      found += Cat(found.empty() ? "" : ", ", Printable({name.data(), name.size()}));
    }
    *sync_status = grpc::Status(
        grpc::StatusCode::UNAUTHENTICATED,
        Cat("the peer's certificate is for '", found, "', wanted exactly '", peer_, "'"));
    return true;
  }

  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  const std::string peer_;
};

}  // namespace

void SetUpTransport() {
  static std::once_flag once;
  std::call_once(once, [] {
    setenv("GRPC_SSL_CIPHER_SUITES", kCipherSuites, 1);
    gpr_set_log_function(&LogFromGrpc);
  });
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& tls) {
  SetUpTransport();
  grpc::experimental::TlsServerCredentialsOptions options(Watch(tls));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& tls,
                                                                 const std::string& peer) {
  SetUpTransport();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(tls));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);  // ExactPeer has checked the connection
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<ExactPeer>(peer));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace rind::rpc
