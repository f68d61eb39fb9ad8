// Every key of the table: set right it is seen in the spec, set wrong it gives the message that is
// written here. A key without both fails the last test.
#include <catch2/catch.hpp>

#include <functional>
#include <set>
#include <string>

#include "config/keys.hpp"
#include "config/settings.hpp"
#include "config/spec_reader.hpp"

using namespace zinit;

namespace {

/// A document with the key set to `value`, and around it what makes it whole. The value stands in
/// line 2.
std::string document_with(std::string_view section, std::string_view key,
                          const std::string& value) {
  const std::string line = std::string(key) + " = " + value + "\n";
  if (section.empty()) return "#\n" + line;
  std::string text = "[" + std::string(section) + "]\n" + line;
  if (section == "service" && key != "exec") text += "exec = \"run\"\n";
  if (section == "process" && key == "priority") text += "scheduler = \"fifo\"\n";
  if (section != "service" && section != "target") text += "[service]\nexec = \"run\"\n";
  return text;
}

struct Outcome {
  ServiceSpec spec;
  GlobalSettings settings;
  std::vector<std::string> messages;
};

Outcome read_with(std::string_view section, std::string_view key, const std::string& value) {
  const std::string text = document_with(section, key, value);
  Outcome outcome;
  std::vector<Diagnostic> diagnostics;
  if (section.empty()) {
    outcome.settings = parse_settings(text, "f.toml", diagnostics);
  } else {
    ParsedSpec parsed = parse_spec(text, "f.toml");
    diagnostics = parsed.diagnostics;
    outcome.spec = *parsed.spec;
  }
  for (const Diagnostic& diagnostic : diagnostics) outcome.messages.push_back(to_text(diagnostic));
  return outcome;
}

struct Right {
  std::string_view section, key;
  std::string value;
  std::function<bool(const Outcome&)> seen;
};

using Env = std::vector<std::pair<std::string, std::string>>;
using Words = std::vector<std::string>;

std::vector<std::string> names_in(const std::vector<Dependency>& list) {
  std::vector<std::string> names;
  for (const Dependency& dependency : list) names.push_back(dependency.name);
  return names;
}

bool has(const Outcome& outcome, Limit which, std::uint64_t soft, std::uint64_t hard) {
  return outcome.spec.limits == std::vector{LimitSetting{which, soft, hard}};
}

constexpr std::string_view S = "service", D = "dependencies", L = "lifecycle", G = "logging",
                           M = "limits", P = "process", R = "resources", T = "target";
const std::int64_t kMost = INT64_MAX;

const Right kRight[] = {
    {S, "name", "'a.b_c@d-9'", [](auto& o) { return o.spec.name == "a.b_c@d-9"; }},
    {S, "name", "'" + std::string(128, 'n') + "'",
     [](auto& o) { return o.spec.name == std::string(128, 'n'); }},
    {S, "description", "'two words, \u00fc'",
     [](auto& o) { return o.spec.description == "two words, \u00fc"; }},
    {S, "exec", "'a \"b c\"'",
     [](auto& o) {
       return o.spec.exec.argv == Words{"a", "b c"};
     }},
    {S, "exec", "'a | b'",
     [](auto& o) {
       return o.spec.exec.argv == Words{"/bin/sh", "-c", "a | b"};
     }},
    {S, "exec", "['a', '', 'b | c']",
     [](auto& o) {
       return o.spec.exec.argv == Words{"a", "", "b | c"};
     }},
    {S, "dir", "'/var/lib'", [](auto& o) { return o.spec.dir == "/var/lib"; }},
    {S, "oneshot", "true", [](auto& o) { return o.spec.oneshot; }},
    {S, "oneshot", "false", [](auto& o) { return !o.spec.oneshot; }},
    {S, "status", "'start'", [](auto& o) { return o.spec.status == StartStatus::start; }},
    {S, "status", "'stop'", [](auto& o) { return o.spec.status == StartStatus::stop; }},
    {S, "status", "'ignore'", [](auto& o) { return o.spec.status == StartStatus::ignore; }},
    {S, "class", "'user'", [](auto& o) { return o.spec.class_ == ServiceClass::user; }},
    {S, "class", "'system'", [](auto& o) { return o.spec.class_ == ServiceClass::system; }},
    {S, "critical", "true", [](auto& o) { return o.spec.critical; }},
    {S, "env", "{B = '', A = 'x=y', 'c.d' = '2'}",
     [](auto& o) {
       return o.spec.env == Env{{"A", "x=y"}, {"B", ""}, {"c.d", "2"}};
     }},
    {S, "env", "{}", [](auto& o) { return o.spec.env.empty(); }},
    {S, "user", "'www-data'", [](auto& o) { return o.spec.user == "www-data"; }},
    {S, "user", "1000", [](auto& o) { return o.spec.user == "1000"; }},
    {S, "group", "'adm'", [](auto& o) { return o.spec.group == "adm"; }},
    {S, "group", "0", [](auto& o) { return o.spec.group == "0"; }},
    {S, "groups", "['video', 4294967294]",
     [](auto& o) {
       return o.spec.groups == Words{"video", "4294967294"};
     }},
    {S, "groups", "[]", [](auto& o) { return o.spec.groups == Words{}; }},
    {S, "umask", "'0'", [](auto& o) { return o.spec.umask == 0; }},
    {S, "umask", "'0077'", [](auto& o) { return o.spec.umask == 077; }},
    {S, "umask", "'0000777'", [](auto& o) { return o.spec.umask == 0777; }},
    {S, "tty", "'/dev/ttyS0'", [](auto& o) { return o.spec.tty == "/dev/ttyS0"; }},

    {D, "requires", "['a', 'b@1']",
     [](auto& o) {
       return names_in(o.spec.dependencies.requires_) == Words{"a", "b@1"};
     }},
    {D, "requires", "['syslog']",  // nothing has that name, as nothing has many another
     [](auto& o) { return names_in(o.spec.dependencies.requires_) == Words{"syslog"}; }},
    {D, "after", "['a']",
     [](auto& o) { return names_in(o.spec.dependencies.after) == Words{"a"}; }},
    {D, "wants", "['a']",
     [](auto& o) { return names_in(o.spec.dependencies.wants) == Words{"a"}; }},
    {D, "conflicts", "[]", [](auto& o) { return o.spec.dependencies.conflicts.empty(); }},

    {L, "restart", "'always'",
     [](auto& o) { return o.spec.lifecycle.restart == RestartPolicy::always; }},
    {L, "restart", "'on-failure'",
     [](auto& o) { return o.spec.lifecycle.restart == RestartPolicy::on_failure; }},
    {L, "restart", "'never'",
     [](auto& o) { return o.spec.lifecycle.restart == RestartPolicy::never; }},
    {L, "restart_delay_ms", "0",
     [](auto& o) { return o.spec.lifecycle.restart_delay.count() == 0; }},
    {L, "restart_delay_ms", "86400000",
     [](auto& o) { return o.spec.lifecycle.restart_delay.count() == 86400000; }},
    {L, "restart_delay_max_ms", "1000",
     [](auto& o) { return o.spec.lifecycle.restart_delay_max.count() == 1000; }},
    {L, "max_restarts", "0", [](auto& o) { return o.spec.lifecycle.max_restarts == 0; }},
    {L, "max_restarts", "7", [](auto& o) { return o.spec.lifecycle.max_restarts == 7; }},
    {L, "max_restarts", "9223372036854775807",
     [](auto& o) { return o.spec.lifecycle.max_restarts == 4294967295; }},
    {L, "stability_period_ms", "0",
     [](auto& o) { return o.spec.lifecycle.stability_period.count() == 0; }},
    {L, "stability_period_ms", "9223372036854775807",
     [](auto& o) { return o.spec.lifecycle.stability_period.count() == kMost; }},
    {L, "start_timeout_ms", "1",
     [](auto& o) {
       return o.spec.lifecycle.start_timeout == Timeout{Milliseconds(1), false};
     }},
    {L, "start_timeout_ms", "'infinity'",
     [](auto& o) { return o.spec.lifecycle.start_timeout.infinite; }},
    {L, "success", "[255, 'SIGTERM', 0, 3, 'int', 3]",
     [](auto& o) {
       return o.spec.lifecycle.success.codes == std::vector{3, 255} &&
              o.spec.lifecycle.success.signals == std::vector{2, 15};
     }},
    {L, "success", "[]", [](auto& o) { return o.spec.lifecycle.success == SuccessSet{}; }},
    {L, "stop_timeout_ms", "1", [](auto& o) { return o.spec.lifecycle.stop_timeout.count() == 1; }},
    {L, "stop_signal", "'SIGINT'", [](auto& o) { return o.spec.lifecycle.stop_signal == 2; }},
    {L, "stop_signal", "'hup'", [](auto& o) { return o.spec.lifecycle.stop_signal == 1; }},
    {L, "stop_signal", "'9'", [](auto& o) { return o.spec.lifecycle.stop_signal == 9; }},
    {L, "stop_signal", "64", [](auto& o) { return o.spec.lifecycle.stop_signal == 64; }},

    {G, "buffer_lines", "0", [](auto& o) { return o.spec.logging.buffer_lines == 0; }},
    {G, "buffer_lines", "1000000", [](auto& o) { return o.spec.logging.buffer_lines == 1000000; }},
    {G, "buffer_bytes", "4096", [](auto& o) { return o.spec.logging.buffer_bytes == 4096; }},
    {G, "buffer_bytes", "1073741824",
     [](auto& o) { return o.spec.logging.buffer_bytes == 1073741824; }},
    {G, "kmsg", "true", [](auto& o) { return o.spec.logging.kmsg; }},
    {G, "console", "true", [](auto& o) { return o.spec.logging.console; }},

    {M, "nofile", "'1:2'", [](auto& o) { return has(o, Limit::nofile, 1, 2); }},
    {M, "nproc", "7", [](auto& o) { return has(o, Limit::nproc, 7, 7); }},
    {M, "core", "'unlimited'", [](auto& o) { return has(o, Limit::core, kUnlimited, kUnlimited); }},
    {M, "memlock", "'unlimited:unlimited'",
     [](auto& o) { return has(o, Limit::memlock, kUnlimited, kUnlimited); }},
    {M, "stack", "'1:unlimited'", [](auto& o) { return has(o, Limit::stack, 1, kUnlimited); }},
    {M, "data", "'1:2'", [](auto& o) { return has(o, Limit::data, 1, 2); }},
    {M, "fsize", "7", [](auto& o) { return has(o, Limit::fsize, 7, 7); }},
    {M, "cpu", "'unlimited'", [](auto& o) { return has(o, Limit::cpu, kUnlimited, kUnlimited); }},
    {M, "as", "'unlimited:unlimited'",
     [](auto& o) { return has(o, Limit::as, kUnlimited, kUnlimited); }},
    {M, "rss", "'1:unlimited'", [](auto& o) { return has(o, Limit::rss, 1, kUnlimited); }},
    {M, "msgqueue", "'1:2'", [](auto& o) { return has(o, Limit::msgqueue, 1, 2); }},
    {M, "nice", "40", [](auto& o) { return has(o, Limit::nice, 40, 40); }},
    {M, "rtprio", "'0:99'", [](auto& o) { return has(o, Limit::rtprio, 0, 99); }},
    {M, "sigpending", "'unlimited:unlimited'",
     [](auto& o) { return has(o, Limit::sigpending, kUnlimited, kUnlimited); }},
    {M, "locks", "'1:unlimited'", [](auto& o) { return has(o, Limit::locks, 1, kUnlimited); }},

    {P, "nice", "-20", [](auto& o) { return o.spec.process.nice == -20; }},
    {P, "nice", "19", [](auto& o) { return o.spec.process.nice == 19; }},
    {P, "io_class", "'realtime'",
     [](auto& o) { return o.spec.process.io_class == IoClass::realtime; }},
    {P, "io_class", "'best-effort'",
     [](auto& o) { return o.spec.process.io_class == IoClass::best_effort; }},
    {P, "io_priority", "0", [](auto& o) { return o.spec.process.io_priority == 0; }},
    {P, "oom_score_adj", "-1000", [](auto& o) { return o.spec.process.oom_score_adj == -1000; }},
    {P, "cpu_affinity", "[8191, 0, 2, 0]",
     [](auto& o) {
       return o.spec.process.cpu_affinity == std::vector{0, 2, 8191};
     }},
    {P, "scheduler", "'other'",
     [](auto& o) { return o.spec.process.scheduler == Scheduler::other; }},
    {P, "scheduler", "'rr'", [](auto& o) { return o.spec.process.scheduler == Scheduler::rr; }},
    {P, "priority", "99", [](auto& o) { return o.spec.process.priority == 99; }},
    {P, "root", "'/srv'", [](auto& o) { return o.spec.process.root == "/srv"; }},
    {P, "no_new_privs", "true", [](auto& o) { return o.spec.process.no_new_privs; }},
    {P, "capabilities", "['CAP_CHOWN', 'sys_admin', 'Cap_Checkpoint_Restore']",
     [](auto& o) {
       return o.spec.process.capabilities ==
              (std::uint64_t{1} | std::uint64_t{1} << 21 | std::uint64_t{1} << 40);
     }},
    {P, "capabilities", "[]", [](auto& o) { return o.spec.process.capabilities == 0u; }},

    {R, "memory_max", "'512M'", [](auto& o) { return o.spec.resources.memory_max == 512u << 20; }},
    {R, "memory_max", "1", [](auto& o) { return o.spec.resources.memory_max == 1u; }},
    {R, "memory_high", "'8388607T'",
     [](auto& o) { return o.spec.resources.memory_high == std::uint64_t{8388607} << 40; }},
    {R, "swap_max", "0", [](auto& o) { return o.spec.resources.swap_max == 0u; }},
    {R, "swap_max", "'3K'", [](auto& o) { return o.spec.resources.swap_max == 3072u; }},
    {R, "cpu_max", "'50%'", [](auto& o) { return o.spec.resources.cpu_max == 500u; }},
    {R, "cpu_max", "'2.5'", [](auto& o) { return o.spec.resources.cpu_max == 2500u; }},
    {R, "cpu_max", "'0.1%'", [](auto& o) { return o.spec.resources.cpu_max == 1u; }},
    {R, "cpu_max", "'250%'", [](auto& o) { return o.spec.resources.cpu_max == 2500u; }},
    {R, "cpu_max", "'8192'", [](auto& o) { return o.spec.resources.cpu_max == 8192000u; }},
    {R, "cpu_weight", "1", [](auto& o) { return o.spec.resources.cpu_weight == 1u; }},
    {R, "io_weight", "10000", [](auto& o) { return o.spec.resources.io_weight == 10000u; }},
    {R, "pids_max", "1", [](auto& o) { return o.spec.resources.pids_max == 1u; }},

    {T, "name", "'multi-user'",
     [](auto& o) { return o.spec.name == "multi-user" && o.spec.is_target(); }},
    {T, "description", "'x'", [](auto& o) { return o.spec.description == "x"; }},
    {T, "status", "'stop'", [](auto& o) { return o.spec.status == StartStatus::stop; }},
    {T, "class", "'system'", [](auto& o) { return o.spec.class_ == ServiceClass::system; }},

    {"", "log_level", "'trace'", [](auto& o) { return o.settings.log_level == LogLevel::trace; }},
    {"", "log_level", "'error'", [](auto& o) { return o.settings.log_level == LogLevel::error; }},
    {"", "shutdown_timeout_ms", "1",
     [](auto& o) { return o.settings.shutdown_timeout.count() == 1; }},
    {"", "socket_group", "'adm'", [](auto& o) { return o.settings.socket_group == "adm"; }},
    {"", "socket_group", "4", [](auto& o) { return o.settings.socket_group == "4"; }},
    {"", "socket_group", "''", [](auto& o) { return o.settings.socket_group.empty(); }},
    {"", "socket_group_access", "'full'",
     [](auto& o) { return o.settings.socket_group_access == SocketAccess::full; }},
    {"", "socket_group_access", "'read'",
     [](auto& o) { return o.settings.socket_group_access == SocketAccess::read; }},
    {"", "default_target", "'multi-user'",
     [](auto& o) { return o.settings.default_target == "multi-user"; }},
    {"", "default_target", "''", [](auto& o) { return o.settings.default_target.empty(); }},
};

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

    {G, "buffer_lines", "1000001", 0,
     "1000001 is out of range, must be an integer from 0 to 1000000"},
    {G, "buffer_bytes", "4095", 0,
     "4095 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "buffer_bytes", "1073741825", 0,
     "1073741825 is out of range, must be an integer from 4096 to 1073741824"},
    {G, "kmsg", "1", 0, "1 is an integer" + kBool},
    {G, "console", "'on'", 0, "\"on\" is a string" + kBool},

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

    {"", "log_level", "'loud'", 0,
     R"("loud" is not known, must be "trace", "debug", "info", "warn" or "error")"},
    {"", "shutdown_timeout_ms", "0", 0, "0 is out of range" + kAtLeast1},
    {"", "socket_group", "-1", 0,
     "-1 is out of range, must be a name or an integer from 0 to 4294967294"},
    {"", "socket_group", "'a b'", 0,
     "\"a b\" is no name, must be a name or an integer from 0 to 4294967294"},
    {"", "socket_group_access", "'write'", 0,
     "\"write\" is not known, must be \"read\" or \"full\""},
    {"", "default_target", "'a b'", 0, "\"a b\"" + kNameMade},
};

}  // namespace

TEST_CASE("each key set right is seen in what is loaded, without a word", "[config][keys]") {
  for (const Right& row : kRight) {
    INFO(row.section << "." << row.key << " = " << row.value);
    const Outcome outcome = read_with(row.section, row.key, row.value);
    CHECK(outcome.messages == std::vector<std::string>{});
    CHECK(row.seen(outcome));
  }
}

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

TEST_CASE("each key of the table is tested right and wrong", "[config][keys]") {
  std::set<std::string> right, wrong;
  for (const Right& row : kRight)
    right.insert(std::string(row.section) + "." + std::string(row.key));
  for (const Wrong& row : kWrong)
    wrong.insert(std::string(row.section) + "." + std::string(row.key));
  for (const Key& key : all_keys()) {
    const std::string name = std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    CHECK(right.count(name) == 1);
    CHECK(wrong.count(name) == 1);
  }
}

TEST_CASE("each row of the table has a help of one line and an example that is right",
          "[config][keys]") {
  for (const Key& key : all_keys()) {
    INFO(full_name(key));
    CHECK_FALSE(key.help.empty());
    CHECK(key.help.find('\n') == std::string_view::npos);
    CHECK_FALSE(key.default_text.empty());
    CHECK_FALSE(allowed_text(key).empty());
    CHECK(find_key(key.section, key.name) == &key);
    const Outcome outcome = read_with(key.section, key.name, std::string(key.example));
    CHECK(outcome.messages == std::vector<std::string>{});
  }
}

TEST_CASE("defaults that the table shows as TOML are what a file without the key has",
          "[config][keys]") {
  const Outcome bare = read_with("service", "oneshot", "false");
  for (const Key& key : all_keys()) {
    // Defaults in words, or that depend on other keys, have tests of their own.
    const bool literal =
        std::string_view("\"[{0123456789tf").find(key.default_text[0]) != std::string_view::npos &&
        key.default_text.find_first_of(" ;,") == std::string_view::npos;
    // What the kernel has by default is not written.
    if (!literal || key.section == "target" || key.section == "resources") continue;
    INFO(full_name(key) << " = " << key.default_text);
    const Outcome said = read_with(key.section, key.name, std::string(key.default_text));
    CHECK(said.messages == std::vector<std::string>{});
    CHECK(compare(said.spec, key.section.empty() ? ServiceSpec{} : bare.spec) == SpecChange::none);
    CHECK(said.settings.log_level == LogLevel::info);
    CHECK(said.settings.shutdown_timeout == GlobalSettings{}.shutdown_timeout);
    CHECK(said.settings.default_target.empty());
  }
}

TEST_CASE("a variable of env is told by its own name", "[config][keys]") {
  const auto messages = [](const std::string& value) {
    return read_with("service", "env", value).messages;
  };
  CHECK(messages("{A = 1, B = ['x']}") ==
        std::vector<std::string>{
            "f.toml:2:12: error: service.env.A: 1 is an integer, must be a string",
            "f.toml:2:19: error: service.env.B: is an array, must be a string"});
  CHECK(messages(R"({A = "x\u0000"})") ==
        std::vector<std::string>{"f.toml:2:12: error: service.env.A: \"x\\x00\" holds a NUL "
                                 "character, which no value may"});
  CHECK(
      messages("{'a=b' = 'x'}") ==
      std::vector<std::string>{"f.toml:2:8: error: service.env: \"a=b\" is no name of a variable, "
                               "must not be empty nor hold = or NUL"});
  CHECK(messages("{'' = 'x'}") ==
        std::vector<std::string>{"f.toml:2:8: error: service.env: \"\" is no name of a variable, "
                                 "must not be empty nor hold = or NUL"});
}

TEST_CASE("a dependency that is named twice is a warning", "[config][keys]") {
  const Outcome outcome = read_with("dependencies", "after", "['a', 'b', 'a']");
  CHECK(outcome.messages ==
        std::vector<std::string>{"f.toml:2:20: warning: dependencies.after: \"a\" is named twice"});
  CHECK(outcome.spec.dependencies.after.size() == 3);
}
