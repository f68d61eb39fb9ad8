// The rows of the table, and how a checked value becomes a field.
#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>

#include "config/quantities.hpp"
#include "config/shell_words.hpp"
#include "model/capability.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

// --- from value to field, by the field's type ----------------------------------------------------

void assign(bool& field, const Key&, const Value& value) { field = value.boolean; }

/// An account may be given as a number and is kept as text.
void assign(std::string& field, const Key&, const Value& value) {
  field = value.type == ValueType::integer ? std::to_string(value.integer) : value.string;
}

void assign(Milliseconds& field, const Key&, const Value& value) {
  field = Milliseconds(value.integer);
}

/// Octal digits or an integer. Whoever allows more than 32 bits of re-spawns will not miss the
/// rest.
void assign(std::uint32_t& field, const Key& key, const Value& value) {
  if (key.type == Type::octal) {
    const char* text = value.string.data();
    std::from_chars(text, text + value.string.size(), field, 8);
    return;
  }
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  field = static_cast<std::uint32_t>(std::min(value.integer, most));
}

void assign(Timeout& field, const Key&, const Value& value) {
  field = {Milliseconds(value.integer), value.type == ValueType::string};
}

void assign(Command& field, const Key&, const Value& value) {
  if (value.type == ValueType::string) {
    if (auto command = command_from_string(value.string)) field = std::move(*command);
    return;
  }
  field.argv.clear();
  for (const Value& word : value.array) field.argv.push_back(word.string);
}

void assign(std::vector<Command>& field, const Key& key, const Value& value) {
  field.clear();
  const bool several = value.type == ValueType::array && !value.array.empty() &&
                       value.array.front().type == ValueType::array;
  if (!several) return assign(field.emplace_back(), key, value);
  for (const Value& command : value.array) assign(field.emplace_back(), key, command);
}

/// The value itself, or where it is an array each of its elements.
std::vector<std::string> one_or_more(const Value& value) {
  if (value.type == ValueType::string) return {value.string};
  std::vector<std::string> texts;
  for (const Value& element : value.array) texts.push_back(element.string);
  return texts;
}

void assign(std::vector<EnvironmentFile>& field, const Key&, const Value& value) {
  field.clear();
  for (const std::string& text : one_or_more(value)) {
    const bool optional = text.starts_with('-');
    field.push_back({text.substr(optional ? 1 : 0), optional});
  }
}

void assign(std::vector<std::string>& field, const Key&, const Value& value) {
  field = one_or_more(value);
}

void assign(std::vector<Dependency>& field, const Key&, const Value& value) {
  field.clear();
  for (const Value& name : value.array) field.push_back({name.string, name.at});
}

void assign(std::optional<std::vector<std::string>>& field, const Key& key, const Value& value) {
  field.emplace();
  for (const Value& element : value.array) assign(field->emplace_back(), key, element);
}

void assign(std::vector<std::pair<std::string, std::string>>& field, const Key&,
            const Value& value) {
  field.clear();
  for (const auto& [name, member] : value.table) field.emplace_back(name, member.value.string);
}

int signal_of(const Value& value) {
  return value.type == ValueType::integer ? static_cast<int>(value.integer)
                                          : signal_number(value.string);
}

void assign(int& field, const Key&, const Value& value) { field = signal_of(value); }

/// Sorted, so that another order is no change; 0 counts always and is left out.
void assign(SuccessSet& field, const Key&, const Value& value) {
  field = {};
  for (const Value& end : value.array) {
    const bool code = end.type == ValueType::integer;
    if (code && end.integer == 0) continue;
    (code ? field.codes : field.signals).push_back(signal_of(end));
  }
  for (auto* numbers : {&field.codes, &field.signals}) {
    std::sort(numbers->begin(), numbers->end());
    numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
  }
}

void assign(std::optional<int>& field, const Key&, const Value& value) {
  field = static_cast<int>(value.integer);
}

void assign(std::optional<std::uint32_t>& field, const Key& key, const Value& value) {
  if (key.type == Type::processors)
    field = static_cast<std::uint32_t>(thousandths_of(value.string).value_or(0));
  else
    assign(field.emplace(), key, value);
}

/// Sorted, so that another order is no change.
void assign(std::vector<int>& field, const Key&, const Value& value) {
  field.clear();
  for (const Value& number : value.array) field.push_back(static_cast<int>(number.integer));
  std::sort(field.begin(), field.end());
  field.erase(std::unique(field.begin(), field.end()), field.end());
}

/// Bytes; or capabilities, a bit each.
void assign(std::optional<std::uint64_t>& field, const Key& key, const Value& value) {
  if (key.type == Type::bytes) {
    field = static_cast<std::uint64_t>(bytes_of(value).value_or(0));
    return;
  }
  field = 0;
  for (const Value& name : value.array)
    *field |= std::uint64_t{1} << capability_number(name.string).value_or(0);
}

template <class Enum>
requires std::is_enum_v<Enum>
void assign(Enum& field, const Key& key, const Value& value) {
  const auto word = std::find(key.words.begin(), key.words.end(), value.string);
  field = static_cast<Enum>(word - key.words.begin());
}

template <class Enum>
requires std::is_enum_v<Enum>
void assign(std::optional<Enum>& field, const Key& key, const Value& value) {
  assign(field.emplace(), key, value);
}

// --- from row to field ---------------------------------------------------------------------------

ServiceSpec& part(Destination& to, ServiceSpec*) { return *to.spec; }
ServiceDirectories& part(Destination& to, ServiceDirectories*) {
  return to.spec->directories.edit();
}
Dependencies& part(Destination& to, Dependencies*) { return to.spec->dependencies; }
Lifecycle& part(Destination& to, Lifecycle*) { return to.spec->lifecycle; }
Logging& part(Destination& to, Logging*) { return to.spec->logging; }
ProcessSettings& part(Destination& to, ProcessSettings*) { return to.spec->process.edit(); }
Resources& part(Destination& to, Resources*) { return to.spec->resources.edit(); }
GlobalSettings& part(Destination& to, GlobalSettings*) { return *to.settings; }

template <class Owner, class Field>
Owner* owner_of(Field Owner::*) {
  return nullptr;
}

template <auto Member>
void store(Destination& to, const Key& key, const Value& value) {
  assign(part(to, owner_of(Member)).*Member, key, value);
}

/// In place of what was set before, as by a default, and in the order of the limits.
template <Limit Which>
void store_limit(Destination& to, const Key&, const Value& value) {
  const SoftAndHard both = limit_of(value).value_or(SoftAndHard{kUnlimited, kUnlimited});
  std::vector<LimitSetting>& limits = to.spec->limits;
  auto at = std::find_if(limits.begin(), limits.end(),
                         [](const LimitSetting& setting) { return setting.which >= Which; });
  if (at == limits.end() || at->which != Which) at = limits.insert(at, LimitSetting{});
  *at = {Which, both.soft, both.hard};
}

/// What [limits] does not say is as it is for zinit itself, but for `nofile`, which zinit raises
/// for itself alone.
template <Limit Which>
constexpr Key limit_row(std::string_view help, std::string_view example,
                        std::int64_t max = kNoLimit) {
  return {.section = "limits",
          .name = kLimitNames[static_cast<std::size_t>(Which)],
          .type = Type::limit,
          .max = max,
          .default_text = Which == Limit::nofile ? "what zinit was started with" : "zinit's own",
          .help = help,
          .example = example,
          .store = store_limit<Which>};
}

// --- the table -----------------------------------------------------------------------------------

// Words in the order of the enum that they become.
constexpr std::array<std::string_view, 3> kStatusWords = {"start", "stop", "ignore"};
static_assert(static_cast<std::size_t>(StartStatus::ignore) == kStatusWords.size() - 1);
constexpr std::array<std::string_view, 2> kClassWords = {"user", "system"};
static_assert(static_cast<std::size_t>(ServiceClass::system) == kClassWords.size() - 1);
constexpr std::array<std::string_view, 3> kRestartWords = {"always", "on-failure", "never"};
static_assert(static_cast<std::size_t>(RestartPolicy::never) == kRestartWords.size() - 1);
constexpr std::array<std::string_view, 5> kLevelWords = {"trace", "debug", "info", "warn", "error"};
static_assert(static_cast<std::size_t>(LogLevel::error) == kLevelWords.size() - 1);

constexpr std::array<std::string_view, 3> kIoClassWords = {"realtime", "best-effort", "idle"};
static_assert(static_cast<std::size_t>(IoClass::idle) == kIoClassWords.size() - 1);
constexpr std::array<std::string_view, 5> kSchedulerWords = {"other", "batch", "idle", "fifo",
                                                             "rr"};
static_assert(static_cast<std::size_t>(Scheduler::rr) == kSchedulerWords.size() - 1);
constexpr std::array<std::string_view, 2> kAccessWords = {"read", "full"};
static_assert(static_cast<std::size_t>(SocketAccess::full) == kAccessWords.size() - 1);

constexpr std::int64_t kDayMs = 86400000;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

// clang-format off
constexpr Key kKeys[] = {
    {.section = "service", .name = "name", .type = Type::name,
     .default_text = "the file's name less .toml",
     .help = "what the service is called",
     .example = "\"web\"", .store = store<&ServiceSpec::name>},
    {.section = "service", .name = "description", .type = Type::string,
     .default_text = "\"\"",
     .help = "one line for people, shown by list and status",
     .example = "\"the web server\"", .store = store<&ServiceSpec::description>},
    {.section = "service", .name = "exec", .type = Type::command,
     .default_text = "required",
     .help = "the command: a string as /bin/sh -c takes it, or the argument vector itself",
     .example = "\"/usr/sbin/webd --port 80\"", .store = store<&ServiceSpec::exec>},
    {.section = "service", .name = "dir", .type = Type::path,
     .default_text = "\"/\"",
     .help = "working directory",
     .example = "\"/var/lib/web\"", .store = store<&ServiceSpec::dir>},
    {.section = "service", .name = "oneshot", .type = Type::boolean,
     .default_text = "false",
     .help = "runs to completion; its exit with 0 satisfies dependents",
     .example = "true", .store = store<&ServiceSpec::oneshot>},
    {.section = "service", .name = "status", .type = Type::word, .words = kStatusWords,
     .default_text = "\"start\"",
     .help = "started at boot; only on request or for another; or by an explicit start alone",
     .example = "\"stop\"", .store = store<&ServiceSpec::status>},
    {.section = "service", .name = "class", .type = Type::word, .words = kClassWords,
     .default_text = "\"user\"",
     .help = "system is passed over by start-all, stop-all and delete-all",
     .example = "\"system\"", .store = store<&ServiceSpec::class_>},
    {.section = "service", .name = "critical", .type = Type::boolean,
     .default_text = "false",
     .help = "its final failure brings the emergency shell, or ends the container",
     .example = "true", .store = store<&ServiceSpec::critical>},
    {.section = "service", .name = "survive", .type = Type::boolean,
     .default_text = "false",
     .help = "keeps running when the root of an initramfs is left for another",
     .example = "true", .store = store<&ServiceSpec::survive>},
    {.section = "service", .name = "ports", .type = Type::ports, .min = 1, .max = 65535,
     .default_text = "[]",
     .help = "TCP ports that it will listen on, which must be free when it starts",
     .example = "[80, 443]", .store = store<&ServiceSpec::ports>},
    {.section = "service", .name = "env", .type = Type::strings,
     .default_text = "{}",
     .help = "variables added to the base environment",
     .example = "{ LANG = \"C.UTF-8\" }", .store = store<&ServiceSpec::env>},
    {.section = "service", .name = "env_file", .type = Type::files,
     .default_text = "[]",
     .help = "files of KEY=value lines, read before each spawn; env wins over them",
     .example = "\"-/etc/default/web\"", .store = store<&ServiceSpec::env_file>},
    {.section = "service", .name = "user", .type = Type::account,
     .default_text = "unset",
     .help = "whom it runs as; alone it brings that user's groups as well",
     .example = "\"www-data\"", .store = store<&ServiceSpec::user>},
    {.section = "service", .name = "group", .type = Type::account,
     .default_text = "unset",
     .help = "its group",
     .example = "\"www-data\"", .store = store<&ServiceSpec::group>},
    {.section = "service", .name = "groups", .type = Type::accounts,
     .default_text = "the user's",
     .help = "supplementary groups",
     .example = "[\"video\", 44]", .store = store<&ServiceSpec::groups>},
    {.section = "service", .name = "umask", .type = Type::octal, .max = 0777,
     .default_text = "\"0022\"",
     .help = "mode bits that its new files do not get",
     .example = "\"0077\"", .store = store<&ServiceSpec::umask>},
    {.section = "service", .name = "tty", .type = Type::path,
     .default_text = "unset",
     .help = "terminal that it gets as controlling terminal and standard streams",
     .example = "\"/dev/ttyS0\"", .store = store<&ServiceSpec::tty>},
    {.section = "service", .name = "pre_exec", .type = Type::commands,
     .default_text = "unset",
     .help = "commands run to completion, one by one, before each spawn",
     .example = "[[\"/usr/sbin/webd\", \"--check\"], [\"rm\", \"-f\", \"/run/webd.lock\"]]",
     .store = store<&ServiceSpec::pre_exec>},
    {.section = "service", .name = "post_exec", .type = Type::commands,
     .default_text = "unset",
     .help = "commands run one by one after the process and its group have ended",
     .example = "\"echo ended with ${EXIT_CODE:-$EXIT_SIGNAL}\"",
     .store = store<&ServiceSpec::post_exec>},
    {.section = "service", .name = "runtime_dir", .type = Type::folders,
     .default_text = "unset",
     .help = "directories below /run, made before the start and removed when it has come to rest",
     .example = "\"web\"", .store = store<&ServiceDirectories::runtime>},
    {.section = "service", .name = "state_dir", .type = Type::folders,
     .default_text = "unset",
     .help = "directories below /var/lib, made before the start",
     .example = "\"web\"", .store = store<&ServiceDirectories::state>},
    {.section = "service", .name = "cache_dir", .type = Type::folders,
     .default_text = "unset",
     .help = "directories below /var/cache, made before the start",
     .example = "[\"web\", \"web/thumbnails\"]", .store = store<&ServiceDirectories::cache>},
    {.section = "service", .name = "log_dir", .type = Type::folders,
     .default_text = "unset",
     .help = "directories below /var/log, made before the start",
     .example = "\"web\"", .store = store<&ServiceDirectories::log>},
    {.section = "service", .name = "stop_exec", .type = Type::command,
     .default_text = "unset",
     .help = "command run to stop it in place of stop_signal",
     .example = "\"/usr/sbin/webd --shutdown\"", .store = store<&ServiceSpec::stop_exec>},
    {.section = "service", .name = "reload_exec", .type = Type::command,
     .default_text = "unset",
     .help = "command that reload NAME runs",
     .example = "\"kill -HUP $MAINPID\"", .store = store<&ServiceSpec::reload_exec>},
    {.section = "service", .name = "reload_signal", .type = Type::signal, .min = 1, .max = 64,
     .default_text = "unset",
     .help = "signal that reload NAME sends to its main process",
     .example = "\"SIGHUP\"", .store = store<&ServiceSpec::reload_signal>},

    {.section = "dependencies", .name = "requires", .type = Type::names,
     .default_text = "[]",
     .help = "pulled in, and must be running or done before this one starts",
     .example = "[\"db\"]", .store = store<&Dependencies::requires_>},
    {.section = "dependencies", .name = "after", .type = Type::names,
     .default_text = "[]",
     .help = "waited for where they start as well",
     .example = "[\"network\"]", .store = store<&Dependencies::after>},
    {.section = "dependencies", .name = "wants", .type = Type::names,
     .default_text = "[]",
     .help = "pulled in, and not waited for",
     .example = "[\"metrics\"]", .store = store<&Dependencies::wants>},
    {.section = "dependencies", .name = "conflicts", .type = Type::names,
     .default_text = "[]",
     .help = "never run at the same time as this one",
     .example = "[\"apache\"]", .store = store<&Dependencies::conflicts>},

    {.section = "lifecycle", .name = "restart", .type = Type::word, .words = kRestartWords,
     .default_text = "\"on-failure\"; for a oneshot \"never\"",
     .help = "after which ends the process is spawned again",
     .example = "\"always\"", .store = store<&Lifecycle::restart>},
    {.section = "lifecycle", .name = "restart_delay_ms", .type = Type::integer, .max = kDayMs,
     .default_text = "1000",
     .help = "delay before the first re-spawn; doubles with each that follows",
     .example = "500", .store = store<&Lifecycle::restart_delay>},
    {.section = "lifecycle", .name = "restart_delay_max_ms", .type = Type::integer,
     .default_text = "60000, or restart_delay_ms where that is larger",
     .help = "cap of the doubling",
     .example = "30000", .store = store<&Lifecycle::restart_delay_max>},
    {.section = "lifecycle", .name = "max_restarts", .type = Type::integer,
     .default_text = "0",
     .help = "so many re-spawns in a row, then failed; 0 is without limit",
     .example = "5", .store = store<&Lifecycle::max_restarts>},
    {.section = "lifecycle", .name = "stability_period_ms", .type = Type::integer,
     .default_text = "10000",
     .help = "having run so long, delay and count start anew",
     .example = "60000", .store = store<&Lifecycle::stability_period>},
    {.section = "lifecycle", .name = "start_timeout_ms", .type = Type::timeout, .min = 1,
     .default_text = "30000; for a oneshot \"infinity\"",
     .help = "from spawn to ready; for a oneshot, to its exit",
     .example = "5000", .store = store<&Lifecycle::start_timeout>},
    {.section = "lifecycle", .name = "success", .type = Type::success, .max = 255,
     .default_text = "[0]",
     .help = "ends that count as good, beside exit code 0",
     .example = "[0, 3, \"SIGTERM\"]", .store = store<&Lifecycle::success>},
    {.section = "lifecycle", .name = "stop_timeout_ms", .type = Type::integer, .min = 1,
     .default_text = "10000",
     .help = "from the stop signal to SIGKILL of the whole group",
     .example = "3000", .store = store<&Lifecycle::stop_timeout>},
    {.section = "lifecycle", .name = "stop_signal", .type = Type::signal, .min = 1, .max = 64,
     .default_text = "\"SIGTERM\"",
     .help = "what asks the process to end",
     .example = "\"SIGINT\"", .store = store<&Lifecycle::stop_signal>},

    {.section = "logging", .name = "buffer_lines", .type = Type::integer, .max = 1000000,
     .default_text = "1000",
     .help = "lines kept in memory for logs",
     .example = "200", .store = store<&Logging::buffer_lines>},
    {.section = "logging", .name = "buffer_bytes", .type = Type::integer, .min = 4096, .max = kGiB,
     .default_text = "1048576",
     .help = "and no more bytes than this",
     .example = "65536", .store = store<&Logging::buffer_bytes>},
    {.section = "logging", .name = "kmsg", .type = Type::boolean,
     .default_text = "false",
     .help = "also to the kernel ring buffer",
     .example = "true", .store = store<&Logging::kmsg>},
    {.section = "logging", .name = "console", .type = Type::boolean,
     .default_text = "false",
     .help = "also to the console",
     .example = "true", .store = store<&Logging::console>},

    limit_row<Limit::nofile>("open files, as the highest descriptor and one", "65536"),
    limit_row<Limit::nproc>("processes and threads of its user", "512"),
    limit_row<Limit::core>("bytes of a core dump", "\"0:unlimited\""),
    limit_row<Limit::memlock>("bytes that it may lock into memory", "67108864"),
    limit_row<Limit::stack>("bytes of the main thread's stack", "\"8388608:unlimited\""),
    limit_row<Limit::data>("bytes of data and heap", "1073741824"),
    limit_row<Limit::fsize>("bytes of a file that it writes", "1073741824"),
    limit_row<Limit::cpu>("seconds of processor time", "\"3600:3660\""),
    limit_row<Limit::as>("bytes of address space", "4294967296"),
    limit_row<Limit::rss>("bytes of resident memory, which Linux does not enforce", "268435456"),
    limit_row<Limit::msgqueue>("bytes of POSIX message queues of its user", "819200"),
    limit_row<Limit::nice>("20 less the lowest nice value that it may take", "30", 40),
    limit_row<Limit::rtprio>("highest real-time priority that it may take", "50", 99),
    limit_row<Limit::sigpending>("signals queued for its user", "4096"),
    limit_row<Limit::locks>("locks on files, which Linux does not enforce", "1024"),

    {.section = "process", .name = "nice", .type = Type::integer, .min = -20, .max = 19,
     .default_text = "zinit's own",
     .help = "nice value: the lower, the more of the processor it gets",
     .example = "10", .store = store<&ProcessSettings::nice>},
    {.section = "process", .name = "io_class", .type = Type::word, .words = kIoClassWords,
     .default_text = "by its nice value",
     .help = "class of its disk accesses",
     .example = "\"idle\"", .store = store<&ProcessSettings::io_class>},
    {.section = "process", .name = "io_priority", .type = Type::integer, .max = 7,
     .default_text = "4 where there is an io_class",
     .help = "priority within that class, 0 being the highest",
     .example = "7", .store = store<&ProcessSettings::io_priority>},
    {.section = "process", .name = "oom_score_adj", .type = Type::integer,
     .min = -1000, .max = 1000,
     .default_text = "zinit's own",
     .help = "how soon the kernel kills it for want of memory; -1000 is never",
     .example = "-500", .store = store<&ProcessSettings::oom_score_adj>},
    {.section = "process", .name = "cpu_affinity", .type = Type::cpus, .max = kMaxProcessor,
     .default_text = "zinit's own",
     .help = "processors that it may run on",
     .example = "[0, 1]", .store = store<&ProcessSettings::cpu_affinity>},
    {.section = "process", .name = "scheduler", .type = Type::word, .words = kSchedulerWords,
     .default_text = "zinit's own",
     .help = "scheduling policy",
     .example = "\"batch\"", .store = store<&ProcessSettings::scheduler>},
    {.section = "process", .name = "priority", .type = Type::integer, .min = 1, .max = 99,
     .default_text = "1 where the scheduler has priorities",
     .help = "priority within the scheduler fifo or rr, 99 being the highest",
     .example = "20", .store = store<&ProcessSettings::priority>},
    {.section = "process", .name = "root", .type = Type::path,
     .default_text = "zinit's own",
     .help = "directory that it sees as the root of all files",
     .example = "\"/srv/jail\"", .store = store<&ProcessSettings::root>},
    {.section = "process", .name = "no_new_privs", .type = Type::boolean,
     .default_text = "false",
     .help = "no program that it executes gives it more rights than it has",
     .example = "true", .store = store<&ProcessSettings::no_new_privs>},
    {.section = "process", .name = "capabilities", .type = Type::capabilities,
     .default_text = "all of zinit's for root, none for others",
     .help = "all that it may ever have; a user that is not root has them from the start",
     .example = "[\"CAP_NET_BIND_SERVICE\"]",
     .store = store<&ProcessSettings::capabilities>},

    {.section = "resources", .name = "memory_max", .type = Type::bytes, .min = 1,
     .default_text = "without limit",
     .help = "memory it may have; at the limit the kernel kills a process of it",
     .example = "\"512M\"", .store = store<&Resources::memory_max>},
    {.section = "resources", .name = "memory_high", .type = Type::bytes, .min = 1,
     .default_text = "without limit",
     .help = "memory beyond which it is slowed down and made to give some back",
     .example = "\"384M\"", .store = store<&Resources::memory_high>},
    {.section = "resources", .name = "swap_max", .type = Type::bytes,
     .default_text = "without limit",
     .help = "swap space it may have",
     .example = "0", .store = store<&Resources::swap_max>},
    {.section = "resources", .name = "cpu_max", .type = Type::processors, .min = 1,
     .max = kMaxThousandths,
     .default_text = "without limit",
     .help = "processor time it may have",
     .example = "\"50%\"", .store = store<&Resources::cpu_max>},
    {.section = "resources", .name = "cpu_weight", .type = Type::integer, .min = 1, .max = 10000,
     .default_text = "100",
     .help = "its share of the processors where they are short",
     .example = "50", .store = store<&Resources::cpu_weight>},
    {.section = "resources", .name = "io_weight", .type = Type::integer, .min = 1, .max = 10000,
     .default_text = "100",
     .help = "its share of the disks where they are busy",
     .example = "50", .store = store<&Resources::io_weight>},
    {.section = "resources", .name = "pids_max", .type = Type::integer, .min = 1,
     .default_text = "without limit",
     .help = "processes and threads it may have",
     .example = "200", .store = store<&Resources::pids_max>},

    {.section = "target", .name = "name", .type = Type::name,
     .default_text = "the file's name less .toml",
     .help = "what the target is called",
     .example = "\"multi-user\"", .store = store<&ServiceSpec::name>},
    {.section = "target", .name = "description", .type = Type::string,
     .default_text = "\"\"",
     .help = "one line for people, shown by list and status",
     .example = "\"all that a login needs\"", .store = store<&ServiceSpec::description>},
    {.section = "target", .name = "status", .type = Type::word, .words = kStatusWords,
     .default_text = "\"start\"",
     .help = "as a service's",
     .example = "\"stop\"", .store = store<&ServiceSpec::status>},
    {.section = "target", .name = "class", .type = Type::word, .words = kClassWords,
     .default_text = "\"user\"",
     .help = "as a service's",
     .example = "\"system\"", .store = store<&ServiceSpec::class_>},

    {.section = "", .name = "log_level", .type = Type::word, .words = kLevelWords,
     .default_text = "\"info\"",
     .help = "the least that zinit's own log keeps",
     .example = "\"debug\"", .store = store<&GlobalSettings::log_level>},
    {.section = "", .name = "socket_group", .type = Type::account,
     .default_text = "\"\"",
     .help = "members of this group may call zinit too; empty: nobody but its own user and root",
     .example = "\"adm\"", .store = store<&GlobalSettings::socket_group>},
    {.section = "", .name = "socket_group_access", .type = Type::word, .words = kAccessWords,
     .default_text = "\"read\"",
     .help = "what they may call: methods that change nothing, or all",
     .example = "\"full\"", .store = store<&GlobalSettings::socket_group_access>},
    {.section = "", .name = "shutdown_timeout_ms", .type = Type::integer, .min = 1,
     .default_text = "90000",
     .help = "the whole of a shutdown's stopping phase",
     .example = "30000", .store = store<&GlobalSettings::shutdown_timeout>},
    {.section = "", .name = "default_target", .type = Type::name,
     .default_text = "\"\"",
     .help = "started at boot with all it pulls in; empty: every service with status start",
     .example = "\"multi-user\"", .store = store<&GlobalSettings::default_target>},
    {.section = "", .name = "watchdog_device", .type = Type::path,
     .default_text = "\"\"",
     .help = "a hardware watchdog that PID 1 of a machine feeds; empty: none",
     .example = "\"/dev/watchdog\"", .store = store<&GlobalSettings::watchdog_device>},
    {.section = "", .name = "watchdog_timeout_ms", .type = Type::integer, .min = 1000,
     .max = kDayMs,
     .default_text = "60000",
     .help = "unfed for so long it resets the machine",
     .example = "30000", .store = store<&GlobalSettings::watchdog_timeout>},
    {.section = "", .name = "self_watchdog_ms", .type = Type::integer, .max = kDayMs,
     .default_text = "0",
     .help = "a loop or lock of zinit's stuck for so long counts as a crash; 0: off",
     .example = "10000", .store = store<&GlobalSettings::self_watchdog>},
};
// clang-format on

constexpr std::array<std::string_view, 8> kSections = {
    "service", "dependencies", "lifecycle", "logging", "limits", "process", "resources", "target"};

constexpr std::array<std::string_view, 3> kDefaultableSections = {"lifecycle", "logging", "limits"};

}  // namespace

std::span<const std::string_view> defaultable_sections() noexcept { return kDefaultableSections; }

std::span<const Key> all_keys() noexcept { return kKeys; }

std::span<const std::string_view> known_sections() noexcept { return kSections; }

const Key* find_key(std::string_view section, std::string_view name) noexcept {
  const auto is_meant = [&](const Key& key) { return key.name == name && key.section == section; };
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), is_meant);
  return found == std::end(kKeys) ? nullptr : found;
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    if (key.section == section) names.push_back(key.name);
  }
  return names;
}

std::string full_name(const Key& key) {
  if (key.section.empty()) return std::string(key.name);
  return std::string(key.section) + "." + std::string(key.name);
}

}  // namespace zinit
