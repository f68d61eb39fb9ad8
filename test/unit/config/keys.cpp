// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every key of the table with a right value, which the spec must show. A key without a row here
// fails. keys_wrong.golden has wrong values.
#include "files/kept_config.hpp"
#include "support/test.hpp"
#include "unit/config/one_key.hpp"

namespace zinit::test::config_keys {
namespace {

struct Right {
  std::string_view section, key;
  std::string value;
  std::function<bool(const Outcome&)> seen;
};

using Env = std::vector<std::pair<std::string, std::optional<std::string>>>;
using Commands = std::vector<Command>;
using Files = std::vector<EnvironmentFile>;

Texts names_in(const std::vector<Dependency>& list) {
  Texts names;
  for (const Dependency& dependency : list) names.push_back(dependency.name);
  return names;
}

bool has(const Outcome& outcome, Limit which, std::uint64_t soft, std::uint64_t hard) {
  return outcome.spec.limits == std::vector{LimitSetting{which, soft, hard}};
}

constexpr std::string_view S = "service", D = "dependencies", L = "lifecycle", G = "logging",
                           M = "limits", P = "process", R = "resources", T = "target";
constexpr std::string_view H = "health", O = "socket", I = "timer", Y = "path", X = "proxy",
                           C = "condition";
const std::int64_t kMost = INT64_MAX;

// clang-format off
#define SEEN(...) [](const Outcome& o) { return __VA_ARGS__; }

const Right kRight[] = {
    {S, "name", "'a.b_c@d-9'", SEEN(o.spec.name == "a.b_c@d-9")},
    {S, "name", "'" + std::string(128, 'n') + "'", SEEN(o.spec.name == std::string(128, 'n'))},
    {S, "description", "'two words, \u00fc'", SEEN(o.spec.description == "two words, \u00fc")},
    {S, "exec", "'a \"b c\"'", SEEN(o.spec.exec.argv == Texts{"a", "b c"})},
    {S, "exec", "'a | b'", SEEN(o.spec.exec.argv == Texts{"/bin/sh", "-c", "a | b"})},
    {S, "exec", "['a', '', 'b | c']", SEEN(o.spec.exec.argv == Texts{"a", "", "b | c"})},
    {S, "dir", "'/var/lib'", SEEN(o.spec.dir == "/var/lib")},
    {S, "oneshot", "true", SEEN(o.spec.oneshot)},
    {S, "oneshot", "false", SEEN(!o.spec.oneshot)},
    {S, "status", "'start'", SEEN(o.spec.status == StartStatus::start)},
    {S, "status", "'stop'", SEEN(o.spec.status == StartStatus::stop)},
    {S, "status", "'ignore'", SEEN(o.spec.status == StartStatus::ignore)},
    {S, "class", "'user'", SEEN(o.spec.class_ == ServiceClass::user)},
    {S, "class", "'system'", SEEN(o.spec.class_ == ServiceClass::system)},
    {S, "critical", "true", SEEN(o.spec.critical)},
    {S, "survive", "true", SEEN(o.spec.survive)},
    {S, "env", "{B = '', A = 'x=y', 'c.d' = '2'}", SEEN(
     o.spec.env == Env{{"A", "x=y"}, {"B", ""}, {"c.d", "2"}})},
    {S, "env", "{A = false, B = ''}", SEEN(o.spec.env == Env{{"A", std::nullopt}, {"B", ""}})},
    {S, "env", "{}", SEEN(o.spec.env->empty())},
    {S, "user", "'www-data'", SEEN(o.spec.user == "www-data")},
    {S, "user", "1000", SEEN(o.spec.user == "1000")},
    {S, "group", "'adm'", SEEN(o.spec.group == "adm")},
    {S, "group", "0", SEEN(o.spec.group == "0")},
    {S, "groups", "['video', 4294967294]", SEEN(o.spec.groups == Texts{"video", "4294967294"})},
    {S, "groups", "[]", SEEN(o.spec.groups == Texts{})},
    {S, "umask", "'0'", SEEN(o.spec.umask == 0)},
    {S, "umask", "'0077'", SEEN(o.spec.umask == 077)},
    {S, "umask", "'0000777'", SEEN(o.spec.umask == 0777)},
    {S, "tty", "'/dev/ttyS0'", SEEN(o.spec.tty == "/dev/ttyS0")},

    {D, "requires", "['a', 'b@1']", SEEN(
     names_in(o.spec.dependencies->requires_) == Texts{"a", "b@1"})},
    // no service has the name
    {D, "requires", "['syslog']", SEEN(
     names_in(o.spec.dependencies->requires_) == Texts{"syslog"})},
    {D, "after", "['a']", SEEN(names_in(o.spec.dependencies->after) == Texts{"a"})},
    {D, "wants", "['a']", SEEN(names_in(o.spec.dependencies->wants) == Texts{"a"})},
    {D, "required_by", "['a']", SEEN(names_in(o.spec.dependencies->required_by) == Texts{"a"})},
    {D, "binds_to", "['a']", SEEN(names_in(o.spec.dependencies->binds_to) == Texts{"a"})},
    {D, "bound_by", "['a']", SEEN(names_in(o.spec.dependencies->bound_by) == Texts{"a"})},
    {D, "before", "['a']", SEEN(names_in(o.spec.dependencies->before) == Texts{"a"})},
    {D, "wanted_by", "['a']", SEEN(names_in(o.spec.dependencies->wanted_by) == Texts{"a"})},
    {D, "conflicts", "[]", SEEN(o.spec.dependencies->conflicts.empty())},

    {H, "type", "'tcp'", SEEN(o.spec.health->type == ProbeType::tcp)},
    {H, "type", "'http'", SEEN(o.spec.health->type == ProbeType::http)},
    {H, "type", "'exec'", SEEN(o.spec.health->type == ProbeType::exec)},
    {H, "endpoint", "'[::1]:80'", SEEN(o.spec.health->endpoint == "[::1]:80")},
    {H, "endpoint", "'unix:/run/a'", SEEN(o.spec.health->endpoint == "unix:/run/a")},
    {H, "endpoint", "'http+unix:///run/a:/b'", SEEN(
     o.spec.health->endpoint == "http+unix:///run/a:/b")},
    {H, "exec", "'a b'", SEEN(o.spec.health->exec.argv == Texts{"a", "b"})},
    {H, "status", "[200, '301..308']", SEEN(
     o.spec.health->status == std::vector<StatusRange>{{200, 200}, {301, 308}})},
    {H, "interval_ms", "1", SEEN(o.spec.health->interval == 1ms)},
    {H, "start_interval_ms", "86400000", SEEN(o.spec.health->start_interval == 24h)},
    {H, "timeout_ms", "7", SEEN(o.spec.health->timeout == 7ms)},
    {H, "retries", "1", SEEN(o.spec.health->retries == 1)},

    {L, "restart", "'always'", SEEN(o.spec.lifecycle.restart == RestartPolicy::always)},
    {L, "restart", "'on-failure'", SEEN(o.spec.lifecycle.restart == RestartPolicy::on_failure)},
    {L, "restart", "'never'", SEEN(o.spec.lifecycle.restart == RestartPolicy::never)},
    {L, "restart_delay_ms", "0", SEEN(o.spec.lifecycle.restart_delay.count() == 0)},
    {L, "restart_delay_ms", "86400000", SEEN(o.spec.lifecycle.restart_delay.count() == 86400000)},
    {L, "restart_delay_max_ms", "1000", SEEN(o.spec.lifecycle.restart_delay_max.count() == 1000)},
    {L, "restart_delay_max_ms", "'infinity'", SEEN(
     o.spec.lifecycle.restart_delay_max == kForever)},
    {L, "max_restarts", "0", SEEN(o.spec.lifecycle.max_restarts == 0)},
    {L, "max_restarts", "'infinity'", SEEN(o.spec.lifecycle.max_restarts == 0)},
    {L, "max_restarts", "7", SEEN(o.spec.lifecycle.max_restarts == 7)},
    {L, "max_restarts", "9223372036854775807", SEEN(o.spec.lifecycle.max_restarts == 4294967295)},
    {L, "stability_period_ms", "0", SEEN(o.spec.lifecycle.stability_period.count() == 0)},
    {L, "stability_period_ms", "9223372036854775807", SEEN(
     o.spec.lifecycle.stability_period.count() == kMost)},
    {L, "stability_period_ms", "'infinity'", SEEN(
     o.spec.lifecycle.stability_period == kForever)},
    {L, "start_timeout_ms", "1", SEEN(o.spec.lifecycle.start_timeout == Milliseconds(1))},
    {L, "start_timeout_ms", "'infinity'", SEEN(o.spec.lifecycle.start_timeout == kForever)},
    {L, "success", "[255, 'SIGTERM', 0, 3, 'int', 3]", SEEN(
     o.spec.lifecycle.success->codes == std::vector{3, 255} &&
     o.spec.lifecycle.success->signals == std::vector{2, 15})},
    {L, "success", "[]", SEEN(o.spec.lifecycle.success == EndSet{})},
    {L, "no_restart_on", "[78, 'SIGABRT', 0]", SEEN(
     o.spec.lifecycle.no_restart_on->codes == std::vector{0, 78} &&
     o.spec.lifecycle.no_restart_on->signals == std::vector{6})},
    {L, "stop_when_unneeded", "true", SEEN(o.spec.lifecycle.stop_when_unneeded)},
    {L, "on_failure", "['a', 'mail@']", SEEN(
     names_in(*o.spec.lifecycle.on_failure) == Texts{"a", "mail@"})},
    {L, "on_failure_action", "'exit'", SEEN(
     o.spec.lifecycle.on_failure_action == FailureAction::exit)},
    {L, "on_failure_action", "'none'", SEEN(
     o.spec.lifecycle.on_failure_action == FailureAction::none)},
    {L, "stop_timeout_ms", "1", SEEN(o.spec.lifecycle.stop_timeout.count() == 1)},
    {L, "stop_timeout_ms", "'1min 30s'", SEEN(
     o.spec.lifecycle.stop_timeout == Milliseconds(90000))},
    {L, "stop_timeout_ms", "'infinity'", SEEN(o.spec.lifecycle.stop_timeout == kForever)},
    {L, "kill_mode", "'main'", SEEN(o.spec.lifecycle.kill_mode == KillMode::main)},
    {L, "kill_mode", "'all'", SEEN(o.spec.lifecycle.kill_mode == KillMode::all)},
    {L, "stop_signal", "'SIGINT'", SEEN(o.spec.lifecycle.stop_signal == 2)},
    {L, "stop_signal", "'hup'", SEEN(o.spec.lifecycle.stop_signal == 1)},
    {L, "stop_signal", "'9'", SEEN(o.spec.lifecycle.stop_signal == 9)},
    {L, "stop_signal", "64", SEEN(o.spec.lifecycle.stop_signal == 64)},

    {S, "ports", "[443, 80, 1, 65535, 80]", SEEN(o.spec.ports == std::vector{1, 80, 443, 65535})},
    {S, "env_file", "'-/etc/default/web'", SEEN(
     o.spec.env_file == Files{{"/etc/default/web", true}})},
    {S, "env_file", "['/b', '-/a']", SEEN(o.spec.env_file == Files{{"/b", false}, {"/a", true}})},
    {S, "pre_exec", "'a b'", SEEN(o.spec.pre_exec == Commands{{{"a", "b"}, true}})},
    {S, "ready_exec", "[['a', 'b'], ['c']]", SEEN(
     o.spec.ready_exec == Commands{{{"a", "b"}}, {{"c"}}})},
    {S, "pre_exec", "['a', 'b$']", SEEN(o.spec.pre_exec == Commands{{{"a", "b$"}}})},
    {S, "pre_exec", "[['a', 'b'], ['c']]", SEEN(
     o.spec.pre_exec == Commands{{{"a", "b"}}, {{"c"}}})},
    {S, "post_exec", "'a; b'", SEEN(o.spec.post_exec == Commands{{{"/bin/sh", "-c", "a; b"}}})},
    {S, "runtime_dir", "'web'", SEEN(o.spec.directories->runtime == Texts{"web"})},
    {S, "runtime_dir", "['web', 'web/a..b', '.c']", SEEN(
     o.spec.directories->runtime == Texts{"web", "web/a..b", ".c"})},
    {S, "state_dir", "'web'", SEEN(o.spec.directories->state == Texts{"web"})},
    {S, "cache_dir", "'web'", SEEN(o.spec.directories->cache == Texts{"web"})},
    {S, "log_dir", "'web'", SEEN(o.spec.directories->log == Texts{"web"})},
    {S, "stop_exec", "'a b'", SEEN(o.spec.stop_exec->argv == Texts{"a", "b"})},
    {S, "reload_exec", "['a', '']", SEEN(o.spec.reload_exec->argv == Texts{"a", ""})},
    {S, "check_exec", "'a -t'", SEEN(o.spec.check_exec->argv == Texts{"a", "-t"})},
    {S, "reload_signal", "'hup'", SEEN(o.spec.reload_signal == 1)},

    {"readiness", "notify", "'systemd'", SEEN(o.spec.readiness->way.by == Notify::systemd)},
    {"readiness", "notify", "'fd:1023'", SEEN(
     o.spec.readiness->way == NotifyWay{Notify::newline, 1023})},
    {"readiness", "pidfile", "'/run/a.pid'", SEEN(o.spec.readiness->pidfile == "/run/a.pid")},
    {"readiness", "after_ms", "1000", SEEN(o.spec.readiness->after == 1s)},
    {"readiness", "notify_access", "'all'", SEEN(
     o.spec.readiness->notify_access == NotifyAccess::all)},
    {"readiness", "fdstore_max", "512", SEEN(o.spec.readiness->fdstore_max == 512)},
    {"readiness", "watchdog_ms", "'infinity'", SEEN(o.spec.readiness->watchdog == Milliseconds{0})},
    {"readiness", "watchdog_ms", "86400000", SEEN(
     o.spec.readiness->watchdog == Milliseconds{86400000})},

    {G, "buffer_lines", "0", SEEN(o.spec.logging->buffer_lines == 0)},
    {G, "buffer_lines", "1000000", SEEN(o.spec.logging->buffer_lines == 1000000)},
    {G, "buffer_bytes", "4096", SEEN(o.spec.logging->buffer_bytes == 4096)},
    {G, "buffer_bytes", "1073741824", SEEN(o.spec.logging->buffer_bytes == 1073741824)},
    {G, "kmsg", "true", SEEN(o.spec.logging->kmsg)},
    {G, "console", "true", SEEN(o.spec.logging->console == ConsoleMode::lines)},
    {G, "console", "'raw'", SEEN(o.spec.logging->console == ConsoleMode::raw)},
    {G, "merge_stderr", "true", SEEN(o.spec.logging->merge_stderr)},
    {G, "rate_lines", "'infinity'", SEEN(o.spec.logging->rate_lines == 0)},
    {G, "file_max_bytes", "'infinity'", SEEN(o.spec.logging->file_max_bytes == 0)},
    {G, "rate_lines", "1000000", SEEN(o.spec.logging->rate_lines == 1000000)},
    {G, "rate_interval_ms", "1", SEEN(o.spec.logging->rate_interval == Milliseconds{1})},
    {G, "file", "'/var/log/x.log'", SEEN(o.spec.logging->file == "/var/log/x.log")},
    {G, "file_max_bytes", "0", SEEN(o.spec.logging->file_max_bytes == 0)},
    {G, "file_max_bytes", "4294967295", SEEN(o.spec.logging->file_max_bytes == 4294967295)},
    {G, "file_keep", "1000", SEEN(o.spec.logging->file_keep == 1000)},
    {G, "syslog", "'unix:/dev/log'", SEEN(o.spec.logging->syslog == "unix:/dev/log")},
    {G, "syslog", "'udp:[::1]:514'", SEEN(o.spec.logging->syslog == "udp:[::1]:514")},
    {G, "syslog", "'tcp:logs.example.org:601'", SEEN(
     o.spec.logging->syslog == "tcp:logs.example.org:601")},
    {G, "forward", "'tcp:127.0.0.1:9000'", SEEN(o.spec.logging->forward == "tcp:127.0.0.1:9000")},
    {G, "forward", "'unix:/run/vector.sock'", SEEN(
     o.spec.logging->forward == "unix:/run/vector.sock")},

    {M, "nofile", "'1:2'", SEEN(has(o, Limit::nofile, 1, 2))},
    {M, "nproc", "'infinity'", SEEN(has(o, Limit::nproc, kUnlimited, kUnlimited))},
    {M, "nproc", "'5:infinity'", SEEN(has(o, Limit::nproc, 5, kUnlimited))},
    {M, "nproc", "7", SEEN(has(o, Limit::nproc, 7, 7))},
    {M, "core", "'unlimited'", SEEN(has(o, Limit::core, kUnlimited, kUnlimited))},
    {M, "memlock", "'unlimited:unlimited'", SEEN(has(o, Limit::memlock, kUnlimited, kUnlimited))},
    {M, "stack", "'1:unlimited'", SEEN(has(o, Limit::stack, 1, kUnlimited))},
    {M, "data", "'1:2'", SEEN(has(o, Limit::data, 1, 2))},
    {M, "fsize", "7", SEEN(has(o, Limit::fsize, 7, 7))},
    {M, "cpu", "'unlimited'", SEEN(has(o, Limit::cpu, kUnlimited, kUnlimited))},
    {M, "as", "'unlimited:unlimited'", SEEN(has(o, Limit::as, kUnlimited, kUnlimited))},
    {M, "rss", "'1:unlimited'", SEEN(has(o, Limit::rss, 1, kUnlimited))},
    {M, "msgqueue", "'1:2'", SEEN(has(o, Limit::msgqueue, 1, 2))},
    {M, "nice", "40", SEEN(has(o, Limit::nice, 40, 40))},
    {M, "rtprio", "'0:99'", SEEN(has(o, Limit::rtprio, 0, 99))},
    {M, "sigpending", "'unlimited:unlimited'", SEEN(
     has(o, Limit::sigpending, kUnlimited, kUnlimited))},
    {M, "locks", "'1:unlimited'", SEEN(has(o, Limit::locks, 1, kUnlimited))},

    {P, "nice", "-20", SEEN(o.spec.process->nice == -20)},
    {P, "nice", "19", SEEN(o.spec.process->nice == 19)},
    {P, "io_class", "'realtime'", SEEN(o.spec.process->io_class == IoClass::realtime)},
    {P, "io_class", "'best-effort'", SEEN(o.spec.process->io_class == IoClass::best_effort)},
    {P, "io_priority", "0", SEEN(o.spec.process->io_priority == 0)},
    {P, "oom_score_adj", "-1000", SEEN(o.spec.process->oom_score_adj == -1000)},
    {P, "cpu_affinity", "[8191, 0, 2, 0]", SEEN(
     o.spec.process->cpu_affinity == std::vector{0, 2, 8191})},
    {P, "scheduler", "'other'", SEEN(o.spec.process->scheduler == Scheduler::other)},
    {P, "scheduler", "'rr'", SEEN(o.spec.process->scheduler == Scheduler::rr)},
    {P, "priority", "99", SEEN(o.spec.process->priority == 99)},
    {P, "root", "'/srv'", SEEN(o.spec.process->root == "/srv")},
    {P, "no_new_privs", "true", SEEN(o.spec.process->no_new_privs)},
    {P, "capabilities", "['CAP_CHOWN', 'sys_admin', 'Cap_Checkpoint_Restore']", SEEN(
     o.spec.process->capabilities ==
     (std::uint64_t{1} | std::uint64_t{1} << 21 | std::uint64_t{1} << 40))},
    {P, "capabilities", "[]", SEEN(o.spec.process->capabilities == 0u)},

    {R, "memory_max", "'512M'", SEEN(o.spec.resources->memory_max == 512u << 20)},
    {R, "memory_max", "'infinity'", SEEN(!o.spec.resources->memory_max)},
    {R, "memory_high", "'infinity'", SEEN(!o.spec.resources->memory_high)},
    {R, "swap_max", "'infinity'", SEEN(!o.spec.resources->swap_max)},
    {R, "cpu_max", "'infinity'", SEEN(!o.spec.resources->cpu_max)},
    {R, "pids_max", "'infinity'", SEEN(!o.spec.resources->pids_max)},
    {R, "delegate", "true", SEEN(o.spec.resources->delegate)},
    {R, "memory_max", "1", SEEN(o.spec.resources->memory_max == 1u)},
    {R, "memory_high", "'8388607T'", SEEN(
     o.spec.resources->memory_high == std::uint64_t{8388607} << 40)},
    {R, "swap_max", "0", SEEN(o.spec.resources->swap_max == 0u)},
    {R, "swap_max", "'3K'", SEEN(o.spec.resources->swap_max == 3072u)},
    {R, "cpu_max", "'50%'", SEEN(o.spec.resources->cpu_max == 500u)},
    {R, "cpu_max", "'2.5'", SEEN(o.spec.resources->cpu_max == 2500u)},
    {R, "cpu_max", "'0.1%'", SEEN(o.spec.resources->cpu_max == 1u)},
    {R, "cpu_max", "'250%'", SEEN(o.spec.resources->cpu_max == 2500u)},
    {R, "cpu_max", "'8192'", SEEN(o.spec.resources->cpu_max == 8192000u)},
    {R, "cpu_weight", "1", SEEN(o.spec.resources->cpu_weight == 1u)},
    {R, "io_weight", "10000", SEEN(o.spec.resources->io_weight == 10000u)},
    {R, "pids_max", "1", SEEN(o.spec.resources->pids_max == 1u)},

    {T, "name", "'multi-user'", SEEN(o.spec.name == "multi-user" && o.spec.kind == Kind::target)},
    {T, "description", "'x'", SEEN(o.spec.description == "x")},
    {T, "status", "'stop'", SEEN(o.spec.status == StartStatus::stop)},
    {T, "class", "'system'", SEEN(o.spec.class_ == ServiceClass::system)},

    {O, "listen", "['a:1', 'udp:a:1', '[::1]:1', 'unix:/b', 'unix-dgram:/c', 'fifo:/d']", SEEN(
     o.spec.socket->listen ==
     Texts{"a:1", "udp:a:1", "[::1]:1", "unix:/b", "unix-dgram:/c", "fifo:/d"})},
    {O, "names", "['" + std::string(255, 'n') + "']", SEEN(
     o.spec.socket->names == Texts{std::string(255, 'n')})},
    {O, "names", "['a b;']", SEEN(o.spec.socket->names == Texts{"a b;"})},
    {O, "on_demand", "false", SEEN(!o.spec.socket->on_demand)},
    {O, "accept", "true", SEEN(o.spec.socket->accept)},
    {O, "max_connections", "1", SEEN(o.spec.socket->max_connections == 1)},
    {O, "max_connections", "65535", SEEN(o.spec.socket->max_connections == 65535)},
    {O, "mode", "'0600'", SEEN(o.spec.socket->mode == 0600)},
    {O, "user", "'www'", SEEN(o.spec.socket->user == "www")},
    {O, "group", "5", SEEN(o.spec.socket->group == "5")},
    {O, "backlog", "1", SEEN(o.spec.socket->backlog == 1)},
    {O, "backlog", "1000000", SEEN(o.spec.socket->backlog == 1000000)},
    {O, "reuse_port", "true", SEEN(o.spec.socket->reuse_port)},
    {O, "keepalive", "true", SEEN(o.spec.socket->keepalive)},
    {O, "freebind", "true", SEEN(o.spec.socket->freebind)},

    {I, "calendar", "'Mon 3:00'", SEEN(o.spec.timer->calendar == Texts{"Mon 3:00"})},
    {I, "calendar", "['daily', '*-*-1']", SEEN(o.spec.timer->calendar == Texts{"daily", "*-*-1"})},
    {I, "cron", "'0 3 * * *'", SEEN(o.spec.timer->cron == Texts{"0 3 * * *"})},
    {I, "every_ms", "1", SEEN(o.spec.timer->every == Milliseconds{1})},
    {I, "on_boot_ms", "0", SEEN(o.spec.timer->on_boot == Milliseconds{0})},
    {I, "random_delay_ms", "5", SEEN(o.spec.timer->random_delay.count() == 5)},
    {I, "persistent", "true", SEEN(o.spec.timer->persistent)},
    {Y, "exists", "'/a'", SEEN(o.spec.path->exists == Texts{"/a"})},
    {Y, "changed", "['/a', '/b']", SEEN(o.spec.path->changed == Texts{"/a", "/b"})},
    {Y, "directory_not_empty", "'/a b'", SEEN(o.spec.path->directory_not_empty == Texts{"/a b"})},

    {C, "path_exists", "'/a'", SEEN(o.spec.condition->path_exists == Texts{"/a"})},
    {C, "path_exists", "['/a', '!/b']", SEEN(o.spec.condition->path_exists == Texts{"/a", "!/b"})},
    {C, "path_is_directory", "'!/a b'", SEEN(
     o.spec.condition->path_is_directory == Texts{"!/a b"})},
    {C, "path_is_mount", "['/']", SEEN(o.spec.condition->path_is_mount == Texts{"/"})},
    {C, "kernel_command_line", "['quiet', '!a=b']", SEEN(
     o.spec.condition->kernel_command_line == Texts{"quiet", "!a=b"})},
    {C, "virtualization", "['!lxc-libvirt', 'vm']", SEEN(
     o.spec.condition->virtualization == Texts{"!lxc-libvirt", "vm"})},
    {C, "first_boot", "false", SEEN(o.spec.condition->first_boot == false)},
    {C, "exec", "'a b'", SEEN(
     o.spec.condition->exec == ConditionCommand{{{"a", "b"}, true}, false})},
    {C, "exec", "'! a | b'", SEEN(
     o.spec.condition->exec == ConditionCommand{{{"/bin/sh", "-c", " a | b"}, false}, true})},
    {C, "exec", "['!a', '!b']", SEEN(
     o.spec.condition->exec == ConditionCommand{{{"a", "!b"}, false}, true})},

    {X, "name", "'a@b'", SEEN(o.proxy.name == "a@b")},
    {X, "listen", "['a:1', 'tcp:a:3', '[::1]:1', 'unix:/b']", SEEN(
     o.proxy.listen == Texts{"a:1", "tcp:a:3", "[::1]:1", "unix:/b"})},
    {X, "backend", "'unix:/run/b'", SEEN(o.proxy.backend == "unix:/run/b")},
    {X, "service", "'web'", SEEN(o.proxy.service == "web")},
    {X, "connect_timeout", "1", SEEN(o.proxy.connect_timeout == 1s)},
    {X, "connect_timeout", "86400", SEEN(o.proxy.connect_timeout == 24h)},
    {X, "idle_timeout", "'5min'", SEEN(o.proxy.idle_timeout == 5min)},
    {X, "idle_timeout", "'infinity'", SEEN(o.proxy.idle_timeout == 0s)},
    {X, "idle_timeout", "31536000", SEEN(o.proxy.idle_timeout == 365 * 24h)},
    {X, "single_connection", "true", SEEN(o.proxy.single_connection)},
    {X, "proxy_protocol", "2", SEEN(o.proxy.proxy_protocol == 2)},

    {"", "log_level", "'trace'", SEEN(o.settings.log_level == LogLevel::trace)},
    {"", "log_level", "'error'", SEEN(o.settings.log_level == LogLevel::error)},
    {"", "watchdog_device", "'/dev/watchdog0'", SEEN(
     o.settings.watchdog_device == "/dev/watchdog0")},
    {"", "watchdog_device", "''", SEEN(o.settings.watchdog_device.empty())},
    {"", "watchdog_timeout_ms", "1000", SEEN(o.settings.watchdog_timeout == 1s)},
    {"", "self_watchdog_ms", "0", SEEN(o.settings.self_watchdog == 0s)},
    {"", "self_watchdog_ms", "250", SEEN(o.settings.self_watchdog == 250ms)},
    {"", "shutdown_timeout_ms", "1", SEEN(o.settings.shutdown_timeout == 1ms)},
    {"", "shutdown_timeout_ms", "'infinity'", SEEN(o.settings.shutdown_timeout == kForever)},
    {"", "socket_group", "'adm'", SEEN(o.settings.socket_group == "adm")},
    {"", "socket_group", "4", SEEN(o.settings.socket_group == "4")},
    {"", "socket_group", "''", SEEN(o.settings.socket_group.empty())},
    {"", "socket_group_access", "'full'", SEEN(
     o.settings.socket_group_access == SocketAccess::full)},
    {"", "socket_group_access", "'read'", SEEN(
     o.settings.socket_group_access == SocketAccess::read)},
    {"", "default_target", "'multi-user'", SEEN(o.settings.default_target == "multi-user")},
    {"", "default_target", "''", SEEN(o.settings.default_target.empty())},
};
#undef SEEN
// clang-format on

TEST_CASE("each key set right is seen in what is loaded, without a word", "[config][keys]") {
  for (const Right& row : kRight) {
    INFO(row.section << "." << row.key << " = " << row.value);
    const Outcome outcome = read_with(row.section, row.key, row.value);
    CHECK(outcome.messages == Texts{});
    CHECK(row.seen(outcome));
  }
}

TEST_CASE("each key is seen in what the next image makes of the facts of this one",
          "[config][keys][kept]") {
  for (const Right& row : kRight) {
    if (row.section.empty() || row.section == X) continue;
    INFO(row.section << "." << row.key << " = " << row.value);
    Outcome outcome = read_with(row.section, row.key, row.value);
    const auto graph = Graph::build({{std::make_shared<ServiceSpec>(outcome.spec), 4, 0}});
    FactMap facts;
    put_changes(Graph(), *graph, facts);
    const KeptServices kept = kept_services(facts, {});
    REQUIRE(kept.entries.size() == 1);
    const ServiceSpec& again = *kept.entries[0].spec;
    CHECK(again.broken() == outcome.spec.broken());
    CHECK(compare(again, outcome.spec) == SpecChange::none);
    CHECK(again.document == outcome.spec.document);
    outcome.spec = again;
    CHECK(row.seen(outcome));
  }
}

TEST_CASE("each key of the table is tested right", "[config][keys]") {
  std::set<std::string> tested;
  for (const Right& row : kRight)
    tested.insert(std::string(row.section) + "." + std::string(row.key));
  for (const Key& key : all_keys()) {
    const std::string name = std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    CHECK(tested.count(name) == 1);
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
    CHECK(outcome.messages == Texts{});
  }
}

TEST_CASE("defaults that the table shows as TOML are what a file without the key has",
          "[config][keys]") {
  const Outcome bare = read_with("service", "oneshot", "false");
  for (const Key& key : all_keys()) {
    // A default in words, or one that depends on other keys, has its own test.
    const bool literal =
        std::string_view("\"[{0123456789tf").find(key.default_text[0]) != std::string_view::npos &&
        key.default_text.find_first_of(" ;,") == std::string_view::npos;
    // The kernel's defaults are not written out. A key that needs a file has its file.
    if (key.name.substr(0, 5) == "file_") continue;
    if (!literal || key.section == "target" || key.section == "resources") continue;
    INFO(full_name(key) << " = " << key.default_text);
    Outcome said = read_with(key.section, key.name, std::string(key.default_text));
    CHECK(said.messages == Texts{});
    if (key.section == "health") {
      HealthCheck health = *said.spec.health;
      health.type = ProbeType::none;
      health.endpoint.clear();
      CHECK(health == HealthCheck{});
      continue;
    }
    // Its keys need notify.
    if (key.section == "readiness") said.spec.readiness.edit().way = {};
    if (key.section == "socket") {  // its keys need listen, and one of them accept
      said.spec.socket.edit().listen.clear();
      said.spec.socket.edit().accept = false;
    }
    if (key.section == "timer") said.spec.timer.reset();  // its keys need calendar
    if (key.section == "proxy") {
      CHECK(said.proxy == read_with("proxy", "service", "'a'").proxy);
      continue;
    }
    CHECK(compare(said.spec, key.section.empty() ? ServiceSpec{} : bare.spec) == SpecChange::none);
    CHECK(said.settings.log_level.value_or(LogLevel::info) == LogLevel::info);
    CHECK(said.settings.shutdown_timeout.value_or(kShutdownTimeout) == kShutdownTimeout);
    CHECK(said.settings.default_target.empty());
  }
}

}  // namespace
}  // namespace zinit::test::config_keys
