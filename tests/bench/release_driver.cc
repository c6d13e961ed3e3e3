// Plays syncer and operator against a running system and times how long releases take.
//
//   release_driver --home FOLDER --manager ADDRESS --targets N --projects N --runs N
//
// It vouches with the home's own evidence key and calls with the home's own certificates, as the
// real programs do: N targets in so many projects, one release for all of them, then for each run
// one project with five new wheels, their metadata and its two pages. Prints one line of JSON.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/pypi/index_page.h"
#include "common/rpc/channel.h"

#include "rind/delegation/v1/ingest.grpc.pb.h"
#include "rind/delegation/v1/operator.grpc.pb.h"

namespace rind {
namespace {

namespace pb = delegation::v1;

constexpr std::string_view kPeer = "delegation-manager";
constexpr absl::Duration kDeadline = absl::Minutes(5);
constexpr int kNewWheels = 5;
// Files that stand for the content of all wheels; what a wheel holds makes no difference here.
constexpr int kBlobs = 500;

struct Blob {
  std::string bytes;
  Sha256Digest sha256;
};

struct Options {
  std::string home, manager;
  int targets = 0, projects = 0, runs = 0;
};

std::string Milliseconds(absl::Duration duration) {
  return Cat(absl::ToInt64Microseconds(duration) / 1000, ".",
             absl::ToInt64Microseconds(duration) % 1000 / 100);
}

rpc::PeerOptions PeerAs(const Options& options, std::string_view tls) {
  const std::string folder = JoinPath(options.home, tls);
  return {.address = options.manager,
          .peer = std::string(kPeer),
          .tls = {.ca = JoinPath(folder, "ca.pem"),
                  .certificate = JoinPath(folder, "certificate.pem"),
                  .key = JoinPath(folder, "key.pem")}};
}

class Driver {
 public:
  static StatusOr<Driver> Connect(const Options& options) {
    LocalFileSystem files;
    RIND_ASSIGN_OR_RETURN(
        auto key, evidence::StatementKey::Load(
                      files, JoinPath(options.home, "mirror-syncer/evidence.key"), nullptr));
    RIND_ASSIGN_OR_RETURN(const auto syncer, rpc::Connect(PeerAs(options, "mirror-syncer/tls")));
    RIND_ASSIGN_OR_RETURN(const auto person, rpc::Connect(PeerAs(options, "tls")));
    Driver driver(options, std::move(key), pb::Ingest::NewStub(syncer),
                  pb::Operator::NewStub(person));
    RIND_RETURN_IF_ERROR(driver.MakeBlobs(files));
    grpc::ClientContext context;
    rpc::Prepare(context, kDeadline);
    pb::GetRepositoryResponse repository;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(driver.ingest_->GetRepository(&context, {}, &repository)));
    driver.repository_ = repository.repository_id();
    return driver;
  }

  // All projects, one call each as a syncer makes them.
  StatusOr<absl::Duration> IngestAll() {
    const absl::Time begin = clock_.Now();
    // Two pages; each wheel comes with its metadata. At least as many as were asked for.
    const int each = (options_.targets + options_.projects - 1) / options_.projects;
    const int wheels = (each - 1) / 2;
    for (int i = 0; i < options_.projects; ++i) {
      const std::string project = Cat("bench-", i);
      AddWheels(project, wheels);
      RIND_RETURN_IF_ERROR(Ingest(project));
    }
    return clock_.Now() - begin;
  }

  Status IngestNewRelease(int run) {
    const std::string project = Cat("bench-", run * 37 % options_.projects);
    AddWheels(project, kNewWheels);
    return Ingest(project);
  }

  StatusOr<pb::ReleaseResponse> Release() {
    grpc::ClientContext context;
    rpc::Prepare(context, kDeadline);
    pb::ReleaseResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(operator_->Release(&context, {}, &response)));
    if (!response.published()) return FailedPrecondition("nothing was published");
    return response;
  }

  int targets() const { return targets_; }
  const std::string& last_wheel() const { return last_wheel_; }

 private:
  using Paths = std::map<std::string, const Blob*>;

  Driver(Options options, evidence::StatementKey key, std::unique_ptr<pb::Ingest::Stub> ingest,
         std::unique_ptr<pb::Operator::Stub> operations)
      : options_(std::move(options)),
        key_(std::move(key)),
        ingest_(std::move(ingest)),
        operator_(std::move(operations)) {}

  Status MakeBlobs(LocalFileSystem& files) {
    std::vector<std::string> paths;
    for (int i = 0; i < kBlobs; ++i) {
      Blob blob{Cat("content of wheel ", i), {}};
      blob.sha256 = Sha256(blob.bytes);
      const std::string hex = blob.sha256.Hex();
      paths.push_back(JoinPath(options_.home, Cat("blobs/sha256/", hex.substr(0, 2), "/", hex)));
      blobs_.push_back(std::move(blob));
    }
    std::vector<NewFile> batch;
    for (int i = 0; i < kBlobs; ++i) batch.push_back({paths[i], blobs_[i].bytes});
    return files.CreateMany(batch, 0644, 0755);
  }

  void AddWheels(const std::string& project, int count) {
    Paths& paths = projects_[project];
    const auto have = static_cast<int>(paths.size() / 2);
    std::string name = project;
    std::replace(name.begin(), name.end(), '-', '_');
    for (int i = have; i < have + count; ++i) {
      const Blob* blob = &blobs_[static_cast<std::size_t>(++next_blob_ % kBlobs)];
      last_wheel_ = Cat("files/", project, "/", name, "-1.", i, "-py3-none-any.whl");
      paths[last_wheel_] = blob;
      paths[Cat(last_wheel_, ".metadata")] = blob;
    }
  }

  Status Ingest(const std::string& project) {
    const Paths& paths = projects_[project];
    pb::IngestProjectRequest request;
    request.set_project(project);
    request.set_serial(++serial_);
    RIND_ASSIGN_OR_RETURN(const auto name, pypi::ProjectName::Parse(project));
    std::vector<evidence::VouchedTarget> targets;
    std::vector<pypi::PublishedFile> files;
    for (const auto& [text, blob] : paths) {
      RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(text));
      targets.push_back({std::move(path), blob->bytes.size(), blob->sha256});
      if (text.ends_with(".metadata")) continue;
      RIND_ASSIGN_OR_RETURN(auto distribution,
                            pypi::Distribution::Parse(text.substr(text.rfind('/') + 1), name));
      files.push_back(
          {std::move(distribution), blob->sha256, blob->bytes.size(), blob->sha256, {}});
    }
    request.set_index_html(pypi::RenderIndexHtml(name, files));
    request.set_index_json(pypi::RenderIndexJson(name, files));
    for (const auto& [page, content] : {std::pair("index.html", &request.index_html()),
                                        std::pair("index.json", &request.index_json())}) {
      RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(Cat("simple/", project, "/", page)));
      targets.push_back({std::move(path), content->size(), Sha256(*content)});
    }
    for (const evidence::VouchedTarget& target : targets) {
      auto& message = *request.add_targets();
      message.set_path(target.path.text());
      message.set_length(target.length);
      message.set_sha256(std::string(target.sha256.Bytes()));
    }
    const std::string statement = evidence::Encode(
        evidence::EvidenceStatement{.repository = repository_,
                                    .project = project,
                                    .serial = serial_,
                                    .time = clock_.Now(),
                                    .count = targets.size(),
                                    .targets_root = evidence::MerkleRoot(targets)});
    request.mutable_evidence()->set_statement(statement);
    request.mutable_evidence()->set_key_id(key_.key_id());
    request.mutable_evidence()->set_signature(key_.Sign(statement));
    grpc::ClientContext context;
    rpc::Prepare(context, kDeadline);
    pb::IngestProjectResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(ingest_->IngestProject(&context, request, &response)));
    targets_ += static_cast<int>(response.added());
    return OkStatus();
  }

  Options options_;
  evidence::StatementKey key_;
  std::unique_ptr<pb::Ingest::Stub> ingest_;
  std::unique_ptr<pb::Operator::Stub> operator_;
  SystemClock clock_;
  std::string repository_, last_wheel_;
  std::vector<Blob> blobs_;
  std::map<std::string, Paths> projects_;
  std::int64_t serial_ = 0;
  int next_blob_ = 0;
  int targets_ = 0;
};

StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> given;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) given[arguments[i]] = arguments[i + 1];
  const auto number = [&](const char* name) {
    return static_cast<int>(ParseUnsigned(given[name], 10'000'000).value_or(0));
  };
  Options options{given["--home"], given["--manager"], number("--targets"), number("--projects"),
                  number("--runs")};
  if (options.home.empty() || options.manager.empty() || options.runs < 1 || options.projects < 1 ||
      options.targets / options.projects < 4) {
    return InvalidArgument(
        "usage: release_driver --home FOLDER --manager ADDRESS --targets N --projects N --runs N; "
        "at least 4 targets a project");
  }
  return options;
}

Status Run(const std::vector<std::string>& arguments) {
  const SystemClock clock;
  RIND_ASSIGN_OR_RETURN(const Options options, ParseOptions(arguments));
  RIND_ASSIGN_OR_RETURN(Driver driver, Driver::Connect(options));
  RIND_ASSIGN_OR_RETURN(const absl::Duration ingested, driver.IngestAll());
  const int targets = driver.targets();
  std::fprintf(stderr, "%d targets ingested in %s ms\n", targets, Milliseconds(ingested).c_str());
  const absl::Time bulk_begin = clock.Now();
  RIND_ASSIGN_OR_RETURN(const auto bulk, driver.Release());
  const absl::Duration bulk_took = clock.Now() - bulk_begin;
  std::fprintf(stderr, "one release of all in %s ms\n", Milliseconds(bulk_took).c_str());
  std::string ingests;
  std::string totals;
  std::string roles;
  for (int run = 0; run < options.runs; ++run) {
    const absl::Time begin = clock.Now();
    RIND_RETURN_IF_ERROR(driver.IngestNewRelease(run));
    const absl::Time recorded = clock.Now();
    RIND_ASSIGN_OR_RETURN(const auto released, driver.Release());
    const char* comma = run == 0 ? "" : ", ";
    ingests.append(Cat(comma, Milliseconds(recorded - begin)));
    totals.append(Cat(comma, Milliseconds(clock.Now() - begin)));
    roles.append(Cat(comma, released.changed_roles()));
  }
  std::printf(
      "{\"targets\": %d, \"projects\": %d, \"ingest_all_ms\": %s, \"bulk_release_ms\": %s, "
      "\"bulk_roles\": %u, \"ingest_ms\": [%s], \"published_ms\": [%s], \"roles\": [%s], "
      "\"last_wheel\": \"%s\"}\n",
      targets, options.projects, Milliseconds(ingested).c_str(), Milliseconds(bulk_took).c_str(),
      bulk.changed_roles(), ingests.c_str(), totals.c_str(), roles.c_str(),
      driver.last_wheel().c_str());
  return OkStatus();
}

}  // namespace
}  // namespace rind

int main(int argc, char** argv) {
  const rind::Status status = rind::Run({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::fprintf(stderr, "release_driver: %s\n", status.ToString().c_str());
  return 1;
}
