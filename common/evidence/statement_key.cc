#include "common/evidence/statement_key.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind::evidence {
namespace {

constexpr std::string_view kPrefix = "rind-statement-v1\n";
constexpr std::string_view kPlainMagic = "rind-statement-key-v1\n";
constexpr std::string_view kPurpose = "rind statement key";
constexpr std::size_t kMaxKeyFile = 4096;

const unsigned char* Raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// The seed in `text` (a whole file), which is wiped.
StatusOr<SecretBytes> SeedOfPlainFile(std::string& text, const std::string& path) {
  std::string_view rest = text;
  rest.remove_prefix(kPlainMagic.size());
  auto seed = SecretBytes::Create(crypto_sign_SEEDBYTES);
  std::size_t length = 0;
  // The only writer of a key that stands in a file unencrypted; the file's copy is wiped below.
  const bool decoded =
      seed.ok() && rest.size() == 2 * crypto_sign_SEEDBYTES + 1 && rest.back() == '\n' &&
      sodium_hex2bin(seed->Write(SecretAccess::Grant()).data(), crypto_sign_SEEDBYTES, rest.data(),
                     rest.size() - 1, nullptr, &length, nullptr) == 0 &&
      length == crypto_sign_SEEDBYTES;
  sodium_memzero(text.data(), text.size());
  if (!seed.ok()) return seed.status();
  if (!decoded) return InvalidArgument(Cat(path, ": wanted 64 hexadecimal digits of a seed"));
  return seed;
}

}  // namespace

std::string StatementKeyId(const PublicKey& key) { return Sha256(key.identity()).Hex(); }

StatusOr<StatementKey> StatementKey::FromSeed(const SecretBytes& seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return InvalidArgument(
        Cat("statement key: a seed of ", seed.size(), " bytes: wanted ", crypto_sign_SEEDBYTES));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(crypto_sign_SECRETKEYBYTES));
  std::string raw(crypto_sign_PUBLICKEYBYTES, '\0');
  // To expand the seed.
  crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(raw.data()),
                           secret.Write(SecretAccess::Grant()).data(),
                           seed.Read(SecretAccess::Grant()).data());
  RIND_ASSIGN_OR_RETURN(PublicKey key, PublicKey::FromEd25519(raw));
  std::string id = StatementKeyId(key);
  return StatementKey(std::move(secret), std::move(key), std::move(id));
}

StatusOr<StatementKey> StatementKey::Generate(Random& random) {
  RIND_ASSIGN_OR_RETURN(SecretBytes seed, SecretBytes::Create(crypto_sign_SEEDBYTES));
  const auto bytes = seed.Write(SecretAccess::Grant());  // to fill a new seed
  random.Fill(bytes.data(), bytes.size());
  return FromSeed(seed);
}

StatusOr<StatementKey> StatementKey::Load(const FileReader& files, const std::string& path,
                                          const SecretBytes* passphrase) {
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.kind != FileKind::kFile || (info.mode & 077U) != 0) {
    return PermissionDenied(Cat(path, ": wanted a file that only its owner can read (mode 0600)"));
  }
  RIND_ASSIGN_OR_RETURN(std::string bytes, files.Read(path, kMaxKeyFile));
  if (!sealing::IsSealed(bytes)) {
    if (!bytes.starts_with(kPlainMagic)) return InvalidArgument(Cat(path, ": is no key file"));
    RIND_ASSIGN_OR_RETURN(const SecretBytes seed, SeedOfPlainFile(bytes, path));
    return FromSeed(seed);
  }
  if (passphrase == nullptr) {
    return FailedPrecondition(Cat(path, ": is sealed, and no passphrase was given"));
  }
  auto seed = sealing::Open(bytes, *passphrase, kPurpose);
  if (!seed.ok()) return Annotate(seed.status(), path);
  return FromSeed(*seed);
}

Status StatementKey::Save(FileSystem& files, const std::string& path, const SecretBytes* passphrase,
                          Random& random, const sealing::Cost& cost) const {
  if (files.Stat(path).ok()) return AlreadyExists(Cat(path, ": is there already"));
  RIND_ASSIGN_OR_RETURN(SecretBytes seed, SecretBytes::Create(crypto_sign_SEEDBYTES));
  // To write the seed, which is the first half of the secret key.
  const auto secret = secret_.Read(SecretAccess::Grant());
  const auto out = seed.Write(SecretAccess::Grant());
  std::copy_n(secret.begin(), out.size(), out.begin());
  if (passphrase != nullptr) {
    RIND_ASSIGN_OR_RETURN(const std::string sealed,
                          sealing::Seal(seed, *passphrase, kPurpose, cost, random));
    return files.Create(path, sealed, 0600);
  }
  std::string text = Cat(kPlainMagic, std::string(2 * crypto_sign_SEEDBYTES + 1, '\n'));
  sodium_bin2hex(text.data() + kPlainMagic.size(), 2 * crypto_sign_SEEDBYTES + 1, out.data(),
                 out.size());
  text.back() = '\n';
  Status status = files.Create(path, text, 0600);
  sodium_memzero(text.data(), text.size());
  return status;
}

std::string StatementKey::Sign(std::string_view statement) const {
  const std::string message = StatementMessage(statement);
  std::string signature(crypto_sign_BYTES, '\0');
  // The one place that signs statements; the prefix keeps them apart from TUF documents.
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, Raw(message),
                       message.size(), secret_.Read(SecretAccess::Grant()).data());
  return signature;
}

Status SavePublicKey(FileSystem& files, const std::string& path, const PublicKey& key) {
  return files.Create(path, Cat(ToHex(key.identity()), "\n"), 0644);
}

StatusOr<PublicKey> LoadPublicKey(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const std::string text, files.Read(path, kMaxKeyFile));
  auto key = PublicKey::Create(KeyScheme::kEd25519, Trim(text));
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

std::string StatementMessage(std::string_view statement) { return Cat(kPrefix, statement); }

Status VerifyStatement(const PublicKey& key, std::string_view statement,
                       std::string_view signature) {
  return key.Verify(StatementMessage(statement), signature);
}

}  // namespace rind::evidence
