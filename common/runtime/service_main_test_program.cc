// A service for service_main_test: serves Syncer over mutual TLS and tells what hardening did.
#include <cstdio>
#include <utility>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/text.h"
#include "common/runtime/service_main.h"

#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace {

using rind::Status;
using rind::StatusOr;

class Echo final : public rind::runtime::Service {
 public:
  explicit Echo(bool finished) : finished_(finished) {}
  Status Start(const rind::rpc::ServerOptions& options) {
    RIND_ASSIGN_OR_RETURN(
        server_, rind::rpc::Server::Start(
                     options, {{&syncer_, rind::syncer::v1::Syncer::service_full_name()}}));
    server_->SetServing(true);
    return rind::OkStatus();
  }
  std::string ReadyLine() const override { return rind::Cat("READY  port ", server_->port()); }
  bool Finished() const override { return finished_; }
  void Stop(absl::Duration grace) override { server_->Stop(grace); }

 private:
  rind::syncer::v1::Syncer::Service syncer_;
  std::unique_ptr<rind::rpc::Server> server_;
  bool finished_;
};

StatusOr<std::unique_ptr<rind::runtime::Service>> Build(rind::runtime::Config& config,
                                                        const rind::runtime::Environment&) {
  rind::rpc::ServerOptions options;
  options.listen = config.String("service.listen");
  options.tls = config.Tls();
  options.callers = config.Callers();
  const bool finished = config.BoolOr("test.finished", false);
  RIND_RETURN_IF_ERROR(config.Finish());
  auto echo = std::make_unique<Echo>(finished);
  RIND_RETURN_IF_ERROR(echo->Start(options));
  return std::unique_ptr<rind::runtime::Service>(std::move(echo));
}

Status Tell(rind::runtime::Config&, const rind::runtime::Environment&,
            const std::vector<std::string>& arguments) {
  rlimit core = {};
  getrlimit(RLIMIT_CORE, &core);
  const mode_t mask = umask(0);
  std::printf("core %lu dumpable %d umask %o\n", static_cast<unsigned long>(core.rlim_max),
              prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), static_cast<unsigned>(mask));
  std::printf("arguments %s\n", rind::Join(arguments, "|").c_str());
  return arguments.empty() ? rind::FailedPrecondition("tell: one\ntell: two") : rind::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(argc, argv,
                                    {.name = "test-service",
                                     .description = "A service for tests.",
                                     .build = &Build,
                                     .commands = {{"tell", "Tells what it is given.", &Tell}},
                                     .health = nullptr});
}
