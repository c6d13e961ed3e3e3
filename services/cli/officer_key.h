// The claims officer's key: it authorises which keys a project's are (docs/formats/statements.md).
//
// Promise: the private half goes to `path` (mode 0600, sealed when a passphrase is given), the
// public half as hexadecimal text to another file. Threading: pure function.
#pragma once

#include <string>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::cli {

// "officer.pub" for "officer.key", "x.pub" for "x".
std::string PublicHalfPath(const std::string& path);

// The public half in hexadecimal. AlreadyExists when there is a file already.
StatusOr<std::string> MakeOfficerKey(FileSystem& files, const std::string& path,
                                     const std::string& public_path, const SecretBytes* passphrase,
                                     Random& random);

}  // namespace rind::cli
