#include "worker/broker/kernel_features.hpp"

namespace bulkhead::worker {

void take_trials(BpfSupport& support, const protocol::FeaturesReply& reply) {
    if (!reply.probed) return;
    auto& trials = support.trials.emplace();
    for (const auto& feature : reply.features.items) {
        trials.insert_or_assign(feature.name.str(),
                                BpfTrial{.works = feature.works, .why = feature.why.str()});
        if (feature.name.str() == "btf") support.btf = feature.works;
    }
}

}  // namespace bulkhead::worker
