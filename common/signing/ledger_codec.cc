#include "common/signing/ledger_codec.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind::signing {
namespace {

constexpr char kIdentity = 'H';
constexpr char kIntent = 'I';
constexpr char kDone = 'S';

class Writer {
 public:
  void Byte(char value) { out_.push_back(value); }
  void Number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>(value >> shift));
  }
  void Signed(std::int64_t value) { Number(static_cast<std::uint64_t>(value)); }
  void Time(absl::Time value) { Signed(absl::ToUnixSeconds(value)); }
  void Text(std::string_view value) {
    Number(value.size());
    out_.append(value);
  }
  void Digest(const Sha256Digest& value) { out_.append(value.Bytes()); }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote; after a problem everything is zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  char Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? '\0' : byte[0];
  }
  std::uint64_t Number() {
    const std::string_view bytes = Take(8);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }
  std::int64_t Signed() { return static_cast<std::int64_t>(Number()); }
  absl::Time Time() { return absl::FromUnixSeconds(Signed()); }
  std::string Text() { return std::string(Take(static_cast<std::size_t>(Number()))); }
  // How many items of at least `least` bytes follow.
  std::uint64_t Count(std::size_t least) {
    const std::uint64_t count = Number();
    if (count > rest_.size() / least) Fail();
    return ok_ ? count : 0;
  }
  Sha256Digest Digest() {
    auto digest = Sha256Digest::FromBytes(Take(32));
    if (!digest.ok()) {
      Fail();
      return {};
    }
    return *digest;
  }
  tuf::RoleName Role() {
    auto role = tuf::RoleName::Parse(Text());
    if (!role.ok()) {
      Fail();
      return tuf::TopLevelRole::kTargets;
    }
    return *std::move(role);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void Put(Writer& out, const LedgerIdentity& identity) {
  out.Byte(kIdentity);
  out.Text(identity.repository);
  out.Text(identity.signer);
  out.Number(identity.keys.size());
  for (const auto& [role, key] : identity.keys) {
    out.Text(role);
    out.Text(key);
  }
}

void Put(Writer& out, const Intent& intent) {
  out.Byte(kIntent);
  out.Text(intent.role.text());
  out.Signed(intent.version);
  out.Digest(intent.digest);
  out.Time(intent.expires);
  out.Time(intent.time);
  out.Number(intent.departed.size());
  for (const Tombstone& tombstone : intent.departed) {
    out.Digest(tombstone.path);
    out.Digest(tombstone.sha256);
    out.Signed(tombstone.serial);
    out.Time(tombstone.departed);
  }
  out.Byte(intent.root.has_value() ? '\1' : '\0');
  if (intent.root.has_value()) {
    out.Signed(intent.root->version);
    out.Text(intent.root->bytes);
  }
  out.Number(intent.offline.size());
  for (const auto& [role, version] : intent.offline) {
    out.Text(role);
    out.Signed(version);
  }
}

void Put(Writer& out, const Done& done) {
  out.Byte(kDone);
  out.Text(done.role.text());
  out.Signed(done.version);
  out.Text(done.key_id);
  out.Text(done.signature);
  out.Digest(done.file_sha256);
  out.Number(done.file_length);
}

LedgerIdentity TakeIdentity(Reader& in) {
  LedgerIdentity identity;
  identity.repository = in.Text();
  identity.signer = in.Text();
  for (std::uint64_t left = in.Count(16); left > 0; --left) {
    const std::string role = in.Text();
    identity.keys[role] = in.Text();
  }
  return identity;
}

Intent TakeIntent(Reader& in) {
  Intent intent;
  intent.role = in.Role();
  intent.version = in.Signed();
  intent.digest = in.Digest();
  intent.expires = in.Time();
  intent.time = in.Time();
  for (std::uint64_t left = in.Count(80); left > 0; --left) {
    Tombstone tombstone;
    tombstone.path = in.Digest();
    tombstone.sha256 = in.Digest();
    tombstone.serial = in.Signed();
    tombstone.departed = in.Time();
    intent.departed.push_back(tombstone);
  }
  if (in.Byte() == '\1') {
    const std::int64_t version = in.Signed();
    intent.root = PinnedRoot{version, in.Text()};
  }
  for (std::uint64_t left = in.Count(16); left > 0; --left) {
    const std::string role = in.Text();
    intent.offline[role] = in.Signed();
  }
  return intent;
}

Done TakeDone(Reader& in) {
  Done done;
  done.role = in.Role();
  done.version = in.Signed();
  done.key_id = in.Text();
  done.signature = in.Text();
  done.file_sha256 = in.Digest();
  done.file_length = in.Number();
  return done;
}

// False when the payload is not a list of records, although its checksum holds.
bool TakeRecords(std::string_view payload, std::vector<LedgerRecord>& out) {
  Reader in(payload);
  while (in.ok() && !in.empty()) {
    switch (in.Byte()) {
      case kIdentity:
        out.emplace_back(TakeIdentity(in));
        break;
      case kIntent:
        out.emplace_back(TakeIntent(in));
        break;
      case kDone:
        out.emplace_back(TakeDone(in));
        break;
      default:
        in.Fail();
    }
  }
  return in.ok();
}

std::string LengthBytes(std::size_t length) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(length >> shift));
  return out;
}

}  // namespace

std::string EncodeFrame(const std::vector<LedgerRecord>& records) {
  Writer writer;
  for (const LedgerRecord& record : records) {
    std::visit([&](const auto& value) { Put(writer, value); }, record);
  }
  const std::string payload = writer.Take();
  const std::string length = LengthBytes(payload.size());
  return Cat(length, Sha256(length).Bytes().substr(0, 4), payload,
             Sha256(payload).Bytes().substr(0, kFrameTrailerBytes));
}

Frame DecodeFrame(std::string_view bytes) {
  Frame frame;
  if (bytes.size() < kFrameHeaderBytes) {
    frame.kind = Frame::Kind::kTorn;
    return frame;
  }
  const std::string_view length_bytes = bytes.substr(0, 4);
  if (Sha256(length_bytes).Bytes().substr(0, 4) != bytes.substr(4, 4)) {
    // Where this frame would end is unknown, so what stands behind it is too. Only zeros to the end
    // are surely a write that never arrived.
    const bool zeros = bytes.find_first_not_of('\0') == std::string_view::npos;
    frame.kind = zeros ? Frame::Kind::kTorn : Frame::Kind::kDamaged;
    return frame;
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(length_bytes[i])) << (8 * i);
  }
  const std::size_t size = kFrameHeaderBytes + length + kFrameTrailerBytes;
  if (size > bytes.size()) {
    frame.kind = Frame::Kind::kTorn;
    return frame;
  }
  const std::string_view payload = bytes.substr(kFrameHeaderBytes, length);
  if (length > kMaxFrameBytes || Sha256(payload).Bytes().substr(0, kFrameTrailerBytes) !=
                                     bytes.substr(kFrameHeaderBytes + length, kFrameTrailerBytes)) {
    frame.kind = size == bytes.size() ? Frame::Kind::kTorn : Frame::Kind::kDamaged;
    return frame;
  }
  frame.size = size;
  if (!TakeRecords(payload, frame.records)) frame.kind = Frame::Kind::kDamaged;
  return frame;
}

}  // namespace rind::signing
