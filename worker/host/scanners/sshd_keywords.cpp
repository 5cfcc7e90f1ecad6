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
    "acceptenv allowgroups allowstreamlocalforwarding allowtcpforwarding allowusers "
    "authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile authorizedkeysfile2 "
    "authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile "
    "banner casignaturealgorithms channeltimeout chrootdirectory clientalivecountmax "
    "clientaliveinterval denygroups denyusers forcecommand gatewayports "
    "gssapidelegatecredentials gssapienablek5users hostbasedacceptedalgorithms "
    "hostbasedacceptedkeytypes ignorerhosts ipqos kerberosauthentication kerberosuniqueccache "
    "kerberosusekuserok loglevel logverbose maxauthtries maxsessions pamservicename "
    "permitlisten permitopen permittunnel pubkeyacceptedalgorithms pubkeyacceptedkeytypes "
    "pubkeyauthoptions rdomain refuseconnection rekeylimit requiredrsasize revokedkeys "
    "rhostsrsaauthentication rsaauthentication rsaminsize setenv streamlocalbindmask "
    "trustedusercakeys unusedconnectiontimeout x11displayoffset ";
constexpr std::string_view kOutsideMatch =
    "addressfamily afstokenpassing checkmail ciphers compression debianbanner fingerprinthash "
    "gssapicleanupcredentials gssapikexalgorithms gssapikeyexchange "
    "gssapistorecredentialsonrekey gssapistrictacceptorcheck gssapiusesessioncredcache "
    "hostcertificate hostdsakey hostkey hostkeyagent hostkeyalgorithms kerberosgetafstoken "
    "kerberosorlocalpasswd kerberostgtpassing kerberosticketcleanup kexalgorithms "
    "keyregenerationinterval listenaddress logingracetime macs maxstartups modulifile "
    "pamauthenticationviakbdint permituserenvironment persourcemaxstartups "
    "persourcenetblocksize persourcepenalties persourcepenaltyexemptlist pidfile port "
    "protocol reversemappingcheck rhostsauthentication securitykeyprovider serverkeybits "
    "sshdauthpath sshdsessionpath subsystem syslogfacility useblacklist useblocklist uselogin "
    "useprivilegeseparation verifyreversemapping versionaddendum xauthlocation ";

constexpr SshdKeyword kOther{.name = "", .in_match = true, .value = Value::any};
constexpr SshdKeyword kOtherOutsideMatch{.name = "", .in_match = false, .value = Value::any};

bool holds(std::string_view list, std::string_view name) {
    const auto all = words(list);
    return std::ranges::find(all, name) != all.end();
}

}  // namespace

const SshdKeyword* find_sshd_keyword(std::string_view name) {
    const auto* row = std::ranges::find(kRows, name, &Row::written);
    if (row != std::end(kRows)) return &row->keyword;
    if (holds(kEverywhere, name)) return &kOther;
    return holds(kOutsideMatch, name) ? &kOtherOutsideMatch : nullptr;
}

}  // namespace bulkhead::worker
