#include "worker/host/scanners/sshd_keywords.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

using Value = SshdKeyword::Value;

struct Row {
    std::string_view written;
    SshdKeyword keyword;
};

// Those whose values are looked at, and aliases.
constexpr Row kRows[] = {
    {"allowagentforwarding", {"allowagentforwarding", true, Value::flag}},
    {"authenticationmethods", {"authenticationmethods", true, Value::methods}},
    {"challengeresponseauthentication", {"kbdinteractiveauthentication", true, Value::flag}},
    {"disableforwarding", {"disableforwarding", true, Value::flag}},
    {"dsaauthentication", {"pubkeyauthentication", false, Value::flag}},
    {"exposeauthinfo", {"exposeauthinfo", true, Value::flag}},
    {"gssapiauthentication", {"gssapiauthentication", true, Value::flag}},
    {"hostbasedauthentication", {"hostbasedauthentication", true, Value::flag}},
    {"hostbasedusesnamefrompacketonly", {"hostbasedusesnamefrompacketonly", true, Value::flag}},
    {"ignoreuserknownhosts", {"ignoreuserknownhosts", false, Value::flag}},
    {"include", {"include", true, Value::include}},
    {"kbdinteractiveauthentication", {"kbdinteractiveauthentication", true, Value::flag}},
    {"keepalive", {"keepalive", false, Value::flag}},
    {"match", {"match", true, Value::match}},
    {"passwordauthentication", {"passwordauthentication", true, Value::flag}},
    {"permitemptypasswords", {"permitemptypasswords", true, Value::flag}},
    {"permitrootlogin", {"permitrootlogin", true, Value::root}},
    {"permittty", {"permittty", true, Value::flag}},
    {"permituserrc", {"permituserrc", true, Value::flag}},
    {"printlastlog", {"printlastlog", false, Value::flag}},
    {"printmotd", {"printmotd", false, Value::flag}},
    {"pubkeyauthentication", {"pubkeyauthentication", true, Value::flag}},
    {"skeyauthentication", {"kbdinteractiveauthentication", true, Value::flag}},
    {"streamlocalbindunlink", {"streamlocalbindunlink", true, Value::flag}},
    {"strictmodes", {"strictmodes", false, Value::flag}},
    {"tcpkeepalive", {"tcpkeepalive", false, Value::flag}},
    {"usedns", {"usedns", false, Value::flag}},
    {"usepam", {"usepam", false, Value::flag}},
    {"x11forwarding", {"x11forwarding", true, Value::flag}},
    {"x11uselocalhost", {"x11uselocalhost", true, Value::flag}},
};

// Others that may stand in a Match block, and others that may not.
constexpr std::string_view kEverywhere =
    "acceptenv allowgroups allowusers authorizedkeyscommand authorizedkeysfile "
    "authorizedkeysfile2 authorizedprincipalscommand channeltimeout denygroups denyusers "
    "forcecommand gssapidelegatecredentials gssapienablek5users ipqos kerberosauthentication "
    "kerberosuniqueccache kerberosusekuserok logverbose pamservicename permitlisten "
    "permitopen pubkeyauthoptions refuseconnection rekeylimit rhostsrsaauthentication "
    "rsaauthentication rsaminsize setenv ";
constexpr std::string_view kOutsideMatch =
    "afstokenpassing checkmail debianbanner gssapicleanupcredentials gssapikexalgorithms "
    "gssapikeyexchange gssapistorecredentialsonrekey gssapistrictacceptorcheck "
    "gssapiusesessioncredcache kerberosgetafstoken kerberosorlocalpasswd kerberostgtpassing "
    "kerberosticketcleanup keyregenerationinterval listenaddress pamauthenticationviakbdint "
    "persourcepenalties persourcepenaltyexemptlist protocol reversemappingcheck "
    "rhostsauthentication serverkeybits sshdauthpath sshdsessionpath subsystem useblacklist "
    "useblocklist uselogin useprivilegeseparation verifyreversemapping versionaddendum ";
// The same of those that take one value.
constexpr std::string_view kOneEverywhere =
    "allowstreamlocalforwarding allowtcpforwarding authorizedkeyscommanduser "
    "authorizedprincipalscommanduser authorizedprincipalsfile banner casignaturealgorithms "
    "chrootdirectory clientalivecountmax clientaliveinterval gatewayports "
    "hostbasedacceptedalgorithms hostbasedacceptedkeytypes ignorerhosts loglevel maxauthtries "
    "maxsessions permittunnel pubkeyacceptedalgorithms pubkeyacceptedkeytypes rdomain "
    "requiredrsasize revokedkeys streamlocalbindmask trustedusercakeys "
    "unusedconnectiontimeout x11displayoffset ";
constexpr std::string_view kOneOutsideMatch =
    "addressfamily ciphers compression fingerprinthash hostcertificate hostdsakey hostkey "
    "hostkeyagent hostkeyalgorithms kexalgorithms logingracetime macs maxstartups modulifile "
    "permituserenvironment persourcemaxstartups persourcenetblocksize pidfile port "
    "securitykeyprovider syslogfacility xauthlocation ";

constexpr SshdKeyword kOther{.name = "", .in_match = true, .value = Value::any};
constexpr SshdKeyword kOtherOutsideMatch{.name = "", .in_match = false, .value = Value::any};
constexpr SshdKeyword kOther1{.name = "", .in_match = true, .value = Value::one};
constexpr SshdKeyword kOther1OutsideMatch{.name = "", .in_match = false, .value = Value::one};

bool holds(std::string_view list, std::string_view name) {
    const auto all = words(list);
    return std::ranges::find(all, name) != all.end();
}

}  // namespace

const SshdKeyword* find_sshd_keyword(std::string_view name) {
    const auto* row = std::ranges::find(kRows, name, &Row::written);
    if (row != std::end(kRows)) return &row->keyword;
    if (holds(kEverywhere, name)) return &kOther;
    if (holds(kOneEverywhere, name)) return &kOther1;
    if (holds(kOneOutsideMatch, name)) return &kOther1OutsideMatch;
    return holds(kOutsideMatch, name) ? &kOtherOutsideMatch : nullptr;
}

}  // namespace bulkhead::worker
