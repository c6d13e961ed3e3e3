// Keys as files, each sealed under the passphrase: <name>.key, and <name>.pub beside it for people.
//
// Promise: files have mode 0600 and the folder 0700; a key file or folder that group or others can
// read is refused. The seed is only ever in guarded memory and in the sealed file
// (docs/formats/sealed-file.md). A .pub that is not its key's is found when the key is opened.
// Threading: thread-safe; `files` and `random` must outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/keystore/key_store.h"
#include "common/sealing/sealed_file.h"

namespace rind::keystore {

class EncryptedFileKeyStore final : public KeyStore {
 public:
  // The folder is made by the first Create().
  EncryptedFileKeyStore(FileSystem& files, Random& random, std::string folder,
                        SecretBytes passphrase, sealing::Cost cost = sealing::Cost::Default());

  StatusOr<PublicKey> Create(const std::string& name) override;
  StatusOr<std::map<std::string, PublicKey>> PublicKeys() const override;
  StatusOr<std::unique_ptr<PrivateSigner>> Open(const std::string& name) const override;
  Status Destroy(const std::string& name) override;

  // Takes a key that was made elsewhere (its 32 bytes); AlreadyExists when there is one.
  StatusOr<PublicKey> Import(const std::string& name, const SecretBytes& seed);
  // The key as PEM for another tool, encrypted under `passphrase` (pem_key.h).
  StatusOr<std::string> Export(const std::string& name, const SecretBytes& passphrase) const;

 private:
  StatusOr<SecretBytes> OpenSeed(const std::string& name) const;
  std::string KeyPath(const std::string& name) const;
  std::string PublicPath(const std::string& name) const;

  FileSystem& files_;
  Random& random_;
  std::string folder_;
  SecretBytes passphrase_;
  sealing::Cost cost_;
};

}  // namespace rind::keystore
