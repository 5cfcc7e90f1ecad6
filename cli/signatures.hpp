// Signatures of a manifest, as authors hand them on: checked by the key that each names itself.
#pragma once
#include <string>
#include <string_view>

#include "common/approval/public_key.hpp"
#include "common/approval/sshsig.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

// The key that a signature claims to be by. It is compared with no list of keys, so it proves no
// approval. It serves to tell an author early that a signature is of another file, and whose it is.
Result<approval::PublicKey> claimed_key(ByteView blob);

// An error unless it is a signature of the manifest by the key that it names, in the namespace.
// `file` is the manifest's name, for advice.
Result<> check_signature(ByteView blob, std::string_view manifest, const std::string& file,
                         std::string_view name_space = approval::kNamespace);

// Adds to `signatures` those in a file which are signatures of the manifest, but for those that are
// `there` already. `where` the manifest is, as a word of a shell command, for advice.
Result<> add_signatures(const std::string& file, std::string_view manifest,
                        const std::string& where, std::string_view name_space,
                        std::vector<Bytes>& there, std::string& signatures);

// Reads a file of signatures. A last line without LF is accepted, as ssh-keygen(1) does. Characters
// that neither accepts usually come from an editor or terminal and are invisible, so the error says
// how to remove them.
Result<std::string> read_signatures(const std::string& file);

}  // namespace bulkhead::cli
