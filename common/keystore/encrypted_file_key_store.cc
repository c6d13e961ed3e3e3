#include "common/keystore/encrypted_file_key_store.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/keystore/pem_key.h"

namespace rind::keystore {
namespace {

constexpr std::size_t kMaxFileBytes = 4096;

class Ed25519Signer final : public PrivateSigner {
 public:
  static StatusOr<std::unique_ptr<PrivateSigner>> Create(const SecretBytes& seed) {
    if (seed.size() != crypto_sign_SEEDBYTES) {
      return InvalidArgument(
          Cat("a seed of ", seed.size(), " bytes: wanted ", crypto_sign_SEEDBYTES));
    }
    RIND_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(crypto_sign_SECRETKEYBYTES));
    std::string raw(crypto_sign_PUBLICKEYBYTES, '\0');
    // To expand the seed into the key that signs.
    crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(raw.data()),
                             secret.Write(SecretAccess::Grant()).data(),
                             seed.Read(SecretAccess::Grant()).data());
    RIND_ASSIGN_OR_RETURN(PublicKey key, PublicKey::FromEd25519(raw));
    return std::unique_ptr<PrivateSigner>(new Ed25519Signer(std::move(secret), std::move(key)));
  }

  const PublicKey& public_key() const override { return public_key_; }

  StatusOr<std::string> Sign(SigningPermit /*permit*/, std::string_view message) const override {
    std::string signature(crypto_sign_BYTES, '\0');
    // The one place that signs TUF documents.
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         secret_.Read(SecretAccess::Grant()).data());
    return signature;
  }

 private:
  Ed25519Signer(SecretBytes secret, PublicKey key)
      : secret_(std::move(secret)), public_key_(std::move(key)) {}
  SecretBytes secret_;
  PublicKey public_key_;
};

std::string PurposeOf(const std::string& name) { return Cat("rind key ", name); }

Status CheckPrivate(const FileReader& files, const std::string& path, FileKind kind) {
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.kind != kind) return PermissionDenied(Cat(path, ": is of the wrong kind"));
  if ((info.mode & 077U) != 0) {
    return PermissionDenied(Cat(path, ": its group or others may use it: wanted mode ",
                                kind == FileKind::kFile ? "0600" : "0700", " (chmod go= on it)"));
  }
  return OkStatus();
}

}  // namespace

Status CheckKeyName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  if (name.empty() || name.size() > 100 || name.front() == '.' || name.front() == '-' ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return InvalidArgument(Cat("key name '", Printable(name, 100),
                               "': wanted 1 to 100 of [a-z0-9.-], a letter or digit first"));
  }
  return OkStatus();
}

EncryptedFileKeyStore::EncryptedFileKeyStore(FileSystem& files, Random& random, std::string folder,
                                             SecretBytes passphrase, sealing::Cost cost)
    : files_(files),
      random_(random),
      folder_(std::move(folder)),
      passphrase_(std::move(passphrase)),
      cost_(cost) {}

std::string EncryptedFileKeyStore::KeyPath(const std::string& name) const {
  return JoinPath(folder_, Cat(name, ".key"));
}
std::string EncryptedFileKeyStore::PublicPath(const std::string& name) const {
  return JoinPath(folder_, Cat(name, ".pub"));
}

StatusOr<PublicKey> EncryptedFileKeyStore::Create(const std::string& name) {
  RIND_ASSIGN_OR_RETURN(SecretBytes seed, SecretBytes::Create(crypto_sign_SEEDBYTES));
  const auto bytes = seed.Write(SecretAccess::Grant());  // to fill a new seed
  random_.Fill(bytes.data(), bytes.size());
  return Import(name, seed);
}

StatusOr<PublicKey> EncryptedFileKeyStore::Import(const std::string& name,
                                                  const SecretBytes& seed) {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(folder_, 0700));
  RIND_RETURN_IF_ERROR(CheckPrivate(files_, folder_, FileKind::kDirectory));
  if (files_.Stat(KeyPath(name)).ok()) {
    return AlreadyExists(Cat(KeyPath(name), ": is there already; a key is never replaced"));
  }
  RIND_ASSIGN_OR_RETURN(const auto signer, Ed25519Signer::Create(seed));
  RIND_ASSIGN_OR_RETURN(const std::string sealed,
                        sealing::Seal(seed, passphrase_, PurposeOf(name), cost_, random_));
  RIND_RETURN_IF_ERROR(files_.Create(KeyPath(name), sealed, 0600));
  // After the key: a .pub without its key would name a key that nobody holds.
  RIND_RETURN_IF_ERROR(
      files_.Replace(PublicPath(name), Cat(ToHex(signer->public_key().identity()), "\n"), 0644));
  return signer->public_key();
}

StatusOr<std::map<std::string, PublicKey>> EncryptedFileKeyStore::PublicKeys() const {
  std::map<std::string, PublicKey> keys;
  RIND_ASSIGN_OR_RETURN(const auto entries, files_.List(folder_));
  for (const DirectoryEntry& entry : entries) {
    constexpr std::string_view kSuffix = ".pub";
    if (entry.kind != FileKind::kFile || !entry.name.ends_with(kSuffix)) continue;
    const std::string name = entry.name.substr(0, entry.name.size() - kSuffix.size());
    RIND_RETURN_IF_ERROR(CheckKeyName(name));
    RIND_ASSIGN_OR_RETURN(const std::string text, files_.Read(PublicPath(name), kMaxFileBytes));
    auto key = PublicKey::Create(KeyScheme::kEd25519, Trim(text));
    if (!key.ok()) return Annotate(key.status(), PublicPath(name));
    keys.emplace(name, *std::move(key));
  }
  return keys;
}

StatusOr<SecretBytes> EncryptedFileKeyStore::OpenSeed(const std::string& name) const {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  RIND_RETURN_IF_ERROR(CheckPrivate(files_, folder_, FileKind::kDirectory));
  RIND_RETURN_IF_ERROR(CheckPrivate(files_, KeyPath(name), FileKind::kFile));
  RIND_ASSIGN_OR_RETURN(const std::string sealed, files_.Read(KeyPath(name), kMaxFileBytes));
  auto seed = sealing::Open(sealed, passphrase_, PurposeOf(name));
  if (!seed.ok()) return Annotate(seed.status(), KeyPath(name));
  return seed;
}

StatusOr<std::string> EncryptedFileKeyStore::Export(const std::string& name,
                                                    const SecretBytes& passphrase) const {
  RIND_ASSIGN_OR_RETURN(const SecretBytes seed, OpenSeed(name));
  return WritePem(seed, passphrase, random_);
}

StatusOr<std::unique_ptr<PrivateSigner>> EncryptedFileKeyStore::Open(
    const std::string& name) const {
  RIND_ASSIGN_OR_RETURN(const SecretBytes seed, OpenSeed(name));
  RIND_ASSIGN_OR_RETURN(auto signer, Ed25519Signer::Create(seed));
  const std::string wanted = Cat(ToHex(signer->public_key().identity()), "\n");
  const auto published = files_.Read(PublicPath(name), kMaxFileBytes);
  if (absl::IsNotFound(published.status())) {
    // Create() was killed between its two files: the key is whole, only the copy for people is not.
    RIND_RETURN_IF_ERROR(files_.Create(PublicPath(name), wanted, 0644));
  } else if (!published.ok()) {
    return published.status();
  } else if (*published != wanted) {
    return DataLoss(Cat(PublicPath(name), ": is not the public half of ", KeyPath(name)));
  }
  return signer;
}

Status EncryptedFileKeyStore::Destroy(const std::string& name) {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  RIND_RETURN_IF_ERROR(files_.Remove(KeyPath(name)));
  const Status status = files_.Remove(PublicPath(name));
  return absl::IsNotFound(status) ? OkStatus() : status;
}

}  // namespace rind::keystore
