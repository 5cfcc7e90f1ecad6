#include "worker/session/certificates.hpp"

#include <algorithm>

#include "worker/host/scanners/certificate.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::chrono::days kSoon{14};

}  // namespace

std::vector<CertificateEnd> ends_of(std::string_view ca, std::string_view client) {
    std::vector<CertificateEnd> ends;
    const auto add = [&](std::string_view setting, std::string_view pem) {
        if (pem.empty()) return;
        const auto file = parse_certificates(pem);
        const Certificate* first = nullptr;
        for (const auto which : relied_on(file.certificates)) {
            const auto& one = file.certificates.at(which);
            if (first == nullptr || one.not_after < first->not_after) first = &one;
        }
        if (first == nullptr) return;
        ends.push_back({std::string(setting), first->subject, first->not_after});
    };
    add("ca_file", ca);
    add("client_certificate_file", client);
    return ends;
}

void tell_ends(std::vector<Trouble>& all, const std::vector<CertificateEnd>& ends, UnixTime now) {
    for (const auto& one : ends) {
        if (one.until > now + kSoon) continue;
        const bool over = one.until <= now;
        all.push_back({.code = over ? "certificate-expired" : "certificate-expiring",
                       .since = over ? one.until : one.until - kSoon,
                       .why = one.setting + ": the certificate of \"" + one.subject + "\" " +
                              (over ? "ended at " : "ends at ") + format_utc(one.until) +
                              "; put a new one there" +
                              (one.setting == "ca_file" ? " and restart the agent" : "")});
    }
}

void describe_certificates(JsonWriter& json, const std::vector<CertificateEnd>& ends) {
    json.begin_array("certificates");
    for (const auto& one : ends) {
        json.begin_object()
            .put("setting", one.setting)
            .put("subject", one.subject)
            .put("until", format_utc(one.until))
            .end();
    }
    json.end();
}

}  // namespace bulkhead::worker
