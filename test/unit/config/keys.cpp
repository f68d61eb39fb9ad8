// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every key of the table, set right and set wrong: keys_right.golden has what is loaded of it,
// keys_wrong.golden what is said at its place. A key without a row in each of them fails.
#include "config/keys.hpp"
#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "files/kept_config.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_keys {
namespace {

// --- documents with one key ---

/// The other keys that a key of [health] needs.
std::string rest_of_health(std::string_view key, const std::string& value) {
  const bool http = key == "status" || value.find("http") != std::string::npos;
  const std::string endpoint = http ? "endpoint = \"http://a/\"\n" : "endpoint = \"a:80\"\n";
  const std::string type = http ? "type = \"http\"\n" : "type = \"tcp\"\n";
  if (key == "type") return value.find("exec") == std::string::npos ? endpoint : "exec = \"run\"\n";
  if (key == "endpoint") return type;
  return key == "exec" ? "type = \"exec\"\n" : type + endpoint;
}

/// The other keys that a key of [proxy] needs.
std::string rest_of_proxy(std::string_view key) {
  std::string text;
  if (key != "listen") text += "listen = [\"a:1\"]\n";
  if (key != "backend") text += "backend = \"a:2\"\n";
  if (key != "service") text += "service = \"a\"\n";
  return text;
}

/// A document with the key set to `value`, and everything else that it needs. The value stands in
/// line 2.
std::string document_with(std::string_view section, std::string_view key,
                          const std::string& value) {
  const std::string line = std::string(key) + " = " + value + "\n";
  if (section.empty()) return "#\n" + line;
  std::string text = "[" + std::string(section) + "]\n" + line;
  if (section == "service" && key != "exec") text += "exec = \"run\"\n";
  if (section == "process" && key == "priority") text += "scheduler = \"fifo\"\n";
  if (section == "readiness" && key != "notify" && key != "pidfile")
    text += "notify = \"systemd\"\n";
  if (section == "logging" && key.substr(0, 5) == "file_") text += "file = \"/f\"\n";
  if (section == "health") text += rest_of_health(key, value);
  if (section == "socket" && key != "listen") text += "listen = [\"unix:/x\"]\n";
  if (section == "socket" && key == "max_connections") text += "accept = true\n";
  if (section == "timer" && (key == "random_delay_ms" || key == "persistent"))
    text += "calendar = \"daily\"\n";
  if (section == "proxy") return text + rest_of_proxy(key);
  if (section != "service" && section != "target") text += "[service]\nexec = \"run\"\n";
  return text;
}

struct Outcome {
  ServiceSpec spec;
  GlobalSettings settings;
  ProxySpec proxy{};
  Texts messages;
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
    if (parsed.proxy) outcome.proxy = *finish_proxy(parsed);
  }
  for (const Diagnostic& fault : diagnostics) outcome.messages.push_back(to_text(fault));
  return outcome;
}

// --- values as text ---

std::string text(const std::string& value) { return json_of(value); }
std::string text(bool value) { return value ? "true" : "false"; }
template <std::integral T>
std::string text(T value) {
  return std::cmp_equal(value, kUnlimited) ? "unlimited" : std::to_string(value);
}
std::string text(Milliseconds value) {
  return value == kForever ? "forever" : fmt::format("{} ms", value.count());
}
std::string text(const Command& value) {
  return json_of(value.argv) + (value.as_by_shell ? " as by a shell" : "");
}
std::string text(const Dependency& value) { return value.name; }
std::string text(const EnvironmentFile& value) {
  return value.path + (value.optional ? " if it is there" : "");
}
std::string text(const StatusRange& value) {
  return fmt::format("{}..{}", value.first, value.last);
}
template <class T>
std::string text(const std::vector<T>& values);
template <class T>
std::string text(const std::optional<T>& value) {
  return value ? text(*value) : "none";
}
template <class T>
std::string text(const std::pair<std::string, T>& value) {
  return value.first + "=" + text(value.second);
}
template <class T>
std::string text(const std::vector<T>& values) {
  Texts all;
  for (const T& value : values) all.push_back(text(value));
  return "[" + join(all, ", ") + "]";
}
std::string text(const EndSet& value) {
  return fmt::format("codes {}, signals {}", text(value.codes), text(value.signals));
}
template <class T>
std::string text(const OrDefault<T>& value) {
  return text(*value);
}

/// The enumerator's name; not that of the table, whose order it checks.
template <class Enum>
std::string one_of(Enum value, std::initializer_list<std::pair<Enum, const char*>> names) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return "none";
}

// --- the field of each key ---

using Fields = std::map<std::string, std::string>;

void put_service(Fields& f, const ServiceSpec& spec) {
  for (const std::string section : {"service.", "target."}) {
    f[section + "name"] = text(spec.name);
    f[section + "description"] = text(spec.description);
    f[section + "status"] = one_of<StartStatus>(spec.status, {{StartStatus::start, "start"},
                                                              {StartStatus::stop, "stop"},
                                                              {StartStatus::ignore, "ignore"}});
    f[section + "class"] = one_of<ServiceClass>(
        spec.class_, {{ServiceClass::user, "user"}, {ServiceClass::system, "system"}});
  }
  f["service.exec"] = text(spec.exec);
  f["service.dir"] = text(spec.dir);
  f["service.oneshot"] = text(spec.oneshot);
  f["service.critical"] = text(spec.critical);
  f["service.survive"] = text(spec.survive);
  f["service.env"] = text(spec.env);
  f["service.user"] = text(spec.user);
  f["service.group"] = text(spec.group);
  f["service.groups"] = text(spec.groups);
  f["service.umask"] = fmt::format("{:o}", spec.umask);
  f["service.tty"] = text(spec.tty);
  f["service.ports"] = text(spec.ports);
  f["service.env_file"] = text(spec.env_file);
  f["service.pre_exec"] = text(spec.pre_exec);
  f["service.ready_exec"] = text(spec.ready_exec);
  f["service.post_exec"] = text(spec.post_exec);
  f["service.runtime_dir"] = text(spec.directories->runtime);
  f["service.state_dir"] = text(spec.directories->state);
  f["service.cache_dir"] = text(spec.directories->cache);
  f["service.log_dir"] = text(spec.directories->log);
  f["service.stop_exec"] = text(spec.stop_exec);
  f["service.reload_exec"] = text(spec.reload_exec);
  f["service.check_exec"] = text(spec.check_exec);
  f["service.reload_signal"] = text(spec.reload_signal);
  const Dependencies& needs = *spec.dependencies;
  f["dependencies.requires"] = text(needs.requires_);
  f["dependencies.binds_to"] = text(needs.binds_to);
  f["dependencies.after"] = text(needs.after);
  f["dependencies.wants"] = text(needs.wants);
  f["dependencies.conflicts"] = text(needs.conflicts);
  f["dependencies.required_by"] = text(needs.required_by);
  f["dependencies.bound_by"] = text(needs.bound_by);
  f["dependencies.before"] = text(needs.before);
  f["dependencies.wanted_by"] = text(needs.wanted_by);
}

void put_supervision(Fields& f, const ServiceSpec& spec) {
  const Lifecycle& life = spec.lifecycle;
  f["lifecycle.restart"] =
      one_of<RestartPolicy>(life.restart, {{RestartPolicy::always, "always"},
                                           {RestartPolicy::on_failure, "on failure"},
                                           {RestartPolicy::never, "never"}});
  f["lifecycle.restart_delay_ms"] = text(life.restart_delay);
  f["lifecycle.restart_delay_max_ms"] = text(life.restart_delay_max);
  f["lifecycle.max_restarts"] = text(life.max_restarts);
  f["lifecycle.stability_period_ms"] = text(life.stability_period);
  f["lifecycle.start_timeout_ms"] = text(life.start_timeout);
  f["lifecycle.success"] = text(life.success);
  f["lifecycle.no_restart_on"] = text(life.no_restart_on);
  f["lifecycle.stop_timeout_ms"] = text(life.stop_timeout);
  f["lifecycle.stop_signal"] = text(life.stop_signal);
  f["lifecycle.kill_mode"] =
      one_of<KillMode>(life.kill_mode, {{KillMode::all, "all"}, {KillMode::main, "main"}});
  f["lifecycle.stop_when_unneeded"] = text(life.stop_when_unneeded);
  f["lifecycle.on_failure"] = text(life.on_failure);
  f["lifecycle.on_failure_action"] =
      one_of<FailureAction>(life.on_failure_action, {{FailureAction::reboot, "reboot"},
                                                     {FailureAction::poweroff, "poweroff"},
                                                     {FailureAction::halt, "halt"},
                                                     {FailureAction::exit, "exit"}});
  const Readiness& ready = *spec.readiness;
  f["readiness.notify"] = one_of<Notify>(
      ready.way.by, {{Notify::systemd, "systemd"}, {Notify::newline, "newline to "}});
  if (ready.way.fd >= 0) f["readiness.notify"] += text(ready.way.fd);
  f["readiness.pidfile"] = text(ready.pidfile);
  f["readiness.after_ms"] = text(ready.after);
  f["readiness.notify_access"] = one_of<NotifyAccess>(
      ready.notify_access, {{NotifyAccess::main, "main"}, {NotifyAccess::all, "all"}});
  f["readiness.fdstore_max"] = text(ready.fdstore_max);
  f["readiness.watchdog_ms"] = text(ready.watchdog);
  const HealthCheck& health = *spec.health;
  f["health.type"] = one_of<ProbeType>(
      health.type, {{ProbeType::tcp, "tcp"}, {ProbeType::http, "http"}, {ProbeType::exec, "exec"}});
  f["health.endpoint"] = text(health.endpoint);
  f["health.exec"] = text(health.exec);
  f["health.status"] = text(health.status);
  f["health.interval_ms"] = text(health.interval);
  f["health.start_interval_ms"] = text(health.start_interval);
  f["health.timeout_ms"] = text(health.timeout);
  f["health.retries"] = text(health.retries);
}

void put_output(Fields& f, const Logging& log) {
  f["logging.buffer_lines"] = text(log.buffer_lines);
  f["logging.buffer_bytes"] = text(log.buffer_bytes);
  f["logging.kmsg"] = text(log.kmsg);
  f["logging.console"] =
      one_of<ConsoleMode>(log.console, {{ConsoleMode::lines, "lines"}, {ConsoleMode::raw, "raw"}});
  f["logging.merge_stderr"] = text(log.merge_stderr);
  f["logging.rate_lines"] = text(log.rate_lines);
  f["logging.rate_interval_ms"] = text(log.rate_interval);
  f["logging.file"] = text(log.file);
  f["logging.file_max_bytes"] = text(log.file_max_bytes);
  f["logging.file_keep"] = text(log.file_keep);
  f["logging.syslog"] = text(log.syslog);
  f["logging.forward"] = text(log.forward);
}

void put_process(Fields& f, const ServiceSpec& spec) {
  const std::pair<Limit, const char*> limits[] = {{Limit::nofile, "nofile"},
                                                  {Limit::nproc, "nproc"},
                                                  {Limit::core, "core"},
                                                  {Limit::memlock, "memlock"},
                                                  {Limit::stack, "stack"},
                                                  {Limit::data, "data"},
                                                  {Limit::fsize, "fsize"},
                                                  {Limit::cpu, "cpu"},
                                                  {Limit::as, "as"},
                                                  {Limit::rss, "rss"},
                                                  {Limit::msgqueue, "msgqueue"},
                                                  {Limit::nice, "nice"},
                                                  {Limit::rtprio, "rtprio"},
                                                  {Limit::sigpending, "sigpending"},
                                                  {Limit::locks, "locks"}};
  for (const auto& [limit, name] : limits)
    for (const LimitSetting& one : *spec.limits)
      if (one.which == limit)
        f[std::string("limits.") + name] = text(one.soft) + ":" + text(one.hard);
  const ProcessSettings& process = *spec.process;
  f["process.nice"] = text(process.nice);
  f["process.io_class"] =
      one_of<std::optional<IoClass>>(process.io_class, {{IoClass::realtime, "realtime"},
                                                        {IoClass::best_effort, "best effort"},
                                                        {IoClass::idle, "idle"}});
  f["process.io_priority"] = text(process.io_priority);
  f["process.oom_score_adj"] = text(process.oom_score_adj);
  f["process.cpu_affinity"] = text(process.cpu_affinity);
  f["process.scheduler"] =
      one_of<std::optional<Scheduler>>(process.scheduler, {{Scheduler::other, "other"},
                                                           {Scheduler::batch, "batch"},
                                                           {Scheduler::idle, "idle"},
                                                           {Scheduler::fifo, "fifo"},
                                                           {Scheduler::rr, "rr"}});
  f["process.priority"] = text(process.priority);
  f["process.root"] = text(process.root);
  f["process.no_new_privs"] = text(process.no_new_privs);
  f["process.capabilities"] =
      process.capabilities ? fmt::format("{:#x}", *process.capabilities) : "none";
  const Resources& resources = *spec.resources;
  f["resources.memory_max"] = text(resources.memory_max);
  f["resources.memory_high"] = text(resources.memory_high);
  f["resources.swap_max"] = text(resources.swap_max);
  f["resources.cpu_max"] = text(resources.cpu_max);
  f["resources.cpu_weight"] = text(resources.cpu_weight);
  f["resources.io_weight"] = text(resources.io_weight);
  f["resources.pids_max"] = text(resources.pids_max);
  f["resources.delegate"] = text(resources.delegate);
}

void put_activation(Fields& f, const ServiceSpec& spec) {
  const SocketSpec& socket = *spec.socket;
  f["socket.listen"] = text(socket.listen);
  f["socket.names"] = text(socket.names);
  f["socket.on_demand"] = text(socket.on_demand);
  f["socket.accept"] = text(socket.accept);
  f["socket.max_connections"] = text(socket.max_connections);
  f["socket.mode"] = fmt::format("{:o}", socket.mode);
  f["socket.user"] = text(socket.user);
  f["socket.group"] = text(socket.group);
  f["socket.backlog"] = text(socket.backlog);
  f["socket.reuse_port"] = text(socket.reuse_port);
  f["socket.keepalive"] = text(socket.keepalive);
  f["socket.freebind"] = text(socket.freebind);
  f["timer.calendar"] = text(spec.timer->calendar);
  f["timer.cron"] = text(spec.timer->cron);
  f["timer.every_ms"] = text(spec.timer->every);
  f["timer.on_boot_ms"] = text(spec.timer->on_boot);
  f["timer.random_delay_ms"] = text(spec.timer->random_delay);
  f["timer.persistent"] = text(spec.timer->persistent);
  f["path.exists"] = text(spec.path->exists);
  f["path.changed"] = text(spec.path->changed);
  f["path.directory_not_empty"] = text(spec.path->directory_not_empty);
  const ConditionSpec& condition = *spec.condition;
  f["condition.path_exists"] = text(condition.path_exists);
  f["condition.path_is_directory"] = text(condition.path_is_directory);
  f["condition.path_is_mount"] = text(condition.path_is_mount);
  f["condition.kernel_command_line"] = text(condition.kernel_command_line);
  f["condition.virtualization"] = text(condition.virtualization);
  f["condition.first_boot"] = text(condition.first_boot);
  f["condition.exec"] = (condition.exec.negated ? "not " : "") + text(condition.exec.command);
}

Fields fields_of(const ServiceSpec& spec) {
  Fields fields;
  put_service(fields, spec);
  put_supervision(fields, spec);
  put_output(fields, *spec.logging);
  put_process(fields, spec);
  put_activation(fields, spec);
  return fields;
}

Fields fields_of(const ProxySpec& proxy, const GlobalSettings& settings) {
  return {{"proxy.name", text(proxy.name)},
          {"proxy.listen", text(proxy.listen)},
          {"proxy.backend", text(proxy.backend)},
          {"proxy.service", text(proxy.service)},
          {"proxy.connect_timeout", text(proxy.connect_timeout)},
          {"proxy.idle_timeout", text(proxy.idle_timeout)},
          {"proxy.single_connection", text(proxy.single_connection)},
          {"proxy.proxy_protocol", text(proxy.proxy_protocol)},
          {"log_level", one_of<LogLevel>(settings.log_level.value_or(LogLevel::info),
                                         {{LogLevel::trace, "trace"},
                                          {LogLevel::debug, "debug"},
                                          {LogLevel::info, "info"},
                                          {LogLevel::warn, "warn"},
                                          {LogLevel::error, "error"}})},
          {"watchdog_device", text(settings.watchdog_device)},
          {"watchdog_timeout_ms", text(settings.watchdog_timeout)},
          {"self_watchdog_ms", text(settings.self_watchdog)},
          {"shutdown_timeout_ms", text(settings.shutdown_timeout.value_or(kShutdownTimeout))},
          {"socket_group", text(settings.socket_group)},
          {"socket_group_access",
           one_of<SocketAccess>(settings.socket_group_access,
                                {{SocketAccess::read, "read"}, {SocketAccess::full, "full"}})},
          {"ctrl_alt_del",
           one_of<CtrlAltDel>(settings.ctrl_alt_del, {{CtrlAltDel::reboot, "reboot"},
                                                      {CtrlAltDel::power_off, "poweroff"},
                                                      {CtrlAltDel::none, "none"}})},
          {"default_target", text(settings.default_target)}};
}

std::string field_of(const Outcome& outcome, const std::string& name) {
  const Fields fields = fields_of(outcome.spec);
  const auto found = fields.find(name);
  return found == fields.end() ? fields_of(outcome.proxy, outcome.settings).at(name)
                               : found->second;
}

/// What the next image makes of the facts of this one.
ServiceSpec kept(const ServiceSpec& spec) {
  const auto graph = Graph::build({{std::make_shared<ServiceSpec>(spec), 4, 0}});
  FactMap facts;
  put_changes(Graph(), *graph, facts);
  const KeptServices kept = kept_services(facts, {});
  REQUIRE(kept.entries.size() == 1);
  return *kept.entries[0].spec;
}

/// Carries out the rows `SECTION.KEY = VALUE` of a golden file, which must have each key.
template <class Answer>
std::function<std::string(const std::string&)> each_key(std::set<std::string>& rest,
                                                        Answer answer) {
  for (const Key& key : all_keys()) rest.insert(full_name(key));
  return [&rest, answer](const std::string& row) {
    INFO(row);
    const std::string name = row.substr(0, row.find(" = "));
    rest.erase(name);
    const auto dot = name.find('.');
    return answer(name, read_with(dot == name.npos ? "" : name.substr(0, dot), name.substr(dot + 1),
                                  row.substr(name.size() + 3)));
  };
}

TEST_CASE("each key set right is seen in what is loaded, and in what the next image makes of it",
          "[config][keys][kept]") {
  std::set<std::string> rest;
  CHECK_GOLDEN_ROWS("keys_right", each_key(rest, [](const std::string& name, const Outcome& o) {
                      const std::string field = field_of(o, name) + join(o.messages, " / ");
                      if (o.spec.name.empty() || name.starts_with("proxy.")) return field;
                      const ServiceSpec again = kept(o.spec);
                      CHECK(again.broken() == o.spec.broken());
                      CHECK(compare(again, o.spec) == SpecChange::none);
                      CHECK(again.document == o.spec.document);
                      CHECK(fields_of(again) == fields_of(o.spec));
                      return field;
                    }));
  CHECK(rest == std::set<std::string>{});
}

TEST_CASE("each key set wrong says what is wrong, what is allowed, and where", "[config][keys]") {
  std::set<std::string> rest;
  CHECK_GOLDEN_ROWS("keys_wrong", each_key(rest, [](const std::string&, const Outcome& o) {
                      return join(o.messages, " / ");
                    }));
  CHECK(rest == std::set<std::string>{});
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
    if (!literal || key.section == "resources") continue;  // the kernel's are not written out
    INFO(full_name(key) << " = " << key.default_text);
    const Outcome said = read_with(key.section, key.name, std::string(key.default_text));
    CHECK(said.messages == Texts{});
    CHECK(field_of(said, full_name(key)) == field_of(bare, full_name(key)));
  }
}

}  // namespace
}  // namespace zinit::test::config_keys
