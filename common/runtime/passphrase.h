// Passphrases from a file, a descriptor or a person; never from an argument or the environment.
//
// Promise: straight into guarded memory; the line end is not part of it. A file that others than
// its owner can read is refused, so is an empty passphrase. Threading: pure functions; one prompt
// at a time.
#pragma once

#include <string>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::runtime {

inline constexpr std::size_t kMaxPassphraseBytes = 1024;

// FailedPrecondition when group or others may read the file.
StatusOr<SecretBytes> ReadPassphraseFile(const FileReader& files, const std::string& path);
// The first line of an open descriptor (a pipe, an inherited file); it stays open.
StatusOr<SecretBytes> ReadPassphraseDescriptor(int descriptor);
// Asks on the terminal without echo; FailedPrecondition when there is none.
StatusOr<SecretBytes> AskPassphrase(const std::string& prompt);
// The one that was asked for: descriptor N when `arguments` hold "--passphrase-fd" "N", else the
// file at `path`, else (path "") a person.
StatusOr<SecretBytes> ChoosePassphrase(const FileReader& files, const std::string& path,
                                       const std::vector<std::string>& arguments,
                                       const std::string& prompt);

}  // namespace rind::runtime
