// The proxy that the environment names. Its variables are read here and by nothing else: libcurl is
// given the result, and the worker's own environment has none of them.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "worker/config/config.hpp"

namespace bulkhead::worker {

struct EnvironmentProxy {
    Proxy proxy;            // for https alone; no url where the environment names none
    std::string variable;   // that names it
    std::string problem;    // what is wrong with it; repeats no part of it
    std::string ignored;    // a variable that would count for plain http
    std::string senseless;  // what is said of entries of NO_PROXY that can match nothing

    // What has no effect for this backend, for the log.
    std::vector<std::string> remarks(const BackendConfig& backend) const;
};

// Of https_proxy, HTTPS_PROXY, all_proxy and ALL_PROXY the first that is not empty counts, of
// no_proxy and NO_PROXY too: the order of libcurl (libcurl-env(3)).
EnvironmentProxy read_environment_proxy(const std::map<std::string, std::string>& environment);

}  // namespace bulkhead::worker
