// Owners of OpenSSL's objects.
#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

namespace bulkhead::worker::openssl {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
struct FreeMemory {
    void operator()(void* memory) const { OPENSSL_free(memory); }
};

using Bio = std::unique_ptr<BIO, Deleter<&BIO_free>>;
using X509Owner = std::unique_ptr<X509, Deleter<&X509_free>>;
using NamesOwner = std::unique_ptr<GENERAL_NAMES, Deleter<&GENERAL_NAMES_free>>;
template <class T>
using Memory = std::unique_ptr<T, FreeMemory>;

// Refers to `bytes`, which must outlive it.
inline Bio bio_of(std::string_view bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace bulkhead::worker::openssl
