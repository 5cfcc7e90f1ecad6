#include "worker/host/scanners/sshd_keywords.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "common/base/parse.hpp"
#include "worker/host/scanners/sshd_line.hpp"

namespace bulkhead::worker {

namespace {

using Value = SshdKeyword::Value;

// Keywords that are alike.
struct Row {
    std::string_view names;
    bool in_match;
    Value value;
    std::string_view choices;
};

constexpr Row kRows[] = {
    {"acceptenv allowgroups allowusers authorizedkeyscommand authorizedkeysfile "
     "authorizedkeysfile2 authorizedprincipalscommand channeltimeout denygroups "
     "denyusers forcecommand gssapidelegatecredentials gssapienablek5users ipqos "
     "kerberosauthentication kerberosuniqueccache kerberosusekuserok logverbose "
     "pamservicename permitlisten permitopen pubkeyauthoptions refuseconnection "
     "rekeylimit rhostsrsaauthentication rsaauthentication rsaminsize setenv",
     true, Value::any, ""},
    {"afstokenpassing checkmail debianbanner gssapicleanupcredentials gssapicleanupcreds "
     "gssapikexalgorithms gssapikeyexchange gssapistorecredentialsonrekey "
     "gssapistrictacceptorcheck gssapiusesessioncredcache gssusesessionccache kerberosgetafstoken "
     "kerberosorlocalpasswd kerberostgtpassing kerberosticketcleanup "
     "keyregenerationinterval listenaddress pamauthenticationviakbdint permitblacklistedkeys "
     "persourcepenalties persourcepenaltyexemptlist protocol reversemappingcheck "
     "rhostsauthentication serverkeybits sshdauthpath sshdsessionpath subsystem "
     "useblacklist useblocklist uselogin useprivilegeseparation verifyreversemapping "
     "versionaddendum",
     false, Value::any, ""},
    {"loglevel", true, Value::choice, "quiet fatal error info verbose debug debug1 debug2 debug3"},
    {"allowagentforwarding challengeresponseauthentication disableforwarding "
     "exposeauthinfo gssapiauthentication hostbasedauthentication "
     "hostbasedusesnamefrompacketonly kbdinteractiveauthentication "
     "passwordauthentication permitemptypasswords permittty permituserrc "
     "pubkeyauthentication skeyauthentication streamlocalbindunlink x11forwarding "
     "x11uselocalhost",
     true, Value::choice, "yes no"},
    {"allowstreamlocalforwarding allowtcpforwarding", true, Value::choice,
     "yes no all local remote"},
    {"gatewayports", true, Value::choice, "yes no clientspecified"},
    {"permittunnel", true, Value::choice, "yes no point-to-point ethernet"},
    {"permitrootlogin", true, Value::choice,
     "yes no prohibit-password without-password forced-commands-only"},
    {"ignorerhosts", true, Value::choice, "yes no shosts-only"},
    {"syslogfacility", false, Value::choice,
     "daemon user auth authpriv local0 local1 local2 local3 local4 local5 local6 local7"},
    {"addressfamily", false, Value::choice, "inet inet6 any"},
    {"fingerprinthash", false, Value::choice, "md5 sha1 sha256 sha384 sha512"},
    {"dsaauthentication ignoreuserknownhosts keepalive printlastlog printmotd "
     "strictmodes tcpkeepalive usedns usepam",
     false, Value::choice, "yes no"},
    {"compression", false, Value::choice, "yes no delayed"},
    {"include", true, Value::include, ""},
    {"match", true, Value::match, ""},
    {"authenticationmethods", true, Value::methods, ""},
    {"clientalivecountmax maxauthtries maxsessions requiredrsasize x11displayoffset", true,
     Value::number, ""},
    {"authorizedkeyscommanduser authorizedprincipalscommanduser "
     "authorizedprincipalsfile banner casignaturealgorithms chrootdirectory "
     "hostbasedacceptedalgorithms hostbasedacceptedkeytypes pubkeyacceptedalgorithms "
     "pubkeyacceptedkeytypes rdomain revokedkeys streamlocalbindmask trustedusercakeys "
     "unusedconnectiontimeout",
     true, Value::one, ""},
    {"ciphers hostcertificate hostdsakey hostkey hostkeyagent hostkeyalgorithms "
     "kexalgorithms macs maxstartups modulifile permituserenvironment "
     "persourcemaxstartups persourcenetblocksize pidfile securitykeyprovider "
     "xauthlocation",
     false, Value::one, ""},
    {"port", false, Value::port, ""},
    {"clientaliveinterval", true, Value::time, ""},
    {"logingracetime", false, Value::time, ""},
};

// Other names of keywords, and the names in force.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kAliases{
    {{"challengeresponseauthentication", "kbdinteractiveauthentication"},
     {"skeyauthentication", "kbdinteractiveauthentication"},
     {"dsaauthentication", "pubkeyauthentication"}}};

std::string_view in_force(std::string_view name) {
    const auto* alias =
        std::ranges::find(kAliases, name, [](const auto& one) { return one.first; });
    return alias == kAliases.end() ? name : alias->second;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

Result<std::string> single(const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments[0].empty()) return fail("it lacks its value");
    if (arguments.size() > 1) return fail("something stands behind its value");
    return arguments[0];
}

Result<std::string> one_of(const std::vector<std::string>& arguments, std::string_view choices) {
    auto value = lower(TRY(single(arguments)));
    const auto all = words(choices);
    if (std::ranges::find(all, value) == all.end()) {
        return fail("\"" + arguments[0] + "\" is no value of it");
    }
    return value == "without-password" ? "prohibit-password" : value;
}

// `text` is a number from least to most.
bool is_number(std::string_view text, std::int32_t least, std::int32_t most) {
    const auto number = parse_sshd_number(text);
    return number && *number >= least && *number <= most;
}

std::int64_t seconds_of(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 60 * 60;
        case 'd':
            return 24 * 60 * 60;
        case 'w':
            return 7 * 24 * 60 * 60;
        default:
            return 0;
    }
}

// What convtime() of misc.c takes: numbers with units, whose sum of seconds fits into an int.
bool is_time(std::string_view text) {
    std::int64_t total = 0;
    while (!text.empty()) {
        const auto digits = std::min(text.find_first_of("0123456789"), text.size());
        const auto end = std::min(text.find_first_not_of("0123456789", digits), text.size());
        const auto number = parse_sshd_number(text.substr(0, end));
        const auto unit = end < text.size() ? seconds_of(lower(text.substr(end, 1))[0]) : 1;
        if (!number || unit == 0 || *number < 0 || *number > (INT32_MAX - total) / unit) {
            return false;
        }
        total += *number * unit;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
}

Result<std::string> methods_of(const std::vector<std::string>& lists) {
    static constexpr std::array<std::string_view, 7> kMethods{
        "none",         "publickey",
        "gssapi-keyex", "gssapi-with-mic",
        "password",     "keyboard-interactive",
        "hostbased"};
    if (lists.empty()) return fail("it lacks its value");
    for (const auto& list : lists) {
        if (list == "any") {
            if (lists.size() > 1) return fail("\"any\" does not stand alone");
            continue;
        }
        for (const auto method : split(list, ',')) {
            const auto base = method.substr(0, method.find(':'));
            if (std::ranges::find(kMethods, base) == kMethods.end()) {
                return fail("\"" + std::string(method) + "\" is no method");
            }
        }
    }
    return joined(lists);
}

}  // namespace

std::optional<SshdKeyword> find_sshd_keyword(std::string_view name) {
    for (const auto& row : kRows) {
        const auto names = words(row.names);
        const auto found = std::ranges::find(names, name);
        if (found == names.end()) continue;
        return SshdKeyword{in_force(*found), row.in_match, row.value, row.choices};
    }
    return std::nullopt;
}

Result<std::string> sshd_value(const SshdKeyword& keyword,
                               const std::vector<std::string>& arguments) {
    if (keyword.value == Value::methods) return methods_of(arguments);
    if (keyword.value == Value::choice) return one_of(arguments, keyword.choices);
    auto value = TRY(single(arguments));
    const bool is_good = keyword.value == Value::number ? is_number(value, 0, INT32_MAX)
                         : keyword.value == Value::port
                             ? value == "ssh" || is_number(value, 1, UINT16_MAX)
                             : keyword.value != Value::time || is_time(value);
    if (!is_good) return fail("\"" + value + "\" is no value of it");
    return value;
}

}  // namespace bulkhead::worker
