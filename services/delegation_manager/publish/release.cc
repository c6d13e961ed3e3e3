#include "services/delegation_manager/publish/release.h"

#include <array>
#include <utility>

#include "common/base/text.h"
#include "services/delegation_manager/publish/byte_codec.h"

namespace rind::delegation_manager {
namespace {

constexpr std::uint64_t kFormat = 3;
constexpr std::array kSteps = {ReleaseStep::kContent, ReleaseStep::kSnapshot,
                               ReleaseStep::kTimestamp};

// Out is a ByteWriter or a ByteCounter.
template <typename Out>
void Put(Out& out, const Sha256Digest& digest) {
  out.Text(digest.Bytes());
}
template <typename Out>
void Put(Out& out, absl::Time time) {
  out.Int(static_cast<std::uint64_t>(absl::ToUnixSeconds(time)));
}
template <typename Out>
void Put(Out& out, tuf::Version version) {
  out.Int(static_cast<std::uint64_t>(version.value()));
}

template <typename Out>
void Put(Out& out, const Vouched& vouched) {
  out.Text(vouched.evidence.statement);
  out.Text(vouched.evidence.key_id);
  out.Text(vouched.evidence.signature);
  out.Int(vouched.targets.size());
  for (const ProvenTarget& target : vouched.targets) {
    out.Text(target.target.path.text());
    out.Int(target.target.length);
    Put(out, target.target.sha256);
    out.Int(target.index);
    out.Int(target.path.size());
    for (const Sha256Digest& node : target.path) Put(out, node);
  }
}

template <typename Out>
void Put(Out& out, const SignedClaim& claim) {
  out.Text(claim.statement);
  out.Int(claim.signatures.size());
  for (const StatementSignature& signature : claim.signatures) {
    out.Text(signature.key_id);
    out.Text(signature.signature);
  }
}

template <typename Out>
void Put(Out& out, const SignedReceipt& receipt) {
  out.Text(receipt.statement);
  out.Text(receipt.key_id);
  out.Text(receipt.signature);
}

template <typename Out>
void Put(Out& out, const RoleFile& file) {
  out.Text(file.role.text());
  out.Text(file.bytes);
}

template <typename Out>
void Put(Out& out, const AskedDocument& asked);
template <typename Out>
void Put(Out& out, const SignedRole& role);
template <typename Out>
void Put(Out& out, const StagedPage& page);
template <typename Out>
void Put(Out& out, const DirtyBin& bin);
template <typename Out>
void Put(Out& out, const RefusedRole& refused);

template <typename Out, typename Element>
void PutAll(Out& out, const std::vector<Element>& elements) {
  out.Int(elements.size());
  for (const Element& element : elements) Put(out, element);
}

template <typename Out>
void Put(Out& out, const AskedDocument& asked) {
  const DocumentToSign& document = asked.document;
  out.Text(document.role.text());
  Put(out, asked.version);
  Put(out, asked.expires);
  out.Text(document.canonical);
  out.Text(document.previous);
  PutAll(out, document.vouched);
  PutAll(out, document.authorisations);
  PutAll(out, document.receipts);
  PutAll(out, document.files);
}

template <typename Out>
void Put(Out& out, const SignedRole& role) {
  out.Text(role.role.text());
  Put(out, role.version);
  Put(out, role.expires);
  out.Text(role.file);
}

template <typename Out>
void Put(Out& out, const StagedPage& page) {
  out.Text(page.path.text());
  Put(out, page.sha256);
  out.Text(page.content);
  out.Int(page.change);
}

template <typename Out>
void Put(Out& out, const DirtyBin& bin) {
  out.Int(bin.bin);
  out.Int(bin.change);
}

template <typename Out>
void Put(Out& out, const RefusedRole& refused) {
  out.Text(refused.role.text());
  Put(out, refused.version);
  out.Text(refused.rule);
  out.Text(refused.text);
}

template <typename Out>
void Put(Out& out, const Release& release) {
  out.Int(kFormat);
  out.Text(NameOf(release.step));
  out.Int(release.timestamp_only ? 1 : 0);
  out.Int(release.must_publish ? 1 : 0);
  out.Int(release.change);
  out.Text(release.recently_claimed_dirty);
  out.Text(release.project_list_dirty);
  PutAll(out, release.bins);
  PutAll(out, release.pages);
  PutAll(out, release.files);
  PutAll(out, release.asked);
  PutAll(out, release.receipts);
  PutAll(out, release.refused);
  PutAll(out, release.withheld);
  out.Text(release.parked);
}

Status Get(ByteReader& in, Sha256Digest& digest) {
  RIND_ASSIGN_OR_RETURN(digest, Sha256Digest::FromBytes(in.View()));
  return OkStatus();
}
Status Get(ByteReader& in, tuf::RoleName& role) {
  RIND_ASSIGN_OR_RETURN(role, tuf::RoleName::Parse(in.View()));
  return OkStatus();
}
Status Get(ByteReader& in, tuf::Version& version) {
  RIND_ASSIGN_OR_RETURN(version, tuf::Version::Create(static_cast<std::int64_t>(in.Int())));
  return OkStatus();
}
absl::Time GetTime(ByteReader& in) {
  return absl::FromUnixSeconds(static_cast<std::int64_t>(in.Int()));
}

Status GetProven(ByteReader& in, std::vector<ProvenTarget>& targets) {
  RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(in.View()));
  ProvenTarget target{{std::move(path), in.Int(), {}}, 0, {}};
  RIND_RETURN_IF_ERROR(Get(in, target.target.sha256));
  target.index = in.Int();
  target.path.resize(in.Count());
  for (Sha256Digest& node : target.path) RIND_RETURN_IF_ERROR(Get(in, node));
  targets.push_back(std::move(target));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<Vouched>& all) {
  Vouched vouched;
  vouched.evidence.statement = in.Text();
  vouched.evidence.key_id = in.Text();
  vouched.evidence.signature = in.Text();
  for (std::size_t left = in.Count(); left > 0; --left) {
    RIND_RETURN_IF_ERROR(GetProven(in, vouched.targets));
  }
  all.push_back(std::move(vouched));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<SignedClaim>& all) {
  SignedClaim claim;
  claim.statement = in.Text();
  claim.signatures.resize(in.Count());
  for (StatementSignature& signature : claim.signatures) {
    signature.key_id = in.Text();
    signature.signature = in.Text();
  }
  all.push_back(std::move(claim));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<SignedReceipt>& all) {
  SignedReceipt receipt;
  receipt.statement = in.Text();
  receipt.key_id = in.Text();
  receipt.signature = in.Text();
  all.push_back(std::move(receipt));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<RoleFile>& all) {
  RoleFile file;
  RIND_RETURN_IF_ERROR(Get(in, file.role));
  file.bytes = in.Text();
  all.push_back(std::move(file));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<AskedDocument>& all);
Status GetElement(ByteReader& in, std::vector<SignedRole>& all);
Status GetElement(ByteReader& in, std::vector<StagedPage>& all);
Status GetElement(ByteReader& in, std::vector<DirtyBin>& all);
Status GetElement(ByteReader& in, std::vector<RefusedRole>& all);

template <typename Element>
Status GetAll(ByteReader& in, std::vector<Element>& all) {
  for (std::size_t left = in.Count(); left > 0; --left) {
    RIND_RETURN_IF_ERROR(GetElement(in, all));
  }
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<AskedDocument>& all) {
  AskedDocument asked;
  RIND_RETURN_IF_ERROR(Get(in, asked.document.role));
  RIND_RETURN_IF_ERROR(Get(in, asked.version));
  asked.expires = GetTime(in);
  asked.document.canonical = in.Text();
  asked.document.previous = in.Text();
  RIND_RETURN_IF_ERROR(GetAll(in, asked.document.vouched));
  RIND_RETURN_IF_ERROR(GetAll(in, asked.document.authorisations));
  RIND_RETURN_IF_ERROR(GetAll(in, asked.document.receipts));
  RIND_RETURN_IF_ERROR(GetAll(in, asked.document.files));
  all.push_back(std::move(asked));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<SignedRole>& all) {
  SignedRole role;
  RIND_RETURN_IF_ERROR(Get(in, role.role));
  RIND_RETURN_IF_ERROR(Get(in, role.version));
  role.expires = GetTime(in);
  role.file = in.Text();
  all.push_back(std::move(role));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<StagedPage>& all) {
  RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(in.View()));
  StagedPage page{std::move(path), {}, {}, 0};
  RIND_RETURN_IF_ERROR(Get(in, page.sha256));
  page.content = in.Text();
  page.change = in.Int();
  all.push_back(std::move(page));
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<DirtyBin>& all) {
  DirtyBin bin;
  bin.bin = static_cast<std::uint32_t>(in.Int());
  bin.change = in.Int();
  all.push_back(bin);
  return OkStatus();
}

Status GetElement(ByteReader& in, std::vector<RefusedRole>& all) {
  RefusedRole refused;
  RIND_RETURN_IF_ERROR(Get(in, refused.role));
  RIND_RETURN_IF_ERROR(Get(in, refused.version));
  refused.rule = in.Text();
  refused.text = in.Text();
  all.push_back(std::move(refused));
  return OkStatus();
}

Status Read(ByteReader& in, Release& release) {
  if (const std::uint64_t format = in.Int(); format != kFormat) {
    return DataLoss(Cat("format ", format, ", wanted ", kFormat));
  }
  RIND_ASSIGN_OR_RETURN(release.step, ParseReleaseStep(in.View()));
  release.timestamp_only = in.Int() != 0;
  release.must_publish = in.Int() != 0;
  release.change = in.Int();
  release.recently_claimed_dirty = in.Text();
  release.project_list_dirty = in.Text();
  RIND_RETURN_IF_ERROR(GetAll(in, release.bins));
  RIND_RETURN_IF_ERROR(GetAll(in, release.pages));
  RIND_RETURN_IF_ERROR(GetAll(in, release.files));
  RIND_RETURN_IF_ERROR(GetAll(in, release.asked));
  RIND_RETURN_IF_ERROR(GetAll(in, release.receipts));
  RIND_RETURN_IF_ERROR(GetAll(in, release.refused));
  RIND_RETURN_IF_ERROR(GetAll(in, release.withheld));
  release.parked = in.Text();
  return in.Finish("journal");
}

}  // namespace

std::string_view NameOf(ReleaseStep step) {
  switch (step) {
    case ReleaseStep::kContent:
      return "content";
    case ReleaseStep::kSnapshot:
      return "snapshot";
    case ReleaseStep::kTimestamp:
      return "timestamp";
  }
  return "";
}

StatusOr<ReleaseStep> ParseReleaseStep(std::string_view name) {
  for (const ReleaseStep step : kSteps) {
    if (NameOf(step) == name) return step;
  }
  return DataLoss(Cat("step '", Printable(name), "' is none of a release"));
}

const SignedRole* FindSigned(const Release& release, const tuf::RoleName& role) {
  for (const SignedRole& file : release.files) {
    if (file.role == role) return &file;
  }
  return nullptr;
}

std::string Encode(const Release& release) {
  // Of many bins it is some 100 MB: growing would take twice as much.
  ByteCounter counter;
  Put(counter, release);
  ByteWriter out(counter.size());
  Put(out, release);
  return out.Take();
}

StatusOr<Release> DecodeRelease(std::string_view payload) {
  Release release;
  ByteReader in(payload);
  const Status status = Read(in, release);
  if (!status.ok()) return DataLoss(Cat("journal of a release: ", MessageOf(status)));
  return release;
}

std::string MetadataName(const tuf::RoleName& role, tuf::Version version) {
  if (role == tuf::RoleName(tuf::TopLevelRole::kTimestamp)) return "timestamp.json";
  return Cat(version.value(), ".", role.FileName(), ".json");
}

}  // namespace rind::delegation_manager
