// TUF documents to bytes.
//
// Promise: canonical JSON, the same bytes for the same value, always; docs/formats/metadata.md
// fixes them. Decode(Encode(x)) is x. Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/tuf/model/documents.h"

namespace rind::tuf {

// The `signed` part: what is signed.
std::string EncodeCanonical(const Root& root);
std::string EncodeCanonical(const Timestamp& timestamp);
std::string EncodeCanonical(const Snapshot& snapshot);
std::string EncodeCanonical(const Targets& targets);

// The file: {"signatures":[...],"signed":<canonical>}, signatures sorted by key id, no white space.
std::string EncodeEnvelope(std::string_view canonical, std::vector<Signature> signatures);

// The canonical JSON of a key object: what a key id is the sha256 of.
std::string EncodeKey(const Key& key);

}  // namespace rind::tuf
