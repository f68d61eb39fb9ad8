// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every key of the table with a wrong value: it gives the message written here, at its place. A key
// without a row here fails.
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "unit/config/one_key.hpp"

namespace config_keys_wrong_test {

using namespace zinit;
using namespace zinit::test;

namespace {

constexpr std::string_view S = "service", D = "dependencies", L = "lifecycle", G = "logging",
                           M = "limits", P = "process", R = "resources", T = "target", O = "socket",
                           X = "proxy", I = "timer", Y = "path", C = "condition";

struct Wrong {
  std::string_view section, key;
  std::string value;
  int column;  // after the beginning of the value
  std::string message;
};

const std::string kBool = ", must be true or false";
const std::string kString = ", must be a string of one line";
const std::string kPath = ", must be an absolute path";
const std::string kCalendar = ", must be a calendar expression as of systemd.time(7)";
const std::string kCron = ", must be the five fields of crontab(5)";
const std::string kStatus = R"(, must be "start", "stop" or "ignore")";
const std::string kClass = R"(, must be "user" or "system")";
const std::string kNames = ", must be an array of names";
const std::string kAccount = ", must be a name or an integer from 0 to 4294967294";
const std::string kAccounts = ", must be an array of names and integers from 0 to 4294967294";
const std::string kMask = R"(, must be a string of octal digits, at most "0777")";
const std::string kCommands = ", must be a string, an array of strings or an array of such arrays";
const std::string kCommandPart = ", must be a string";
const std::string kFile = ", must be an absolute path, optionally after a -";
const std::string kFiles = kFile + ", or an array of such paths";
const std::string kFolder = ", must be a relative path without empty parts, . and ..";
const std::string kFolders = kFolder + ", or an array of such paths";
const std::string kConditionPath = ", must be an absolute path, optionally after a !";
const std::string kConditionPaths = kConditionPath + ", or an array of such paths";
const std::string kConditionWord = ", must be a word or KEY=VALUE, optionally after a !";
const std::string kKinds =
    ", must be a name of systemd-detect-virt(1), \"vm\", \"container\", \"yes\" or \"no\", "
    "optionally after a !";
const std::string kNul = " contains a NUL character, which is not allowed";
const std::string kSignal = ", must be a signal name or an integer from 1 to 64";
const std::string kSuccess = ", must be an array of exit codes from 0 to 255 and signal names";
const std::string kGoodEnd = ", must be an exit code from 0 to 255 or a signal name";
const std::string kAtLeast0 = ", must be an integer of at least 0";
const std::string kAtLeast1 = ", must be an integer of at least 1";
const std::string kOrInfinity = ", or \"infinity\"";
const std::string kUnit = " or with a unit, as \"5s\"";
const std::string kNameMade = ": a name may only have A-Z, a-z, 0-9, _, ., @ and -";

const std::string kLimit = ", must be an integer of at least 0, \"unlimited\" or \"soft:hard\"";
const std::string kBytes = ", must be an integer of at least 1 or with a unit, as \"512M\"";
const std::string kProcessors =
    ", must be a string such as \"50%\" of one core or \"2.5\" cores, at least \"0.1%\"";
const std::string kCores = "; use e.g. \"50%\" of one core, or \"2.5\" cores";
const std::string kAccountName = ", must not be empty or contain blanks or colons";
const std::string kNice = ", must be an integer from 0 to 40, \"unlimited\" or \"soft:hard\"";
const std::string kRtprio = ", must be an integer from 0 to 99, \"unlimited\" or \"soft:hard\"";
const std::string kListen =
    "\"host:port\", \"udp:host:port\", \"unix:/path\", \"unix-dgram:/path\" or \"fifo:/path\"";
const std::string kListenList =
    ", must be an array of \"host:port\", \"udp:host:port\", \"unix:/path\", "
    "\"unix-dgram:/path\" and \"fifo:/path\"";
const std::string kLabel = " of 1 to 255 ASCII characters without : and control characters";

const Wrong kWrong[] = {
    {S, "name", "5", 0, "5 is an integer, must be a name"},
    {S, "name", "''", 0, "invalid name \"\": a name must not be empty"},
    {S, "name", "'a b'", 0, "invalid name \"a b\"" + kNameMade},
    {S, "name", "'-a'", 0, "invalid name \"-a\": a name must begin with a letter or a digit"},
    {S, "name", "'zinit'", 0, "invalid name \"zinit\": the name zinit is reserved"},
    {S, "name", "'" + std::string(129, 'n') + "'", 0,
     "invalid name \"" + std::string(60, 'n') +
         "...\": a name has at most 128 characters, this one has 129"},
    {S, "name", R"("a\u0000")", 0, "\"a\\x00\"" + kNul},
    {S, "description", "true", 0, "true is a boolean" + kString},
    {S, "description", R"("a\nb")", 0, R"("a\x0ab" has more than one line)" + kString},
    {S, "exec", "1.5", 0, "1.5 is a float, must be a string or an array of strings"},
    {S, "exec", "{}", 0, "is a table, must be a string or an array of strings"},
    {S, "exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "exec", "\"a 'b\"", 0, "\"a 'b\" has an unclosed quote"},
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
    {S, "status", "'stopp'", 0, "unknown value \"stopp\"" + kStatus + "; did you mean \"stop\"?"},
    {S, "status", "'enabled'", 0, "unknown value \"enabled\"" + kStatus},
    {S, "status", "true", 0, "true is a boolean" + kStatus},
    {S, "class", "'System'", 0, "unknown value \"System\"" + kClass + "; did you mean \"system\"?"},
    {S, "class", "0", 0, "0 is an integer" + kClass},
    {S, "critical", "'true'", 0, "\"true\" is a string" + kBool},
    {S, "survive", "1", 0, "1 is an integer" + kBool},
    {S, "env", "['A=1']", 0, "is an array, must be a table of strings"},
    {S, "user", "''", 0, "invalid name \"\"" + kAccountName},
    {S, "user", "'a:b'", 0, "invalid name \"a:b\"" + kAccountName},
    {S, "user", "'a b'", 0, "invalid name \"a b\"" + kAccountName},
    {S, "user", "-1", 0, "-1 is out of range" + kAccount},
    {S, "user", "4294967295", 0, "4294967295 is out of range" + kAccount},
    {S, "user", "true", 0, "true is a boolean" + kAccount},
    {S, "user", R"("a\u0000")", 0, "\"a\\x00\"" + kNul},
    {S, "group", "['adm']", 0, "is an array" + kAccount},
    {S, "groups", "'adm'", 0, "\"adm\" is a string" + kAccounts},
    {S, "groups", "['adm', -1]", 8, "-1 is out of range" + kAccount},
    {S, "groups", "['adm', true]", 8, "true is a boolean" + kAccount},
    {S, "umask", "22", 0, "22 is an integer" + kMask},
    {S, "umask", "'0o22'", 0, "invalid mode \"0o22\"" + kMask},
    {S, "umask", "'8'", 0, "invalid mode \"8\"" + kMask},
    {S, "umask", "'1777'", 0, "invalid mode \"1777\"" + kMask},
    {S, "umask", "''", 0, "invalid mode \"\"" + kMask},
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
    {S, "pre_exec", "[['a'], 'b']", 8,
     "\"b\" is a string, must be an array of strings like the others"},
    {S, "pre_exec", "[['a'], []]", 8, "is empty, must name a program"},
    {S, "pre_exec", "[['a', 5]]", 7, "5 is an integer" + kCommandPart},
    {S, "ready_exec", "[]", 0, "is empty, must name a program"},
    {S, "post_exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "runtime_dir", "5", 0, "5 is an integer" + kFolders},
    {S, "runtime_dir", "'/run/web'", 0, "invalid path \"/run/web\"" + kFolder},
    {S, "runtime_dir", "['web', '../x']", 8, "invalid path \"../x\"" + kFolder},
    {S, "state_dir", "'a/../b'", 0, "invalid path \"a/../b\"" + kFolder},
    {S, "state_dir", "''", 0, "invalid path \"\"" + kFolder},
    {S, "cache_dir", "'a//b'", 0, "invalid path \"a//b\"" + kFolder},
    {S, "cache_dir", "'a/'", 0, "invalid path \"a/\"" + kFolder},
    {S, "log_dir", "'.'", 0, "invalid path \".\"" + kFolder},
    {S, "stop_exec", "''", 0, "\"\" is empty, must name a program"},
    {S, "reload_exec", "true", 0, "true is a boolean, must be a string or an array of strings"},
    {S, "check_exec", "[]", 0, "is empty, must name a program"},
    {S, "reload_signal", "'SIGWHAT'", 0, "unknown signal \"SIGWHAT\"" + kSignal},

    {D, "requires", "'db'", 0, "\"db\" is a string" + kNames},
    {D, "requires", "[5]", 1, "5 is an integer, must be a name"},
    {D, "requires", "['a', 'b c']", 6, "invalid name \"b c\"" + kNameMade},
    {D, "after", "{}", 0, "is a table" + kNames},
    {D, "after", "['']", 1, "invalid name \"\": a name must not be empty"},
    {D, "wants", "true", 0, "true is a boolean" + kNames},
    {D, "required_by", "true", 0, "true is a boolean" + kNames},
    {D, "binds_to", "true", 0, "true is a boolean" + kNames},
    {D, "bound_by", "true", 0, "true is a boolean" + kNames},
    {D, "before", "true", 0, "true is a boolean" + kNames},
    {D, "wanted_by", "true", 0, "true is a boolean" + kNames},
    {D, "conflicts", "[['a']]", 1, "is an array, must be a name"},
    {D, "conflicts", R"(["a\u0000"])", 1, "\"a\\x00\"" + kNul},

    {L, "restart", "'on_failure'", 0,
     R"(unknown value "on_failure", must be "always", "on-failure" or "never"; did you mean )"
     R"("on-failure"?)"},
    {L, "restart", "false", 0, R"(false is a boolean, must be "always", "on-failure" or "never")"},
    {L, "restart_delay_ms", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 86400000" + kUnit},
    {L, "restart_delay_ms", "86400001", 0,
     "86400001 is out of range, must be an integer from 0 to 86400000" + kUnit},
    {L, "restart_delay_ms", "'soon'", 0,
     "invalid duration \"soon\", must be an integer from 0 to 86400000" + kUnit},
    {L, "restart_delay_max_ms", "-1", 0, "-1 is out of range" + kAtLeast0 + kUnit + kOrInfinity},
    {L, "restart_delay_max_ms", "999", 0,
     "999 is less than restart_delay_ms, must be at least 1000"},
    {L, "max_restarts", "-1", 0, "-1 is out of range" + kAtLeast0 + kOrInfinity},
    {L, "max_restarts", "1.0", 0, "1.0 is a float" + kAtLeast0 + kOrInfinity},
    {L, "max_restarts", "9223372036854775808", 0,
     "9223372036854775808 is an integer out of range (64 bits)" + kAtLeast0 + kOrInfinity},
    {L, "kill_mode", "'process'", 0, R"(unknown value "process", must be "all" or "main")"},
    {L, "kill_mode", "true", 0, R"(true is a boolean, must be "all" or "main")"},
    {L, "stability_period_ms", "-9223372036854775808", 0,
     "-9223372036854775808 is out of range" + kAtLeast0 + kUnit + kOrInfinity},
    {L, "start_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1 + kUnit + ", or \"infinity\""},
    {L, "start_timeout_ms", "'infinite'", 0,
     "invalid duration \"infinite\"" + kAtLeast1 + kUnit + ", or \"infinity\""},
    {L, "success", "0", 0, "0 is an integer" + kSuccess},
    {L, "success", "[256]", 1, "256 is out of range" + kGoodEnd},
    {L, "success", "[-1]", 1, "-1 is out of range" + kGoodEnd},
    {L, "success", "['15']", 1, "unknown signal \"15\"" + kGoodEnd},
    {L, "success", "['sigusr']", 1,
     "unknown signal \"sigusr\"" + kGoodEnd + "; did you mean \"SIGUSR1\"?"},
    {L, "success", "['SIGFOO']", 1, "unknown signal \"SIGFOO\"" + kGoodEnd},
    {L, "success", "[true]", 1, "true is a boolean" + kGoodEnd},
    {L, "no_restart_on", "[true]", 1, "true is a boolean" + kGoodEnd},
    {L, "stop_when_unneeded", "1", 0, "1 is an integer, must be true or false"},
    {L, "on_failure", "'db'", 0, "\"db\" is a string" + kNames},
    {L, "on_failure", "['b c']", 1, "invalid name \"b c\"" + kNameMade},
    {L, "on_failure_action", "'restart'", 0,
     R"(unknown value "restart", must be "none", "reboot", "poweroff", "halt" or "exit")"},
    {L, "stop_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1 + kUnit + ", or \"infinity\""},
    {L, "stop_signal", "'TREM'", 0,
     "unknown signal \"TREM\"" + kSignal + "; did you mean \"SIGTERM\"?"},
    {L, "stop_signal", "'SIGFOO'", 0, "unknown signal \"SIGFOO\"" + kSignal},
    {L, "stop_signal", "0", 0, "0 is out of range" + kSignal},
    {L, "stop_signal", "65", 0, "65 is out of range" + kSignal},
    {L, "stop_signal", "true", 0, "true is a boolean" + kSignal},

    {"readiness", "notify", "'fd:2'", 0,
     "\"fd:2\" is out of range, must be \"systemd\" or \"fd:N\" with N from 3 to 1023"},
    {"readiness", "notify", "'dbus'", 0,
     "unknown value \"dbus\", must be \"systemd\" or \"fd:N\" with N from 3 to 1023"},
    {"readiness", "pidfile", "'a.pid'", 0,
     "\"a.pid\" does not begin with /, must be an absolute path"},
    {"readiness", "after_ms", "30000", 0,
     "30000 is not less than lifecycle.start_timeout_ms, 30000: it would never be ready"},
    {"readiness", "notify_access", "'any'", 0,
     "unknown value \"any\", must be \"main\" or \"all\""},
    {"readiness", "fdstore_max", "513", 0, "513 is out of range, must be an integer from 0 to 512"},
    {"readiness", "watchdog_ms", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 86400000" + kUnit + kOrInfinity},
    {G, "buffer_lines", "1000001", 0,
     "1000001 is out of range, must be an integer from 0 to 1000000"},
    {G, "buffer_bytes", "4095", 0,
     "4095 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "buffer_bytes", "1073741825", 0,
     "1073741825 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "kmsg", "1", 0, "1 is an integer" + kBool},
    {G, "console", "1", 0, "1 is an integer, must be true, false or \"raw\""},
    {G, "console", "'terminal'", 0, "unknown value \"terminal\", must be true, false or \"raw\""},
    {G, "merge_stderr", "1", 0, "1 is an integer" + kBool},
    {G, "rate_lines", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 1000000" + kOrInfinity},
    {G, "rate_interval_ms", "0", 0,
     "0 is out of range, must be an integer from 1 to 86400000" + kUnit},
    {G, "file", "'x.log'", 0, "\"x.log\" does not begin with /" + kPath},
    {G, "file_max_bytes", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 4294967295" + kOrInfinity},
    {G, "file_keep", "1001", 0, "1001 is out of range, must be an integer from 0 to 1000"},
    {G, "syslog", "'logs:514'", 0,
     "\"logs:514\" is not a valid address, must be \"unix:/path\", \"udp:host:port\" or "
     "\"tcp:host:port\""},
    {G, "syslog", "'udp:logs'", 0, "\"udp:logs\" has no port; use e.g. \"localhost:80\""},
    {G, "syslog", "'unix:log'", 0, "\"unix:log\" has no absolute path to a socket"},
    {G, "syslog", "'tcp:unix:/x'", 0,
     "\"tcp:unix:/x\" is not a valid address, must be \"unix:/path\", \"udp:host:port\" or "
     "\"tcp:host:port\""},
    {G, "forward", "'udp:logs:9000'", 0,
     "\"udp:logs:9000\" is not a valid address, must be \"tcp:host:port\" or \"unix:/path\""},
    {G, "forward", "'tcp:logs:0'", 0,
     "\"tcp:logs:0\" has the invalid port \"0\", must be from 1 to 65535"},

    {M, "nofile", "-1", 0, "invalid limit -1" + kLimit},
    {M, "nproc", "'1:2:3'", 0, "invalid limit \"1:2:3\"" + kLimit},
    {M, "core", "'endless'", 0, "invalid limit \"endless\"" + kLimit},
    {M, "memlock", "true", 0, "true is a boolean" + kLimit},
    {M, "stack", "'2:1'", 0, "\"2:1\" has a soft limit above its hard limit"},
    {M, "data", "'1024'", 0, "invalid limit \"1024\"" + kLimit},
    {M, "fsize", "':'", 0, "invalid limit \":\"" + kLimit},
    {M, "cpu", "1.5", 0, "1.5 is a float" + kLimit},
    {M, "as", "'1:-1'", 0, "invalid limit \"1:-1\"" + kLimit},
    {M, "rss", "[1]", 0, "is an array" + kLimit},
    {M, "msgqueue", "-1", 0, "invalid limit -1" + kLimit},
    {M, "nice", "41", 0, "41 is out of range" + kNice},
    {M, "rtprio", "'1:100'", 0, "\"1:100\" is out of range" + kRtprio},
    {M, "sigpending", "true", 0, "true is a boolean" + kLimit},
    {M, "locks", "'2:1'", 0, "\"2:1\" has a soft limit above its hard limit"},

    {P, "nice", "-21", 0, "-21 is out of range, must be an integer from -20 to 19"},
    {P, "nice", "'high'", 0, "\"high\" is a string, must be an integer from -20 to 19"},
    {P, "io_class", "'best_effort'", 0,
     R"(unknown value "best_effort", must be "realtime", "best-effort" or "idle"; did you mean )"
     R"("best-effort"?)"},
    {P, "io_priority", "8", 0, "8 is out of range, must be an integer from 0 to 7"},
    {P, "oom_score_adj", "-1001", 0,
     "-1001 is out of range, must be an integer from -1000 to 1000"},
    {P, "cpu_affinity", "0", 0, "0 is an integer, must be an array of integers from 0 to 8191"},
    {P, "cpu_affinity", "[]", 0, "is empty, must name a processor"},
    {P, "cpu_affinity", "[0, 8192]", 4, "8192 is out of range, must be an integer from 0 to 8191"},
    {P, "cpu_affinity", "['0']", 1, "\"0\" is a string, must be an integer from 0 to 8191"},
    {P, "scheduler", "'fiffo'", 0,
     R"(unknown value "fiffo", must be "other", "batch", "idle", "fifo" or "rr"; did you mean )"
     R"("fifo"?)"},
    {P, "priority", "0", 0, "0 is out of range, must be an integer from 1 to 99"},
    {P, "root", "'srv'", 0, "\"srv\" does not begin with /" + kPath},
    {P, "no_new_privs", "'yes'", 0, "\"yes\" is a string" + kBool},
    {P, "capabilities", "'CAP_KILL'", 0,
     "\"CAP_KILL\" is a string, must be an array of capability names"},
    {P, "capabilities", "['CAP_KIL']", 1,
     "unknown capability \"CAP_KIL\", did you mean \"CAP_KILL\"?"},
    {P, "capabilities", "['flying']", 1, "unknown capability \"flying\""},
    {P, "capabilities", "[5]", 1, "5 is an integer, must be a capability name"},

    {R, "memory_max", "0", 0, "0 is out of range" + kBytes + kOrInfinity},
    {R, "memory_max", "'512 M'", 0, "invalid size \"512 M\"; use e.g. \"512M\""},
    {R, "memory_max", "'512MB'", 0, "invalid size \"512MB\"; use e.g. \"512M\""},
    {R, "memory_max", "'M'", 0, "invalid size \"M\"; use e.g. \"512M\""},
    {R, "memory_high", "'8388608T'", 0, "invalid size \"8388608T\"; use e.g. \"512M\""},
    {R, "memory_high", "true", 0, "true is a boolean" + kBytes + kOrInfinity},
    {R, "swap_max", "-1", 0,
     "-1 is out of range, must be an integer of at least 0 or with a unit, as \"512M\"" +
         kOrInfinity},
    {R, "cpu_max", "50", 0, "50 is an integer" + kProcessors + kOrInfinity},
    {R, "cpu_max", "'half'", 0, "invalid value \"half\"" + kCores},
    {R, "cpu_max", "'0%'", 0, "\"0%\" is out of range" + kProcessors + kOrInfinity},
    {R, "cpu_max", "'1.'", 0, "invalid value \"1.\"" + kCores},
    {R, "cpu_max", "'.5'", 0, "invalid value \".5\"" + kCores},
    {R, "cpu_max", "'0.0001'", 0, "invalid value \"0.0001\"" + kCores},
    {R, "cpu_max", "'8193'", 0, "invalid value \"8193\"" + kCores},
    {R, "cpu_weight", "0", 0, "0 is out of range, must be an integer from 1 to 10000"},
    {R, "io_weight", "10001", 0, "10001 is out of range, must be an integer from 1 to 10000"},
    {R, "delegate", "'cpu'", 0, "\"cpu\" is a string, must be true or false"},
    {R, "pids_max", "0", 0, "0 is out of range" + kAtLeast1 + kOrInfinity},

    {T, "name", "'a/b'", 0, "invalid name \"a/b\"" + kNameMade},
    {T, "description", "1979-05-27", 0, "1979-05-27 is a date or time" + kString},
    {T, "status", "'start '", 0,
     "unknown value \"start \"" + kStatus + "; did you mean \"start\"?"},
    {T, "class", "{}", 0, "is a table" + kClass},

    {O, "listen", "'a:80'", 0, "\"a:80\" is a string" + kListenList},
    {O, "listen", "[]", 0, "is empty, must name an address"},
    {O, "listen", "[80]", 1, "80 is an integer, must be " + kListen},
    {O, "listen", "['a']", 1, "\"a\" has no port; use e.g. \"localhost:80\""},
    {O, "listen", "['fifo:x']", 1, "\"fifo:x\" has no absolute path to a FIFO"},
    {O, "listen", "['a:1', 'udp:a:1', 'tcp:a:1']", 19,
     "\"tcp:a:1\" is the same address as an earlier one"},
    {O, "listen", "['unix:/x', 'fifo:/x']", 12,
     "\"fifo:/x\" is the same address as an earlier one"},
    {O, "names", "'a'", 0, "\"a\" is a string, must be an array of names" + kLabel},
    {O, "names", "['']", 1, "invalid name \"\", must be a name" + kLabel},
    {O, "names", "['a:b']", 1, "invalid name \"a:b\", must be a name" + kLabel},
    {O, "names", "[\"a\\u0007\"]", 1, "invalid name \"a\\x07\", must be a name" + kLabel},
    {O, "names", "['a', '\u00fc']", 6, "invalid name \"\u00fc\", must be a name" + kLabel},
    {O, "on_demand", "'no'", 0, "\"no\" is a string" + kBool},
    {O, "accept", "1", 0, "1 is an integer" + kBool},
    {O, "max_connections", "0", 0, "0 is out of range, must be an integer from 1 to 65535"},
    {O, "max_connections", "65536", 0, "65536 is out of range, must be an integer from 1 to 65535"},
    {O, "mode", "'0888'", 0, "invalid mode \"0888\"" + kMask},
    {O, "user", "''", 0, "invalid name \"\"" + kAccountName},
    {O, "group", "-1", 0, "-1 is out of range" + kAccount},
    {O, "backlog", "0", 0, "0 is out of range, must be an integer from 1 to 1000000"},
    {O, "reuse_port", "1", 0, "1 is an integer" + kBool},
    {O, "keepalive", "[]", 0, "is an array" + kBool},
    {O, "freebind", "'x'", 0, "\"x\" is a string" + kBool},

    {I, "calendar", "'*-13-1'", 0, "\"*-13-1\" at character 3: expected a month from 1 to 12"},
    {I, "calendar", "['daily', 5]", 10, "5 is an integer" + kCalendar},
    {I, "cron", "'61 * * * *'", 0,
     "\"61 * * * *\": \"61\" in the minute: expected `*`, 0 to 59, a range a-b, or a-b/n"},
    {I, "cron", "5", 0, "5 is an integer" + kCron + ", or an array of such strings"},
    {I, "every_ms", "0", 0, "0 is out of range" + kAtLeast1 + kUnit},
    {I, "on_boot_ms", "-1", 0, "-1 is out of range" + kAtLeast0 + kUnit},
    {I, "random_delay_ms", "'1'", 0, "invalid duration \"1\"" + kAtLeast0 + kUnit},
    {I, "persistent", "1", 0, "1 is an integer" + kBool},
    {Y, "exists", "'a'", 0, "\"a\" does not begin with /" + kPath},
    {Y, "changed", "['/a', '']", 7, "\"\" does not begin with /" + kPath},
    {Y, "directory_not_empty", "5", 0, "5 is an integer" + kPath + ", or an array of such paths"},

    {C, "path_exists", "'a'", 0, "\"a\" does not begin with /" + kConditionPath},
    {C, "path_exists", "1", 0, "1 is an integer" + kConditionPaths},
    {C, "path_exists", "['/a', '!b']", 7, "\"!b\" does not begin with /" + kConditionPath},
    {C, "path_is_directory", "['! /b']", 1, "\"! /b\" does not begin with /" + kConditionPath},
    {C, "path_is_mount", "[1]", 1, "1 is an integer" + kConditionPath},
    {C, "kernel_command_line", "'!'", 0, "\"!\" is empty" + kConditionWord},
    {C, "kernel_command_line", "true", 0,
     "true is a boolean" + kConditionWord + ", or an array of such strings"},
    {C, "kernel_command_line", "[\"a\\nb\"]", 1,
     "\"a\\x0ab\" has more than one line" + kConditionWord},
    {C, "virtualization", "'dokcer'", 0, "unknown value \"dokcer\"; did you mean \"docker\"?"},
    {C, "virtualization", "['vm', '!containr']", 7,
     "unknown value \"!containr\"; did you mean \"container\"?"},
    {C, "virtualization", "'something'", 0, "unknown value \"something\"" + kKinds},
    {C, "virtualization", "1", 0, "1 is an integer" + kKinds + ", or an array of such words"},
    {C, "first_boot", "'yes'", 0, "\"yes\" is a string" + kBool},
    {C, "exec", "'!'", 0, "\"\" is empty, must name a program"},
    {C, "exec", "['!', 'a']", 1, "\"\" is empty, must name a program"},
    {C, "exec", "[]", 0, "is empty, must name a program"},
    {C, "exec", "1", 0,
     "1 is an integer, must be a string or an array of strings, optionally after a !"},

    {X, "name", "'a b'", 0, "invalid name \"a b\"" + kNameMade},
    {X, "listen", "[]", 0, "is empty, must name an address"},
    {X, "listen", "'a:1'", 0,
     "\"a:1\" is a string, must be an array of \"host:port\" and \"unix:/path\""},
    {X, "listen", "[1]", 1, "1 is an integer, must be \"host:port\" or \"unix:/path\""},
    {X, "listen", "['udp:a:1']", 1,
     "\"udp:a:1\" is not a stream address; use e.g. \"localhost:80\" or \"unix:/run/x.sock\""},
    {X, "listen", "['a:1', 'a:1']", 8, "\"a:1\" is the same address as an earlier one"},
    {X, "backend", "['a:1']", 0, "is an array, must be \"host:port\" or \"unix:/path\""},
    {X, "backend", "'a:x'", 0, "\"a:x\" has the invalid port \"x\", must be from 1 to 65535"},
    {X, "service", "''", 0, "invalid name \"\": a name must not be empty"},
    {X, "connect_timeout", "0", 0, "0 is out of range, must be an integer from 1 to 86400" + kUnit},
    {X, "idle_timeout", "'500ms'", 0,
     "invalid duration \"500ms\", must be an integer from 0 to 31536000" + kUnit + kOrInfinity},
    {X, "idle_timeout", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 31536000" + kUnit + kOrInfinity},
    {X, "single_connection", "'on'", 0, "\"on\" is a string" + kBool},
    {X, "proxy_protocol", "3", 0, "3 is out of range, must be an integer from 0 to 2"},

    {"health", "type", "'udp'", 0, R"(unknown value "udp", must be "tcp", "http" or "exec")"},
    {"health", "endpoint", "5", 0, "5 is an integer, must be a string of one line"},
    {"health", "endpoint", "'a'", 0, "\"a\" has no port; use e.g. \"localhost:80\""},
    {"health", "endpoint", "'https://http'", 0,
     "\"https://http\" is an https URL, which health checks do not support; use http"},
    {"health", "exec", "[]", 0, "is empty, must name a program"},
    {"health", "status", "[]", 0, "is empty, so no answer would be healthy"},
    {"health", "status", "[600]", 1,
     "600 is out of range, must be a code from 200 to 599 or a range such as \"200..299\""},
    {"health", "status", "['2xx']", 1,
     "invalid range \"2xx\", must be a code from 200 to 599 or a range such as \"200..299\""},
    {"health", "status", "['300..200']", 1,
     "\"300..200\" ends before it begins, must be a code from 200 to 599 or a range such as "
     "\"200..299\""},
    {"health", "interval_ms", "0", 0,
     "0 is out of range, must be an integer from 1 to 86400000" + kUnit},
    {"health", "start_interval_ms", "0", 0,
     "0 is out of range, must be an integer from 1 to 86400000" + kUnit},
    {"health", "timeout_ms", "86400001", 0,
     "86400001 is out of range, must be an integer from 1 to 86400000" + kUnit},
    {"health", "retries", "0", 0, "0 is out of range" + kAtLeast1},
    {"", "log_level", "'loud'", 0,
     R"(unknown value "loud", must be "trace", "debug", "info", "warn" or "error")"},
    {"", "shutdown_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1 + kUnit + kOrInfinity},
    {"", "socket_group", "-1", 0,
     "-1 is out of range, must be a name or an integer from 0 to 4294967294"},
    {"", "socket_group", "'a b'", 0, "invalid name \"a b\"" + kAccountName},
    {"", "socket_group_access", "'write'", 0,
     "unknown value \"write\", must be \"read\" or \"full\""},
    {"", "watchdog_device", "'watchdog'", 0, "\"watchdog\" does not begin with /" + kPath},
    {"", "watchdog_timeout_ms", "999", 0,
     "999 is out of range, must be an integer from 1000 to 86400000" + kUnit},
    {"", "self_watchdog_ms", "-1", 0,
     "-1 is out of range, must be an integer from 0 to 86400000" + kUnit + kOrInfinity},
    {"", "default_target", "'a b'", 0, "invalid name \"a b\"" + kNameMade},
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

}  // namespace config_keys_wrong_test
