// Every key of the table, set wrong: it gives the message that is written here, at its place. A key
// without a row here fails.
#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

#include "unit/config_one_key.hpp"

using namespace zinit;
using namespace zinit::test;

namespace {

constexpr std::string_view S = "service", D = "dependencies", L = "lifecycle", G = "logging",
                           M = "limits", P = "process", R = "resources", T = "target",
                           O = "socket", X = "proxy";

struct Wrong {
  std::string_view section, key;
  std::string value;
  int column;  // past the beginning of the value
  std::string message;
};

const std::string kBool = ", must be true or false";
const std::string kString = ", must be a string of one line";
const std::string kPath = ", must be an absolute path";
const std::string kStatus = R"(, must be "start", "stop" or "ignore")";
const std::string kClass = R"(, must be "user" or "system")";
const std::string kNames = ", must be an array of names";
const std::string kAccount = ", must be a name or an integer from 0 to 4294967294";
const std::string kAccounts = ", must be an array of names and integers from 0 to 4294967294";
const std::string kMask = R"(, must be a string of octal digits, at most "0777")";
const std::string kCommands = ", must be a string, an array of strings or an array of such arrays";
const std::string kCommandPart = ", must be a string, or all of them arrays of strings";
const std::string kFile = ", must be an absolute path, which - may precede";
const std::string kFiles = kFile + ", or an array of such paths";
const std::string kFolder = ", must be a relative path without empty parts, . and ..";
const std::string kFolders = kFolder + ", or an array of such paths";
const std::string kNul = " holds a NUL character, which no value may";
const std::string kSignal = ", must be a signal's name or an integer from 1 to 64";
const std::string kSuccess = ", must be an array of exit codes from 0 to 255 and signals' names";
const std::string kGoodEnd = ", must be an exit code from 0 to 255 or a signal's name";
const std::string kAtLeast0 = ", must be an integer of at least 0";
const std::string kAtLeast1 = ", must be an integer of at least 1";
const std::string kNameMade = " will not do: a name is made of A-Z, a-z, 0-9, _, ., @ and - alone";

const std::string kLimit = ", must be an integer of at least 0, \"unlimited\" or \"soft:hard\"";
const std::string kBytes = ", must be an integer of at least 1 or with a unit, as \"512M\"";
const std::string kProcessors =
    ", must be a string such as \"50%\" of one processor or \"2.5\" processors, at least \"0.1%\"";
const std::string kNice = ", must be an integer from 0 to 40, \"unlimited\" or \"soft:hard\"";
const std::string kRtprio = ", must be an integer from 0 to 99, \"unlimited\" or \"soft:hard\"";
const std::string kListen =
    "\"host:port\", \"udp:host:port\", \"unix:/path\", \"unix-dgram:/path\" or \"fifo:/path\"";
const std::string kListenList =
    ", must be an array of \"host:port\", \"udp:host:port\", \"unix:/path\", "
    "\"unix-dgram:/path\" and \"fifo:/path\"";
const std::string kLabel = " of 1 to 255 characters of ASCII without : and control characters";

const Wrong kWrong[] = {
    {S, "name", "5", 0, "5 is an integer, must be a name"},
    {S, "name", "''", 0, "\"\" will not do: a name must not be empty"},
    {S, "name", "'a b'", 0, "\"a b\"" + kNameMade},
    {S, "name", "'-a'", 0, "\"-a\" will not do: a name begins with a letter or a digit"},
    {S, "name", "'zinit'", 0, "\"zinit\" will not do: the name zinit is zinit's own"},
    {S, "name", "'" + std::string(129, 'n') + "'", 0,
     "\"" + std::string(60, 'n') +
         "...\" will not do: a name has at most 128 characters, this one has 129"},
    {S, "name", R"("a\u0000")", 0, "\"a\\x00\"" + kNul},
    {S, "description", "true", 0, "true is a boolean" + kString},
    {S, "description", R"("a\nb")", 0, R"("a\x0ab" is of several lines)" + kString},
    {S, "exec", "1.5", 0, "1.5 is a float, must be a string or an array of strings"},
    {S, "exec", "{}", 0, "is a table, must be a string or an array of strings"},
    {S, "exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "exec", "\"a 'b\"", 0, "\"a 'b\" has a quote that is not closed"},
    {S, "exec", "[]", 0, "is empty, must name a program"},
    {S, "exec", "['']", 1, "\"\" is empty, must name a program"},
    {S, "exec", "['a', 5]", 6, "5 is an integer, must be a string"},
    {S, "exec", R"(['a', "b\u0000"])", 6, "\"b\\x00\"" + kNul},
    {S, "dir", "1", 0, "1 is an integer" + kPath},
    {S, "dir", "'var'", 0, "\"var\" does not begin with /" + kPath},
    {S, "dir", "''", 0, "\"\" does not begin with /" + kPath},
    {S, "dir", R"("/a\u0000")", 0, "\"/a\\x00\"" + kNul},
    {S, "oneshot", "'yes'", 0, "\"yes\" is a string" + kBool},
    {S, "oneshot", "1", 0, "1 is an integer" + kBool},
    {S, "oneshot", "[true]", 0, "is an array" + kBool},
    {S, "status", "'stopp'", 0, "\"stopp\" is not known" + kStatus + "; did you mean \"stop\"?"},
    {S, "status", "'enabled'", 0, "\"enabled\" is not known" + kStatus},
    {S, "status", "true", 0, "true is a boolean" + kStatus},
    {S, "class", "'System'", 0, "\"System\" is not known" + kClass + "; did you mean \"system\"?"},
    {S, "class", "0", 0, "0 is an integer" + kClass},
    {S, "critical", "'true'", 0, "\"true\" is a string" + kBool},
    {S, "survive", "1", 0, "1 is an integer" + kBool},
    {S, "env", "['A=1']", 0, "is an array, must be a table of strings"},
    {S, "user", "''", 0, "\"\" is no name" + kAccount},
    {S, "user", "'a:b'", 0, "\"a:b\" is no name" + kAccount},
    {S, "user", "'a b'", 0, "\"a b\" is no name" + kAccount},
    {S, "user", "-1", 0, "-1 is out of range" + kAccount},
    {S, "user", "4294967295", 0, "4294967295 is out of range" + kAccount},
    {S, "user", "true", 0, "true is a boolean" + kAccount},
    {S, "user", R"("a\u0000")", 0, "\"a\\x00\"" + kNul},
    {S, "group", "['adm']", 0, "is an array" + kAccount},
    {S, "groups", "'adm'", 0, "\"adm\" is a string" + kAccounts},
    {S, "groups", "['adm', -1]", 8, "-1 is out of range" + kAccount},
    {S, "groups", "['adm', true]", 8, "true is a boolean" + kAccount},
    {S, "umask", "22", 0, "22 is an integer" + kMask},
    {S, "umask", "'0o22'", 0, "\"0o22\" is no such mask" + kMask},
    {S, "umask", "'8'", 0, "\"8\" is no such mask" + kMask},
    {S, "umask", "'1777'", 0, "\"1777\" is no such mask" + kMask},
    {S, "umask", "''", 0, "\"\" is no such mask" + kMask},
    {S, "tty", "'ttyS0'", 0, "\"ttyS0\" does not begin with /" + kPath},

    {S, "ports", "80", 0, "80 is an integer, must be an array of integers from 1 to 65535"},
    {S, "ports", "[80, 0]", 5, "0 is out of range, must be an integer from 1 to 65535"},
    {S, "ports", "[65536]", 1, "65536 is out of range, must be an integer from 1 to 65535"},
    {S, "ports", "['http']", 1, "\"http\" is a string, must be an integer from 1 to 65535"},
    {S, "env_file", "{}", 0, "is a table" + kFiles},
    {S, "env_file", "'default/web'", 0, "\"default/web\" does not begin with /" + kFile},
    {S, "env_file", "['/a', '-b']", 7, "\"-b\" does not begin with /" + kFile},
    {S, "env_file", "[5]", 1, "5 is an integer" + kFile},
    {S, "pre_exec", "5", 0, "5 is an integer" + kCommands},
    {S, "pre_exec", "[]", 0, "is empty, must name a program"},
    {S, "pre_exec", "[['a'], 'b']", 8, "\"b\" is a string" + kCommandPart},
    {S, "pre_exec", "[['a'], []]", 8, "is empty, must name a program"},
    {S, "pre_exec", "[['a', 5]]", 7, "5 is an integer" + kCommandPart},
    {S, "post_exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "runtime_dir", "5", 0, "5 is an integer" + kFolders},
    {S, "runtime_dir", "'/run/web'", 0, "\"/run/web\" is no such path" + kFolder},
    {S, "runtime_dir", "['web', '../x']", 8, "\"../x\" is no such path" + kFolder},
    {S, "state_dir", "'a/../b'", 0, "\"a/../b\" is no such path" + kFolder},
    {S, "state_dir", "''", 0, "\"\" is no such path" + kFolder},
    {S, "cache_dir", "'a//b'", 0, "\"a//b\" is no such path" + kFolder},
    {S, "cache_dir", "'a/'", 0, "\"a/\" is no such path" + kFolder},
    {S, "log_dir", "'.'", 0, "\".\" is no such path" + kFolder},
    {S, "stop_exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "reload_exec", "true", 0, "true is a boolean, must be a string or an array of strings"},
    {S, "reload_signal", "'SIGWHAT'", 0, "\"SIGWHAT\" is no signal" + kSignal},

    {D, "requires", "'db'", 0, "\"db\" is a string" + kNames},
    {D, "requires", "[5]", 1, "5 is an integer, must be a name"},
    {D, "requires", "['a', 'b c']", 6, "\"b c\"" + kNameMade},
    {D, "after", "{}", 0, "is a table" + kNames},
    {D, "after", "['']", 1, "\"\" will not do: a name must not be empty"},
    {D, "wants", "true", 0, "true is a boolean" + kNames},
    {D, "conflicts", "[['a']]", 1, "is an array, must be a name"},
    {D, "conflicts", R"(["a\u0000"])", 1, "\"a\\x00\"" + kNul},

    {L, "restart", "'on_failure'", 0,
     R"("on_failure" is not known, must be "always", "on-failure" or "never"; did you mean )"
     R"("on-failure"?)"},
    {L, "restart", "false", 0, R"(false is a boolean, must be "always", "on-failure" or "never")"},
    {L, "restart_delay_ms", "-1", 0, "-1 is out of range, must be an integer from 0 to 86400000"},
    {L, "restart_delay_ms", "86400001", 0,
     "86400001 is out of range, must be an integer from 0 to 86400000"},
    {L, "restart_delay_ms", "'1s'", 0, "\"1s\" is a string, must be an integer from 0 to 86400000"},
    {L, "restart_delay_max_ms", "-1", 0, "-1 is out of range" + kAtLeast0},
    {L, "restart_delay_max_ms", "999", 0,
     "999 is less than restart_delay_ms, must be at least 1000"},
    {L, "max_restarts", "-1", 0, "-1 is out of range" + kAtLeast0},
    {L, "max_restarts", "1.0", 0, "1.0 is a float" + kAtLeast0},
    {L, "max_restarts", "9223372036854775808", 0,
     "9223372036854775808 is an integer out of range (64 bits)" + kAtLeast0},
    {L, "stability_period_ms", "-9223372036854775808", 0,
     "-9223372036854775808 is out of range" + kAtLeast0},
    {L, "start_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1 + " or \"infinity\""},
    {L, "start_timeout_ms", "'infinite'", 0,
     "\"infinite\" is a string" + kAtLeast1 + " or \"infinity\""},
    {L, "success", "0", 0, "0 is an integer" + kSuccess},
    {L, "success", "[256]", 1, "256 is out of range" + kGoodEnd},
    {L, "success", "[-1]", 1, "-1 is out of range" + kGoodEnd},
    {L, "success", "['15']", 1, "\"15\" is no signal's name" + kGoodEnd},
    {L, "success", "['sigusr']", 1,
     "\"sigusr\" is no signal's name" + kGoodEnd + "; did you mean \"SIGUSR1\"?"},
    {L, "success", "['SIGFOO']", 1, "\"SIGFOO\" is no signal's name" + kGoodEnd},
    {L, "success", "[true]", 1, "true is a boolean" + kGoodEnd},
    {L, "stop_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1},
    {L, "stop_timeout_ms", "'infinity'", 0, "\"infinity\" is a string" + kAtLeast1},
    {L, "stop_signal", "'TREM'", 0,
     "\"TREM\" is no signal" + kSignal + "; did you mean \"SIGTERM\"?"},
    {L, "stop_signal", "'SIGFOO'", 0, "\"SIGFOO\" is no signal" + kSignal},
    {L, "stop_signal", "0", 0, "0 is out of range" + kSignal},
    {L, "stop_signal", "65", 0, "65 is out of range" + kSignal},
    {L, "stop_signal", "true", 0, "true is a boolean" + kSignal},

    {"readiness", "notify", "'fd:2'", 0,
     "\"fd:2\" is out of range, must be \"systemd\" or \"fd:N\", N being "
     "an integer from 3 to 1023"},
    {"readiness", "notify", "'dbus'", 0,
     "\"dbus\" is no way to notify, must be \"systemd\" or \"fd:N\", N being "
     "an integer from 3 to 1023"},
    {"readiness", "pidfile", "'a.pid'", 0,
     "\"a.pid\" does not begin with /, must be an absolute path"},
    {"readiness", "notify_access", "'any'", 0,
     "\"any\" is not known, must be \"main\" or \"all\""},
    {"readiness", "fdstore_max", "513", 0,
     "513 is out of range, must be an integer from 0 to 512"},
    {"readiness", "watchdog_ms", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 86400000"},
    {G, "buffer_lines", "1000001", 0,
     "1000001 is out of range, must be an integer from 0 to 1000000"},
    {G, "buffer_bytes", "4095", 0,
     "4095 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "buffer_bytes", "1073741825", 0,
     "1073741825 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "kmsg", "1", 0, "1 is an integer" + kBool},
    {G, "console", "'on'", 0, "\"on\" is a string" + kBool},
    {G, "file", "'x.log'", 0, "\"x.log\" does not begin with /" + kPath},
    {G, "file_max_bytes", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 4294967295"},
    {G, "file_keep", "1001", 0, "1001 is out of range, must be an integer from 0 to 1000"},
    {G, "syslog", "'logs:514'", 0,
     "\"logs:514\" is no such address, must be \"unix:/path\", \"udp:host:port\" or "
     "\"tcp:host:port\""},
    {G, "syslog", "'udp:logs'", 0,
     "\"udp:logs\" has no port, must be as \"localhost:80\""},
    {G, "syslog", "'unix:log'", 0, "\"unix:log\" has no absolute path of a socket"},
    {G, "syslog", "'tcp:unix:/x'", 0,
     "\"tcp:unix:/x\" is no such address, must be \"unix:/path\", \"udp:host:port\" or "
     "\"tcp:host:port\""},
    {G, "forward", "'udp:logs:9000'", 0,
     "\"udp:logs:9000\" is no such address, must be \"tcp:host:port\" or \"unix:/path\""},
    {G, "forward", "'tcp:logs:0'", 0,
     "\"tcp:logs:0\" names the port \"0\", must be one from 1 to 65535"},

    {M, "nofile", "-1", 0, "-1 is no limit" + kLimit},
    {M, "nproc", "'1:2:3'", 0, "\"1:2:3\" is no limit" + kLimit},
    {M, "core", "'infinity'", 0, "\"infinity\" is no limit" + kLimit},
    {M, "memlock", "true", 0, "true is a boolean" + kLimit},
    {M, "stack", "'2:1'", 0,
     "\"2:1\" has a soft limit above the hard one, must be the other way round"},
    {M, "data", "'1024'", 0, "\"1024\" is no limit" + kLimit},
    {M, "fsize", "':'", 0, "\":\" is no limit" + kLimit},
    {M, "cpu", "1.5", 0, "1.5 is a float" + kLimit},
    {M, "as", "'1:-1'", 0, "\"1:-1\" is no limit" + kLimit},
    {M, "rss", "[1]", 0, "is an array" + kLimit},
    {M, "msgqueue", "-1", 0, "-1 is no limit" + kLimit},
    {M, "nice", "41", 0, "41 is out of range" + kNice},
    {M, "rtprio", "'1:100'", 0, "\"1:100\" is out of range" + kRtprio},
    {M, "sigpending", "true", 0, "true is a boolean" + kLimit},
    {M, "locks", "'2:1'", 0,
     "\"2:1\" has a soft limit above the hard one, must be the other way round"},

    {P, "nice", "-21", 0, "-21 is out of range, must be an integer from -20 to 19"},
    {P, "nice", "'high'", 0, "\"high\" is a string, must be an integer from -20 to 19"},
    {P, "io_class", "'best_effort'", 0,
     R"("best_effort" is not known, must be "realtime", "best-effort" or "idle"; did you mean )"
     R"("best-effort"?)"},
    {P, "io_priority", "8", 0, "8 is out of range, must be an integer from 0 to 7"},
    {P, "oom_score_adj", "-1001", 0,
     "-1001 is out of range, must be an integer from -1000 to 1000"},
    {P, "cpu_affinity", "0", 0, "0 is an integer, must be an array of integers from 0 to 8191"},
    {P, "cpu_affinity", "[]", 0, "is empty, must name a processor"},
    {P, "cpu_affinity", "[0, 8192]", 4, "8192 is out of range, must be an integer from 0 to 8191"},
    {P, "cpu_affinity", "['0']", 1, "\"0\" is a string, must be an integer from 0 to 8191"},
    {P, "scheduler", "'fiffo'", 0,
     R"("fiffo" is not known, must be "other", "batch", "idle", "fifo" or "rr"; did you mean )"
     R"("fifo"?)"},
    {P, "priority", "0", 0, "0 is out of range, must be an integer from 1 to 99"},
    {P, "root", "'srv'", 0, "\"srv\" does not begin with /" + kPath},
    {P, "no_new_privs", "'yes'", 0, "\"yes\" is a string" + kBool},
    {P, "capabilities", "'CAP_KILL'", 0,
     "\"CAP_KILL\" is a string, must be an array of capabilities' names"},
    {P, "capabilities", "['CAP_KIL']", 1,
     "\"CAP_KIL\" is no capability's name, did you mean \"CAP_KILL\"?"},
    {P, "capabilities", "['flying']", 1, "\"flying\" is no capability's name"},
    {P, "capabilities", "[5]", 1, "5 is an integer, must be a capability's name"},

    {R, "memory_max", "0", 0, "0 is out of range" + kBytes},
    {R, "memory_max", "'512 M'", 0, "\"512 M\" is no number of bytes" + kBytes},
    {R, "memory_max", "'512MB'", 0, "\"512MB\" is no number of bytes" + kBytes},
    {R, "memory_max", "'M'", 0, "\"M\" is no number of bytes" + kBytes},
    {R, "memory_high", "'8388608T'", 0, "\"8388608T\" is no number of bytes" + kBytes},
    {R, "memory_high", "true", 0, "true is a boolean" + kBytes},
    {R, "swap_max", "-1", 0,
     "-1 is out of range, must be an integer of at least 0 or with a unit, as \"512M\""},
    {R, "cpu_max", "50", 0, "50 is an integer" + kProcessors},
    {R, "cpu_max", "'half'", 0, "\"half\" is no part of processors" + kProcessors},
    {R, "cpu_max", "'0%'", 0, "\"0%\" is out of range" + kProcessors},
    {R, "cpu_max", "'1.'", 0, "\"1.\" is no part of processors" + kProcessors},
    {R, "cpu_max", "'.5'", 0, "\".5\" is no part of processors" + kProcessors},
    {R, "cpu_max", "'0.0001'", 0, "\"0.0001\" is no part of processors" + kProcessors},
    {R, "cpu_max", "'8193'", 0, "\"8193\" is no part of processors" + kProcessors},
    {R, "cpu_weight", "0", 0, "0 is out of range, must be an integer from 1 to 10000"},
    {R, "io_weight", "10001", 0, "10001 is out of range, must be an integer from 1 to 10000"},
    {R, "pids_max", "0", 0, "0 is out of range" + kAtLeast1},

    {T, "name", "'a/b'", 0, "\"a/b\"" + kNameMade},
    {T, "description", "1979-05-27", 0, "1979-05-27 is a date or time" + kString},
    {T, "status", "'start '", 0, "\"start \" is not known" + kStatus + "; did you mean \"start\"?"},
    {T, "class", "{}", 0, "is a table" + kClass},

    {O, "listen", "'a:80'", 0, "\"a:80\" is a string" + kListenList},
    {O, "listen", "[]", 0, "is empty, must name an address"},
    {O, "listen", "[80]", 1, "80 is an integer, must be " + kListen},
    {O, "listen", "['a']", 1, "\"a\" has no port, must be as \"localhost:80\""},
    {O, "listen", "['fifo:x']", 1, "\"fifo:x\" has no absolute path of a FIFO"},
    {O, "listen", "['a:1', 'udp:a:1', 'tcp:a:1']", 19,
     "\"tcp:a:1\" is the same address as one before"},
    {O, "listen", "['unix:/x', 'fifo:/x']", 12, "\"fifo:/x\" is the same address as one before"},
    {O, "names", "'a'", 0, "\"a\" is a string, must be an array of names" + kLabel},
    {O, "names", "['']", 1, "\"\" is no such name, must be a name" + kLabel},
    {O, "names", "['a:b']", 1, "\"a:b\" is no such name, must be a name" + kLabel},
    {O, "names", "[\"a\\u0007\"]", 1, "\"a\\x07\" is no such name, must be a name" + kLabel},
    {O, "names", "['a', '\u00fc']", 6, "\"\u00fc\" is no such name, must be a name" + kLabel},
    {O, "on_demand", "'no'", 0, "\"no\" is a string" + kBool},
    {O, "accept", "1", 0, "1 is an integer" + kBool},
    {O, "max_connections", "0", 0, "0 is out of range, must be an integer from 1 to 65535"},
    {O, "max_connections", "65536", 0, "65536 is out of range, must be an integer from 1 to 65535"},
    {O, "mode", "'0888'", 0, "\"0888\" is no such mask" + kMask},
    {O, "user", "''", 0, "\"\" is no name" + kAccount},
    {O, "group", "-1", 0, "-1 is out of range" + kAccount},
    {O, "backlog", "0", 0, "0 is out of range, must be an integer from 1 to 1000000"},
    {O, "reuse_port", "1", 0, "1 is an integer" + kBool},
    {O, "keepalive", "[]", 0, "is an array" + kBool},
    {O, "freebind", "'x'", 0, "\"x\" is a string" + kBool},

    {X, "name", "'a b'", 0, "\"a b\"" + kNameMade},
    {X, "listen", "[]", 0, "is empty, must name an address"},
    {X, "listen", "'a:1'", 0,
     "\"a:1\" is a string, must be an array of \"host:port\" and \"unix:/path\""},
    {X, "listen", "[1]", 1, "1 is an integer, must be \"host:port\" or \"unix:/path\""},
    {X, "listen", "['udp:a:1']", 1,
     "\"udp:a:1\" is no address of streams, must be as \"localhost:80\" or \"unix:/run/x.sock\""},
    {X, "listen", "['a:1', 'a:1']", 8, "\"a:1\" is the same address as one before"},
    {X, "backend", "['a:1']", 0, "is an array, must be \"host:port\" or \"unix:/path\""},
    {X, "backend", "'a:x'", 0, "\"a:x\" names the port \"x\", must be one from 1 to 65535"},
    {X, "service", "''", 0, "\"\" will not do: a name must not be empty"},
    {X, "connect_timeout", "0", 0, "0 is out of range, must be an integer from 1 to 86400"},
    {X, "idle_timeout", "-1", 0, "-1 is out of range, must be an integer from 0 to 31536000"},
    {X, "single_connection", "'on'", 0, "\"on\" is a string" + kBool},
    {X, "proxy_protocol", "3", 0, "3 is out of range, must be an integer from 0 to 2"},

    {"health", "type", "'udp'", 0,
     R"("udp" is not known, must be "tcp", "http" or "exec")"},
    {"health", "endpoint", "5", 0, "5 is an integer, must be a string of one line"},
    {"health", "endpoint", "'a'", 0, "\"a\" has no port, must be as \"localhost:80\""},
    {"health", "endpoint", "'https://http'", 0,
     "\"https://http\" is of https, which probes do not speak: use http"},
    {"health", "exec", "[]", 0, "is empty, must name a program"},
    {"health", "status", "[]", 0, "is empty, so no answer would be healthy"},
    {"health", "status", "[600]", 1,
     "600 is out of range, must be a code from 200 to 599 or a range such as \"200..299\""},
    {"health", "status", "['2xx']", 1,
     "\"2xx\" is no range, must be a code from 200 to 599 or a range such as \"200..299\""},
    {"health", "status", "['300..200']", 1,
     "\"300..200\" ends before it begins, must be a code from 200 to 599 or a range such as "
     "\"200..299\""},
    {"health", "interval_ms", "0", 0, "0 is out of range, must be an integer from 1 to 86400000"},
    {"health", "start_interval_ms", "0", 0,
     "0 is out of range, must be an integer from 1 to 86400000"},
    {"health", "timeout_ms", "86400001", 0,
     "86400001 is out of range, must be an integer from 1 to 86400000"},
    {"health", "retries", "0", 0, "0 is out of range" + kAtLeast1},
    {"", "log_level", "'loud'", 0,
     R"("loud" is not known, must be "trace", "debug", "info", "warn" or "error")"},
    {"", "shutdown_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1},
    {"", "socket_group", "-1", 0,
     "-1 is out of range, must be a name or an integer from 0 to 4294967294"},
    {"", "socket_group", "'a b'", 0,
     "\"a b\" is no name, must be a name or an integer from 0 to 4294967294"},
    {"", "socket_group_access", "'write'", 0,
     "\"write\" is not known, must be \"read\" or \"full\""},
    {"", "watchdog_device", "'watchdog'", 0, "\"watchdog\" does not begin with /" + kPath},
    {"", "watchdog_timeout_ms", "999", 0,
     "999 is out of range, must be an integer from 1000 to 86400000"},
    {"", "self_watchdog_ms", "-1", 0, "-1 is out of range, must be an integer from 0 to 86400000"},
    {"", "default_target", "'a b'", 0, "\"a b\"" + kNameMade},
};

}  // namespace

TEST_CASE("each key set wrong says what is wrong, what is allowed, and where", "[config][keys]") {
  for (const Wrong& row : kWrong) {
    INFO(row.section << "." << row.key << " = " << row.value);
    const Outcome outcome = read_with(row.section, row.key, row.value);
    const std::string name = row.section.empty()
                                 ? std::string(row.key)
                                 : std::string(row.section) + "." + std::string(row.key);
    const auto column = row.key.size() + 4 + static_cast<std::size_t>(row.column);
    CHECK(outcome.messages == std::vector{"f.toml:2:" + std::to_string(column) +
                                          ": error: " + name + ": " + row.message});
  }
}

TEST_CASE("each key of the table is tested wrong", "[config][keys]") {
  std::set<std::string> tested;
  for (const Wrong& row : kWrong)
    tested.insert(std::string(row.section) + "." + std::string(row.key));
  for (const Key& key : all_keys()) {
    const std::string name = std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    CHECK(tested.count(name) == 1);
  }
}
