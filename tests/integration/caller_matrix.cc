// Calls every method of every service, at every server, with every identity, and prints what came
// back: one line "server TAB method TAB identity TAB code" each. caller_matrix_test.py holds the
// lines against the caller tables (SECURITY.md G-02).
//
//   caller_matrix --server NAME=ADDRESS ... --identity NAME=FOLDER ...
//
// An identity's folder has ca.pem and, unless it is to call without one, certificate.pem and
// key.pem. Requests are empty messages: a method that lets the caller in answers with its own
// complaint.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/rpc/server.h"

#include "rind/ceremony/v1/ceremony.grpc.pb.h"
#include "rind/delegation/v1/developer.grpc.pb.h"
#include "rind/delegation/v1/ingest.grpc.pb.h"
#include "rind/delegation/v1/operator.grpc.pb.h"
#include "rind/signer/v1/signer.grpc.pb.h"
#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace rind {
namespace {

std::shared_ptr<grpc::Channel> ChannelAs(const std::string& server, const std::string& address,
                                         const std::string& folder) {
  const LocalFileSystem files;
  const auto read = [&](const char* name) {
    const auto bytes = files.Read(JoinPath(folder, name), 1 << 20);
    return bytes.ok() ? *bytes : std::string();
  };
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = read("ca.pem");
  tls.pem_cert_chain = read("certificate.pem");
  tls.pem_private_key = read("key.pem");
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(server);
  // Channels with equal settings share a connection, and with it the first one's certificate.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(tls), arguments);
}

grpc::StatusCode Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  // The generic call is a stream, so it serves methods of every kind.
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(&context);
  queue.Next(&tag, &ok);
  const grpc::Slice nothing;
  if (ok) {
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), &context);
    queue.Next(&tag, &ok);
  }
  grpc::ByteBuffer answer;
  do {
    call->Read(&answer, &context);
    queue.Next(&tag, &ok);
  } while (ok);
  grpc::Status status;
  call->Finish(&status, &context);
  queue.Next(&tag, &ok);
  return status.error_code();
}

// The linker leaves out a library's descriptors unless one of its messages is named.
void KeepDescriptors() {
  google::protobuf::LinkMessageReflection<signer::v1::SignRequest>();
  google::protobuf::LinkMessageReflection<ceremony::v1::ProposeRequest>();
  google::protobuf::LinkMessageReflection<delegation::v1::IngestProjectRequest>();
  google::protobuf::LinkMessageReflection<delegation::v1::CreateRequest>();
  google::protobuf::LinkMessageReflection<delegation::v1::RequestClaimRequest>();
  google::protobuf::LinkMessageReflection<syncer::v1::SyncRequest>();
}

int Run(const std::vector<std::string>& arguments) {
  KeepDescriptors();
  std::map<std::string, std::string> servers;
  std::map<std::string, std::string> identities;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::size_t equals = arguments[i + 1].find('=');
    auto& table = arguments[i] == "--server" ? servers : identities;
    table[arguments[i + 1].substr(0, equals)] = arguments[i + 1].substr(equals + 1);
  }
  const auto methods = rpc::MethodsOf(
      {signer::v1::Signer::service_full_name(), ceremony::v1::Ceremony::service_full_name(),
       delegation::v1::Ingest::service_full_name(), delegation::v1::Operator::service_full_name(),
       delegation::v1::Developer::service_full_name(), syncer::v1::Syncer::service_full_name()});
  if (servers.empty() || identities.empty() || !methods.ok()) {
    std::fprintf(stderr, "%s\n", methods.status().ToString().c_str());
    return 2;
  }
  for (const auto& [server, address] : servers) {
    for (const auto& [identity, folder] : identities) {
      const auto channel = ChannelAs(server, address, folder);
      for (const std::string& method : *methods) {
        std::printf("%s\t%s\t%s\t%d\n", server.c_str(), method.c_str(), identity.c_str(),
                    Call(channel, method));
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace rind

int main(int argc, char** argv) { return rind::Run({argv + 1, argv + argc}); }
