// The Operator's method Check: translation only.
#include <grpcpp/server_context.h>

#include "common/base/text.h"
#include "common/rpc/handler.h"
#include "services/delegation_manager/check/recorded_leftovers.h"
#include "services/delegation_manager/check/repository_check.h"
#include "services/delegation_manager/operator_service.h"

namespace rind::delegation_manager {

namespace pb = ::rind::delegation::v1;

namespace {

pb::DifferenceKind ToMessage(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kWrong:
      return pb::DIFFERENCE_KIND_WRONG;
    case DifferenceKind::kMissing:
      return pb::DIFFERENCE_KIND_MISSING;
    case DifferenceKind::kUnlisted:
      return pb::DIFFERENCE_KIND_UNLISTED;
    case DifferenceKind::kUnreadable:
      return pb::DIFFERENCE_KIND_UNREADABLE;
  }
  return pb::DIFFERENCE_KIND_UNSPECIFIED;
}

// Sends each event as it comes; ends the check when the caller is gone.
class Sender final : public CheckObserver {
 public:
  explicit Sender(grpc::ServerWriter<pb::CheckEvent>& writer) : writer_(writer) {}

  Status OnDifference(const Difference& difference) override {
    pb::CheckEvent event;
    auto* message = event.mutable_difference();
    message->set_kind(ToMessage(difference.kind));
    message->set_what(difference.what);
    message->set_detail(difference.detail);
    return Send(event);
  }

  Status OnProgress(std::string_view step, std::uint64_t done, std::uint64_t total) override {
    pb::CheckEvent event;
    auto* message = event.mutable_progress();
    message->set_step(std::string(step));
    message->set_done(done);
    message->set_total(total);
    return Send(event);
  }

  Status Send(const pb::CheckEvent& event) {
    return writer_.Write(event) ? OkStatus() : Cancelled("check: the caller has gone");
  }

 private:
  grpc::ServerWriter<pb::CheckEvent>& writer_;
};

// Root version 1, which clients pin: as the records have it while it is the newest.
StatusOr<std::string> FirstRoot(StateStore& state, const FileReader& files,
                                const std::string& public_folder) {
  constexpr std::uint64_t kMaxRootBytes = 512'000;
  const tuf::RoleName root = tuf::TopLevelRole::kRoot;
  std::optional<std::string> recorded;
  RIND_RETURN_IF_ERROR(state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto record, tables.roles.Find(root));
    if (!record) return FailedPrecondition("check: there is no repository yet: `rind create`");
    if (record->version != tuf::Version::First()) return OkStatus();
    RIND_ASSIGN_OR_RETURN(recorded, tables.roles.File(root));
    return OkStatus();
  }));
  if (recorded) return *recorded;
  return files.Read(JoinPath(public_folder, "metadata/1.root.json"), kMaxRootBytes);
}

}  // namespace

grpc::Status OperatorService::Check(grpc::ServerContext* context, const pb::CheckRequest* request,
                                    grpc::ServerWriter<pb::CheckEvent>* writer) {
  return rpc::Handle(*context, [&]() -> Status {
    CheckPlan plan{.public_folder = parts_.public_folder,
                   .blobs_folder = parts_.blobs_folder,
                   .root = "",
                   .only = std::nullopt,
                   .data = request->data(),
                   .now = parts_.clock.Now()};
    RIND_ASSIGN_OR_RETURN(plan.root, FirstRoot(parts_.state, parts_.files, plan.public_folder));
    if (!request->role().empty()) {
      RIND_ASSIGN_OR_RETURN(plan.only, tuf::RoleName::Parse(request->role()));
    }
    RecordedLeftovers leftovers(parts_.state);
    Sender sender(*writer);
    RIND_ASSIGN_OR_RETURN(const CheckSummary summary,
                          CheckRepository(parts_.files, plan, leftovers, sender));
    pb::CheckEvent event;
    auto* message = event.mutable_summary();
    message->set_roles(summary.roles);
    message->set_targets(summary.targets);
    message->set_bytes(summary.bytes);
    message->set_differences(summary.differences);
    message->set_unreadable(summary.unreadable);
    return sender.Send(event);
  });
}

}  // namespace rind::delegation_manager
