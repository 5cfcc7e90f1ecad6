// Writes the seeds of protocol_fuzz.cpp: each request, reply and event, empty and filled.
//   protocol-seeds tests/fuzz/corpus/protocol
#include <cstdio>
#include <fstream>

#include "tests/common/protocol/random_message.hpp"

using namespace bulkhead;

namespace {

template <class T>
void write(const std::string& path, unsigned kind, std::uint16_t id, const T& message) {
    const auto frame = protocol::encode(id, kind == 2 ? 0 : 1, message).value();
    const auto first = static_cast<char>(kind << 6 | frame.descriptors.size());
    std::ofstream(path, std::ios::binary) << first << as_text(frame.bytes);
}

template <class T>
void both(const std::string& path, unsigned kind, std::uint16_t id) {
    // Of a few random ones the shortest, so that the fuzzer starts with small inputs.
    std::size_t best = ~std::size_t{0};
    for (unsigned seed = 0; seed < 30; ++seed) {
        const auto message = protocol::RandomValues(seed).make<T>();
        const auto size = protocol::encode(id, 1, message).value().bytes.size();
        if (size >= best) continue;
        best = size;
        write(path + "-filled", kind, id, message);
    }
    write(path + "-empty", kind, id, T{});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::string folder = std::string(argv[1]) + "/";
    const auto pair = [&]<class M> {
        both<M>(folder + std::string(M::spec.name), 0, M::spec.id);
        both<typename M::Reply>(folder + std::string(M::spec.name) + "-reply", 1, M::spec.id);
    };
    protocol::Requests::each(pair);
    protocol::ReaderRequests::each(pair);
    protocol::LoaderRequests::each(pair);
    protocol::Events::each(
        [&]<class M> { both<M>(folder + std::string(M::spec.name), 2, M::spec.id); });
}
