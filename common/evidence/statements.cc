#include "common/evidence/statements.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace rind::evidence {
namespace {

using Json = nlohmann::json;
using tuf::CanonicalWriter;

constexpr std::string_view kEvidenceType = "rind-evidence";
constexpr std::string_view kReceiptType = "rind-receipt";
constexpr std::string_view kClaimType = "rind-claim";
constexpr std::size_t kMaxStatementBytes = 64ULL * 1024;
constexpr std::size_t kMaxClaimKeys = 64;

void Member(CanonicalWriter& writer, std::string_view name, std::string_view value) {
  writer.Name(name);
  writer.String(value);
}
void Member(CanonicalWriter& writer, std::string_view name, std::int64_t value) {
  writer.Name(name);
  writer.Integer(value);
}

// A statement whose members are taken one by one. The first problem is kept; its caller compares
// the statement's encoding with the bytes, so a member that was not asked for is found there.
class Reader {
 public:
  static StatusOr<Reader> Open(std::string_view canonical, std::string_view type) {
    if (canonical.size() > kMaxStatementBytes) {
      return InvalidArgument(
          Cat(type, ": ", canonical.size(), " bytes: wanted at most ", kMaxStatementBytes));
    }
    // The strict parser first: no duplicates, no floats, bounded depth (SECURITY.md P-02 to P-06).
    auto again = tuf::Canonicalise(canonical);
    if (!again.ok()) return Annotate(again.status(), type);
    if (*again != canonical) return InvalidArgument(Cat(type, ": is not canonical JSON"));
    Json json = Json::parse(canonical, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return InvalidArgument(Cat(type, ": wanted an object"));
    Reader reader(std::move(json), type);
    const std::string found = reader.Text("_type");
    if (found != type) {
      return InvalidArgument(Cat("statement of type '", Printable(found, 40), "': wanted ", type));
    }
    return reader;
  }

  std::string Text(const char* name) {
    const auto member = json_.find(name);
    if (member == json_.end() || !member->is_string()) {
      Problem(name, "wanted a string");
      return {};
    }
    return member->get<std::string>();
  }
  std::int64_t Number(const char* name) {
    const auto member = json_.find(name);
    if (member == json_.end() || !member->is_number_integer() || *member < 0) {
      Problem(name, "wanted a whole number of at least 0");
      return 0;
    }
    return member->get<std::int64_t>();
  }
  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> out;
    const auto member = json_.find(name);
    if (member == json_.end() || !member->is_array() ||
        !std::all_of(member->begin(), member->end(), [](const Json& j) { return j.is_string(); })) {
      Problem(name, "wanted a list of strings");
      return out;
    }
    for (const Json& value : *member) out.push_back(value.get<std::string>());
    return out;
  }
  // The value of `parsed`, or a problem about `name` and `fallback`.
  template <typename T>
  T Take(const char* name, StatusOr<T> parsed, T fallback) {
    if (parsed.ok()) return *std::move(parsed);
    Problem(name, MessageOf(parsed.status()));
    return fallback;
  }
  std::string Project() {
    std::string project = Text("project");
    if (!IsNormalised(project)) Problem("project", "wanted a normalised name");
    return project;
  }
  std::string Repository() {
    std::string id = Text("repository");
    if (id.empty() || id.size() > 64) Problem("repository", "wanted 1 to 64 characters");
    return id;
  }
  absl::Time Time(const char* name) { return Take(name, ParseUtc(Text(name)), absl::UnixEpoch()); }
  Sha256Digest Digest(const char* name) {
    return Take(name, Sha256Digest::FromHex(Text(name)), Sha256Digest());
  }
  void Problem(const char* name, std::string_view what) {
    if (problem_.empty()) problem_ = Cat(type_, ".", name, ": ", what);
  }
  Status Finish(std::string_view encoded_again, std::string_view canonical) const {
    if (!problem_.empty()) return InvalidArgument(problem_);
    if (encoded_again != canonical) {
      return InvalidArgument(Cat(type_, ": holds members that are not its own"));
    }
    return OkStatus();
  }

 private:
  Reader(Json json, std::string_view type) : json_(std::move(json)), type_(type) {}

  // PEP 503: runs of [a-z0-9] joined by single "-".
  static bool IsNormalised(std::string_view name) {
    if (name.empty() || name.size() > 128 || name.front() == '-' || name.back() == '-')
      return false;
    char before = 0;
    for (const char c : name) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter && (c != '-' || before == '-')) return false;
      before = c;
    }
    return true;
  }

  Json json_;
  std::string type_;
  std::string problem_;
};

}  // namespace

std::string Encode(const EvidenceStatement& statement) {
  CanonicalWriter writer;
  writer.BeginObject();
  Member(writer, "_type", kEvidenceType);
  Member(writer, "count", static_cast<std::int64_t>(statement.count));
  Member(writer, "project", statement.project);
  Member(writer, "repository", statement.repository);
  Member(writer, "serial", statement.serial);
  Member(writer, "targets_root", statement.targets_root.Hex());
  Member(writer, "time", FormatUtc(statement.time));
  writer.EndObject();
  return writer.Take();
}

StatusOr<EvidenceStatement> DecodeEvidence(std::string_view canonical) {
  RIND_ASSIGN_OR_RETURN(Reader reader, Reader::Open(canonical, kEvidenceType));
  EvidenceStatement statement;
  statement.count = static_cast<std::uint64_t>(reader.Number("count"));
  statement.project = reader.Project();
  statement.repository = reader.Repository();
  statement.serial = reader.Number("serial");
  statement.targets_root = reader.Digest("targets_root");
  statement.time = reader.Time("time");
  RIND_RETURN_IF_ERROR(reader.Finish(Encode(statement), canonical));
  return statement;
}

std::string Encode(const ReceiptStatement& statement) {
  CanonicalWriter writer;
  writer.BeginObject();
  Member(writer, "_type", kReceiptType);
  Member(writer, "length", static_cast<std::int64_t>(statement.length));
  Member(writer, "repository", statement.repository);
  Member(writer, "role", statement.role.text());
  Member(writer, "sha256", statement.sha256.Hex());
  Member(writer, "version", statement.version.value());
  writer.EndObject();
  return writer.Take();
}

StatusOr<ReceiptStatement> DecodeReceipt(std::string_view canonical) {
  RIND_ASSIGN_OR_RETURN(Reader reader, Reader::Open(canonical, kReceiptType));
  ReceiptStatement statement;
  statement.length = static_cast<std::uint64_t>(reader.Number("length"));
  statement.repository = reader.Repository();
  statement.role = reader.Take("role", tuf::RoleName::Parse(reader.Text("role")), statement.role);
  statement.sha256 = reader.Digest("sha256");
  statement.version =
      reader.Take("version", tuf::Version::Create(reader.Number("version")), statement.version);
  RIND_RETURN_IF_ERROR(reader.Finish(Encode(statement), canonical));
  return statement;
}

std::string Encode(const ClaimStatement& statement) {
  CanonicalWriter writer;
  writer.BeginObject();
  Member(writer, "_type", kClaimType);
  Member(writer, "expires", FormatUtc(statement.expires));
  writer.Name("keys");
  writer.BeginArray();
  for (const PublicKey& key : statement.keys) writer.String(key.material());
  writer.EndArray();
  Member(writer, "project", statement.project);
  Member(writer, "repository", statement.repository);
  Member(writer, "threshold", statement.threshold.value());
  writer.EndObject();
  return writer.Take();
}

StatusOr<ClaimStatement> DecodeClaim(std::string_view canonical) {
  RIND_ASSIGN_OR_RETURN(Reader reader, Reader::Open(canonical, kClaimType));
  ClaimStatement statement;
  statement.expires = reader.Time("expires");
  const std::vector<std::string> keys = reader.Texts("keys");
  if (keys.empty() || keys.size() > kMaxClaimKeys) {
    reader.Problem("keys", Cat("wanted 1 to ", kMaxClaimKeys));
  } else if (std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()) != keys.end()) {
    reader.Problem("keys", "wanted each once, sorted");
  } else {
    for (const std::string& material : keys) {
      auto key = PublicKey::Create(KeyScheme::kEd25519, material);
      if (!key.ok()) {
        reader.Problem("keys", MessageOf(key.status()));
        break;
      }
      statement.keys.push_back(*std::move(key));
    }
  }
  statement.project = reader.Project();
  statement.repository = reader.Repository();
  statement.threshold = reader.Take("threshold", tuf::Threshold::Create(reader.Number("threshold")),
                                    statement.threshold);
  if (static_cast<std::size_t>(statement.threshold.value()) > statement.keys.size()) {
    reader.Problem("threshold", "wanted at most one for each key");
  }
  RIND_RETURN_IF_ERROR(reader.Finish(Encode(statement), canonical));
  return statement;
}

}  // namespace rind::evidence
