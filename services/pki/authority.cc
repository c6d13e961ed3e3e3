#include "services/pki/authority.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "common/base/text.h"

namespace rind::pki {
namespace {

constexpr std::uint64_t kMaxPemBytes = 64ULL * 1024;
constexpr std::size_t kMaxNameBytes = 63;  // of a DNS label
constexpr std::uint64_t kMaxUserId = 0xFFFFFFFE;
// Clocks of services may be behind ours by this much.
constexpr absl::Duration kClockSlack = absl::Minutes(5);

constexpr char kCa[] = "ca.pem";
constexpr char kCertificate[] = "certificate.pem";
constexpr char kKey[] = "key.pem";

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '-' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// A plain file's bytes; a symbolic link that a service might have left is no file.
StatusOr<std::string> ReadPlain(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.kind != FileKind::kFile) return InvalidArgument(Cat(path, ": is no plain file"));
  return files.Read(path, kMaxPemBytes);
}

StatusOr<PrivateKey> LoadKey(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const std::string pem, ReadPlain(files, path));
  auto key = PrivateKey::FromPem(pem);
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

StatusOr<Certificate> LoadCertificate(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const std::string pem, ReadPlain(files, path));
  auto certificate = Certificate::FromPem(pem);
  if (!certificate.ok()) return Annotate(certificate.status(), path);
  return certificate;
}

Validity From(absl::Time now, absl::Duration life) { return {now - kClockSlack, now + life}; }

bool Exists(const FileReader& files, const std::string& path) {
  return files.Stat(path).status().code() != absl::StatusCode::kNotFound;
}

// The key goes first: a key without a certificate is completed, never the other way round.
Status MakeAuthority(FileSystem& files, absl::Time now, Random& random, const std::string& folder) {
  RIND_RETURN_IF_ERROR(files.MakeDirectories(folder, 0700));
  RIND_ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::Generate());
  RIND_ASSIGN_OR_RETURN(const Certificate certificate,
                        Certificate::MakeAuthority(key, From(now, kAuthorityLife), random));
  RIND_ASSIGN_OR_RETURN(const std::string key_pem, key.Pem());
  RIND_ASSIGN_OR_RETURN(const std::string certificate_pem, certificate.Pem());
  RIND_RETURN_IF_ERROR(files.Replace(JoinPath(folder, kKey), key_pem, 0600));
  return files.Replace(JoinPath(folder, kCa), certificate_pem, 0644);
}

}  // namespace

StatusOr<Order> Order::Parse(std::string_view text) {
  Order order;
  const std::size_t equals = text.find('=');
  order.name = std::string(text.substr(0, equals));
  if (!IsName(order.name)) {
    return InvalidArgument(
        Cat("--issue '", Printable(text), "': wanted NAME=FOLDER[:UID], NAME of a-z, 0-9 and '-'"));
  }
  std::string_view rest = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    const auto owner = ParseUnsigned(rest.substr(colon + 1), kMaxUserId);
    if (!owner) {
      return InvalidArgument(Cat("--issue '", Printable(text), "': wanted a user id after ':'"));
    }
    order.owner = static_cast<unsigned>(*owner);
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) {
    return InvalidArgument(Cat("--issue '", Printable(text), "': wanted a folder after '='"));
  }
  order.folder = std::string(rest);
  return order;
}

Authority::Authority(FileSystem& files, const Clock& clock, Random& random, PrivateKey key,
                     Certificate certificate, AppendFile log)
    : files_(files),
      clock_(clock),
      random_(random),
      key_(std::move(key)),
      certificate_(std::move(certificate)),
      log_(std::move(log)) {}

StatusOr<Authority> Authority::Open(FileSystem& files, const Clock& clock, Random& random,
                                    const std::string& folder) {
  const std::string ca_path = JoinPath(folder, kCa);
  const std::string key_path = JoinPath(folder, kKey);
  const bool has_ca = Exists(files, ca_path);
  if (has_ca && !Exists(files, key_path)) {
    return FailedPrecondition(Cat(key_path, ": is missing while ", ca_path, " is there"));
  }
  if (!has_ca) RIND_RETURN_IF_ERROR(MakeAuthority(files, clock.Now(), random, folder));
  RIND_ASSIGN_OR_RETURN(PrivateKey key, LoadKey(files, key_path));
  RIND_ASSIGN_OR_RETURN(Certificate certificate, LoadCertificate(files, ca_path));
  if (!certificate.BelongsTo(key)) {
    return FailedPrecondition(Cat(key_path, ": is not the key of ", ca_path));
  }
  RIND_ASSIGN_OR_RETURN(const absl::Time until, certificate.ValidUntil());
  if (until < clock.Now() + kLeafLife) {
    return FailedPrecondition(Cat(ca_path, ": is valid until ", FormatUtc(until),
                                  ", too short to issue from; move the folder away for a new one"));
  }
  RIND_ASSIGN_OR_RETURN(AppendFile log, AppendFile::Open(JoinPath(folder, "issued.log"), 0600));
  return Authority(files, clock, random, std::move(key), std::move(certificate), std::move(log));
}

// Why the order's certificate can't stay, or OK.
Status Authority::IsGood(const Order& order, const PrivateKey& key) const {
  RIND_ASSIGN_OR_RETURN(const Certificate leaf,
                        LoadCertificate(files_, JoinPath(order.folder, kCertificate)));
  RIND_ASSIGN_OR_RETURN(const std::string name, leaf.DnsName());
  if (name != order.name || !leaf.BelongsTo(key) || !leaf.IsSignedBy(certificate_)) {
    return FailedPrecondition("another name, key or authority");
  }
  RIND_ASSIGN_OR_RETURN(const std::string ca, ReadPlain(files_, JoinPath(order.folder, kCa)));
  RIND_ASSIGN_OR_RETURN(const std::string our_ca, certificate_.Pem());
  if (ca != our_ca) return FailedPrecondition("another ca.pem");
  RIND_ASSIGN_OR_RETURN(const absl::Time until, leaf.ValidUntil());
  if (until - clock_.Now() <= kRenewBefore) return FailedPrecondition("near its end");
  return OkStatus();
}

StatusOr<std::string> Authority::Fulfil(const Order& order) {
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(order.folder, 0755));
  auto key = LoadKey(files_, JoinPath(order.folder, kKey));
  const bool had_key = key.ok();
  if (had_key && IsGood(order, *key).ok()) {
    RIND_ASSIGN_OR_RETURN(const Certificate leaf,
                          LoadCertificate(files_, JoinPath(order.folder, kCertificate)));
    RIND_ASSIGN_OR_RETURN(const absl::Time until, leaf.ValidUntil());
    return Cat(order.name, ": valid until ", FormatUtc(until), ", kept");
  }
  if (!had_key) {
    key = PrivateKey::Generate();
    RIND_RETURN_IF_ERROR(key.status());
    RIND_ASSIGN_OR_RETURN(const std::string pem, key->Pem());
    RIND_RETURN_IF_ERROR(Write(order, kKey, pem, 0600));
  }
  RIND_ASSIGN_OR_RETURN(const std::string until, Issue(order, *key));
  return Cat(order.name, ": valid until ", until,
             had_key ? ", renewed" : ", new key and certificate");
}

StatusOr<std::string> Authority::Issue(const Order& order, const PrivateKey& key) {
  const absl::Time now = clock_.Now();
  RIND_ASSIGN_OR_RETURN(
      const Certificate leaf,
      Certificate::MakeLeaf(certificate_, key_, key, order.name, From(now, kLeafLife), random_));
  RIND_ASSIGN_OR_RETURN(const absl::Time until, leaf.ValidUntil());
  RIND_RETURN_IF_ERROR(log_.Append(Cat(FormatUtc(now), " ", order.name, " serial=",
                                       leaf.SerialHex(), " until=", FormatUtc(until), "\n")));
  RIND_RETURN_IF_ERROR(log_.Sync());
  RIND_ASSIGN_OR_RETURN(const std::string ca_pem, certificate_.Pem());
  RIND_ASSIGN_OR_RETURN(const std::string leaf_pem, leaf.Pem());
  RIND_RETURN_IF_ERROR(Write(order, kCa, ca_pem, 0644));
  RIND_RETURN_IF_ERROR(Write(order, kCertificate, leaf_pem, 0644));
  return FormatUtc(until);
}

Status Authority::Write(const Order& order, std::string_view name, std::string_view bytes,
                        std::uint32_t mode) {
  const std::string path = JoinPath(order.folder, name);
  RIND_RETURN_IF_ERROR(files_.Replace(path, bytes, mode));
  if (!order.owner) return OkStatus();
  const auto group = static_cast<gid_t>(-1);  // as it is
  if (lchown(path.c_str(), static_cast<uid_t>(*order.owner), group) != 0) {
    return PermissionDenied(
        Cat(path, ": can't be given to user ", *order.owner, ": ", std::strerror(errno)));
  }
  return OkStatus();
}

}  // namespace rind::pki
