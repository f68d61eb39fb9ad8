// The table of other init systems' keys.
#include "config/foreign_keys.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"

namespace zinit {

namespace {

/// `theirs` are names in lower case and without - and _, with blanks between them.
struct Foreign {
  std::string_view theirs;
  std::string_view section, key;
  std::string_view remark = {};
};

constexpr std::string_view kMilliseconds = ", in milliseconds";

// clang-format off
constexpr Foreign kForeign[] = {
    {"command cmd run program execstart", "service", "exec"},
    {"workdir workingdirectory workingdir cwd directory", "service", "dir"},
    {"environment", "service", "env", ", a table: env = { NAME = \"value\" }"},
    {"environmentfile envfile", "service", "env_file"},
    {"runas", "service", "user"},
    {"supplementarygroups", "service", "groups"},
    {"execstartpre", "service", "pre_exec"},
    {"execstop stopcommand", "service", "stop_exec"},
    {"execstoppost", "service", "post_exec"},
    {"execreload", "service", "reload_exec"},
    {"runtimedirectory", "service", "runtime_dir"},
    {"statedirectory", "service", "state_dir"},
    {"cachedirectory", "service", "cache_dir"},
    {"logsdirectory", "service", "log_dir"},
    {"ttypath", "service", "tty"},
    {"dependson dependsms need needs bindsto requisite", "dependencies", "requires"},
    {"waitsfor", "dependencies", "wants"},
    {"autorestart respawn smoothrecovery", "lifecycle", "restart"},
    {"restartsec restartdelay", "lifecycle", "restart_delay_ms", kMilliseconds},
    {"timeoutstartsec starttimeout", "lifecycle", "start_timeout_ms", kMilliseconds},
    {"timeoutstopsec stoptimeout stopwaitsecs", "lifecycle", "stop_timeout_ms", kMilliseconds},
    {"killsignal termsignal", "lifecycle", "stop_signal"},
    {"successexitstatus exitcodes", "lifecycle", "success"},
    {"watchdogsec", "readiness", "watchdog_ms", kMilliseconds},
    {"logfile standardoutput standarderror stdoutlogfile", "logging", "file", ", an absolute path"},
    {"rootdirectory chroot", "process", "root"},
    {"nonewprivileges", "process", "no_new_privs"},
    {"oomscoreadjust", "process", "oom_score_adj"},
    {"capabilityboundingset ambientcapabilities", "process", "capabilities"},
    {"cpuquota", "resources", "cpu_max"},
    {"memorylimit", "resources", "memory_max"},
    {"tasksmax", "resources", "pids_max"},
};

struct ForeignSection {
  std::string_view theirs, ours;
};

constexpr ForeignSection kForeignSections[] = {
    {"unit", "; put the description in [service], and names of others in [dependencies]"},
    {"install", "; write \"wanted_by\" in [dependencies]"},
};
// clang-format on

/// In lower case and without what separates words.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return plain;
}

bool has_word(std::string_view words, std::string_view word) {
  const auto all = split(words, ' ');
  return !word.empty() && std::ranges::find(all, word) != all.end();
}

std::string write_words(std::string_view section, std::string_view in, std::string_view key,
                        std::string_view remark = {}) {
  return fmt::format("; write \"{}\"{}{}", key,
                     section == in ? std::string() : fmt::format(" in [{}]", in), remark);
}

/// The key whose name reads the same, in this section if possible; null if there is none.
const Key* same_name(std::string_view section, std::string_view plain) {
  const Key* other = nullptr;
  for (const Key& key : all_keys()) {
    if (key.section.empty() || plain_name(key.name) != plain) continue;
    if (key.section == section) return &key;
    if (other == nullptr) other = &key;
  }
  return other;
}

}  // namespace

std::string foreign_key(std::string_view section, std::string_view name) {
  const std::string plain = plain_name(name);
  // Of systemd and dinit, where it tells what kind of process there is.
  if (plain == "type" && section != "health")
    return "; write oneshot = true in [service], or \"notify\" or \"pidfile\" in [readiness]";
  for (const Foreign& one : kForeign)
    if (has_word(one.theirs, plain)) return write_words(section, one.section, one.key, one.remark);
  if (plain.starts_with("limit") && find_key("limits", plain.substr(5)) != nullptr)
    return write_words(section, "limits", plain.substr(5));
  const Key* key = same_name(section, plain);
  return key == nullptr ? std::string() : write_words(section, key->section, key->name);
}

std::string_view foreign_section(std::string_view name) {
  const std::string plain = plain_name(name);
  const auto* found = std::ranges::find(kForeignSections, plain, &ForeignSection::theirs);
  return found == std::end(kForeignSections) ? std::string_view() : found->ours;
}

}  // namespace zinit
