// Loaded before libsodium (LD_PRELOAD, ld.so(8)): one of its functions is wrong. Which one, the
// variable LIE_OF_SODIUM says.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

bool lies_about(std::string_view what) {
    const char* const chosen = std::getenv("LIE_OF_SODIUM");
    return chosen != nullptr && what == chosen;
}

template <class Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int sodium_init() { return lies_about("init") ? -1 : real<int()>("sodium_init")(); }

// As a function does that failed and whose result nobody looks at: the buffer stays as it is.
int crypto_hash_sha256(unsigned char* out, const unsigned char* in, unsigned long long size) {
    using Hash = int(unsigned char*, const unsigned char*, unsigned long long);
    return lies_about("sha256") ? -1 : real<Hash>("crypto_hash_sha256")(out, in, size);
}

int crypto_hash_sha512(unsigned char* out, const unsigned char* in, unsigned long long size) {
    using Hash = int(unsigned char*, const unsigned char*, unsigned long long);
    return lies_about("sha512") ? -1 : real<Hash>("crypto_hash_sha512")(out, in, size);
}

int crypto_sign_verify_detached(const unsigned char* signature, const unsigned char* message,
                                unsigned long long size, const unsigned char* key) {
    using Verify =
        int(const unsigned char*, const unsigned char*, unsigned long long, const unsigned char*);
    if (lies_about("accept")) return 0;
    if (lies_about("refuse")) return -1;
    return real<Verify>("crypto_sign_verify_detached")(signature, message, size, key);
}

}  // extern "C"
