#include "services/cli/operator_client.h"

#include <grpcpp/grpcpp.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"

#include "rind/delegation/v1/operator.grpc.pb.h"

namespace rind::cli {
namespace {

namespace pb = rind::delegation::v1;

// A question is answered at once; a release may build every bin; a check may read every blob.
constexpr absl::Duration kAsk = absl::Seconds(30);
constexpr absl::Duration kRelease = absl::Minutes(10);
constexpr absl::Duration kLong = absl::Hours(12);

RoleStatus RoleOf(const pb::RoleStatus& in) {
  return {.role = in.role(),
          .version = in.version(),
          .expires = absl::FromUnixSeconds(in.expires()),
          .threshold = in.threshold(),
          .key_ids = {in.key_ids().begin(), in.key_ids().end()},
          .signed_by = in.signed_by(),
          .count = in.count()};
}

RepositoryStatus StatusOf(const pb::GetStatusResponse& in) {
  RepositoryStatus out;
  out.created = in.created();
  out.repository_id = in.repository_id();
  out.bins = in.bins();
  out.profile = in.profile();
  for (const auto& role : in.roles()) out.roles.push_back(RoleOf(role));
  for (const auto& service : in.services()) {
    out.services.push_back(
        {service.name(), service.serving(), service.version(), service.detail()});
  }
  out.projects = in.projects();
  out.files = in.files();
  out.targets = in.targets();
  out.bytes = in.bytes();
  out.waiting = in.waiting();
  out.last_ingest = in.last_ingest();
  out.serial = in.serial();
  out.next_action = in.next_action();
  out.next_action_time = in.next_action_time();
  out.next_ceremony = in.next_ceremony();
  out.next_ceremony_role = in.next_ceremony_role();
  out.claims = {in.claims().begin(), in.claims().end()};
  out.refusals = {in.refusals().begin(), in.refusals().end()};
  out.now = absl::FromUnixSeconds(in.now());
  out.last_error = in.last_error();
  return out;
}

ReleaseResult ReleaseOf(const pb::ReleaseResponse& in) {
  ReleaseResult out = {.published = in.published(),
                       .snapshot_version = in.snapshot_version(),
                       .timestamp_version = in.timestamp_version(),
                       .changed_roles = in.changed_roles(),
                       .milliseconds = in.milliseconds(),
                       .refused = {}};
  for (const auto& refused : in.refused()) {
    out.refused.push_back({refused.role(), refused.rule(), refused.text()});
  }
  return out;
}

DifferenceKind KindOf(pb::DifferenceKind kind) {
  switch (kind) {
    case pb::DIFFERENCE_KIND_WRONG:
      return DifferenceKind::kWrong;
    case pb::DIFFERENCE_KIND_MISSING:
      return DifferenceKind::kMissing;
    case pb::DIFFERENCE_KIND_UNLISTED:
      return DifferenceKind::kUnlisted;
    default:  // a newer manager's kind is one that we can't judge
      return DifferenceKind::kUnreadable;
  }
}

Claim ClaimOf(const pb::Claim& in) {
  Claim out;
  out.project = in.project();
  out.state = in.state();
  out.statement = in.request().statement();
  for (const auto& signature : in.request().signatures()) {
    out.signatures.push_back({signature.key_id(), signature.signature()});
  }
  out.since = in.since();
  out.detail = in.detail();
  return out;
}

class GrpcOperatorClient final : public OperatorClient {
 public:
  GrpcOperatorClient(const std::shared_ptr<grpc::Channel>& channel, std::string_view address)
      : stub_(pb::Operator::NewStub(channel)), where_(Cat("delegation-manager at ", address)) {}

  Status Create(std::uint32_t bins, const std::string& profile,
                const OnProgress& progress) override {
    pb::CreateRequest request;
    request.set_bins(bins);
    request.set_profile(profile);
    grpc::ClientContext context;
    rpc::Prepare(context, kLong);
    const auto reader = stub_->Create(&context, request);
    pb::Progress event;
    while (reader->Read(&event)) progress(event.step(), event.done(), event.total());
    return From(reader->Finish());
  }

  StatusOr<ReleaseResult> Release(bool force) override {
    pb::ReleaseRequest request;
    request.set_force(force);
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::Release, request, kRelease));
    return ReleaseOf(response);
  }

  StatusOr<ReleaseResult> Timestamp() override {
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::Timestamp, pb::TimestampRequest(), kRelease));
    return ReleaseOf(response);
  }

  StatusOr<RepositoryStatus> GetStatus() override {
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::GetStatus, pb::GetStatusRequest(), kAsk));
    return StatusOf(response);
  }

  StatusOr<CheckSummary> Check(const std::string& role, bool data,
                               const std::function<void(const Difference&)>& difference,
                               const OnProgress& progress) override {
    pb::CheckRequest request;
    request.set_role(role);
    request.set_data(data);
    grpc::ClientContext context;
    rpc::Prepare(context, kLong);
    const auto reader = stub_->Check(&context, request);
    CheckSummary summary;
    bool complete = false;
    pb::CheckEvent event;
    while (reader->Read(&event)) {
      switch (event.event_case()) {
        case pb::CheckEvent::kDifference:
          difference({KindOf(event.difference().kind()), event.difference().what(),
                      event.difference().detail()});
          break;
        case pb::CheckEvent::kProgress:
          progress(event.progress().step(), event.progress().done(), event.progress().total());
          break;
        case pb::CheckEvent::kSummary:
          complete = true;
          summary = {.roles = event.summary().roles(),
                     .targets = event.summary().targets(),
                     .bytes = event.summary().bytes(),
                     .differences = event.summary().differences(),
                     .unreadable = event.summary().unreadable()};
          break;
        case pb::CheckEvent::EVENT_NOT_SET:
          break;
      }
    }
    RIND_RETURN_IF_ERROR(From(reader->Finish()));
    if (!complete) return DataLoss(Cat(where_, ": the check ended without a summary"));
    return summary;
  }

  StatusOr<DestroyPlan> PlanDestroy(bool blobs) override {
    pb::PlanDestroyRequest request;
    request.set_blobs(blobs);
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::PlanDestroy, request, kAsk));
    return DestroyPlan{{response.will_delete().begin(), response.will_delete().end()},
                       response.token()};
  }

  StatusOr<std::vector<std::string>> Destroy(const std::string& token, bool blobs) override {
    pb::DestroyRequest request;
    request.set_token(token);
    request.set_blobs(blobs);
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::Destroy, request, kRelease));
    return std::vector<std::string>(response.deleted().begin(), response.deleted().end());
  }

  StatusOr<ClientBundle> GetClientBundle() override {
    RIND_ASSIGN_OR_RETURN(const auto response, Call(&pb::Operator::Stub::GetClientBundle,
                                                    pb::GetClientBundleRequest(), kAsk));
    return ClientBundle{response.root(), ToHex(response.root_sha256()), response.repository_id()};
  }

  StatusOr<std::vector<Claim>> ListClaims(bool waiting_only) override {
    pb::ListClaimsRequest request;
    request.set_waiting_only(waiting_only);
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::ListClaims, request, kAsk));
    std::vector<Claim> out;
    for (const auto& claim : response.claims()) out.push_back(ClaimOf(claim));
    return out;
  }

  StatusOr<std::string> SubmitAuthorisation(const Claim& authorised) override {
    pb::SubmitAuthorisationRequest request;
    request.mutable_authorisation()->set_statement(authorised.statement);
    for (const StatementSignature& signature : authorised.signatures) {
      auto& out = *request.mutable_authorisation()->add_signatures();
      out.set_key_id(signature.key_id);
      out.set_signature(signature.signature);
    }
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::SubmitAuthorisation, request, kRelease));
    return response.state();
  }

  StatusOr<Promotion> Promote(const std::vector<std::string>& projects, bool all) override {
    pb::PromoteRequest request;
    for (const std::string& project : projects) request.add_projects(project);
    request.set_all(all);
    RIND_ASSIGN_OR_RETURN(const auto response, Call(&pb::Operator::Stub::Promote, request, kAsk));
    return Promotion{response.proposal_id(),
                     {response.projects().begin(), response.projects().end()}};
  }

  StatusOr<PromotionState> GetPromotion(const std::string& proposal_id) override {
    pb::GetPromotionRequest request;
    request.set_proposal_id(proposal_id);
    RIND_ASSIGN_OR_RETURN(const auto response,
                          Call(&pb::Operator::Stub::GetPromotion, request, kRelease));
    return PromotionState{response.state(), response.detail(), response.claimed_version()};
  }

 private:
  template <typename Request, typename Response>
  StatusOr<Response> Call(grpc::Status (pb::Operator::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Response*),
                          const Request& request, absl::Duration deadline) {
    grpc::ClientContext context;
    rpc::Prepare(context, deadline);
    Response response;
    RIND_RETURN_IF_ERROR(From((stub_.get()->*method)(&context, request, &response)));
    return response;
  }

  Status From(const grpc::Status& status) const { return Annotate(rpc::FromGrpc(status), where_); }

  std::unique_ptr<pb::Operator::Stub> stub_;
  std::string where_;
};

}  // namespace

std::string_view NameOf(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kWrong:
      return "wrong";
    case DifferenceKind::kMissing:
      return "missing";
    case DifferenceKind::kUnlisted:
      return "unlisted";
    case DifferenceKind::kUnreadable:
      return "unreadable";
  }
  return "unreadable";
}

StatusOr<std::unique_ptr<OperatorClient>> OperatorClient::Connect(const ClientSettings& settings) {
  RIND_ASSIGN_OR_RETURN(const auto channel, rpc::Connect({.address = settings.manager,
                                                          .peer = "delegation-manager",
                                                          .tls = settings.tls}));
  return std::unique_ptr<OperatorClient>(
      std::make_unique<GrpcOperatorClient>(channel, settings.manager));
}

}  // namespace rind::cli
