// Frames by chance: noise, headers, and requests grown from the protocol's own declarations and
// then bent. The same seed gives the same frames.
#pragma once
#include <random>
#include <vector>

#include "common/protocol/codec.hpp"

namespace bulkhead::test {

class RandomFrames {
  public:
    // `descriptors` are what may ride along; borrowed.
    RandomFrames(unsigned seed, std::vector<int> descriptors);

    // Anything, never empty. Most of them break the protocol.
    protocol::Frame next();
    // A request that no gate may find fault with, but for Hello and for what would end a job.
    protocol::Frame next_valid();

  private:
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    Bytes noise(std::size_t size);
    protocol::Frame headed_noise();
    protocol::Frame request();
    void bend(Bytes& bytes);
    void shuffle_descriptors(protocol::Frame& frame);

    std::mt19937_64 engine_;
    std::vector<int> descriptors_;
};

}  // namespace bulkhead::test
