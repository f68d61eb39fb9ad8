// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads service files, and adds the service of the command.
#include "files/configuration.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/environment.hpp"
#include "base/fd.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/lists.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

constexpr const char* kEnvironmentFile = "/etc/environment";

/// Other inits apply a shell's rules, or pam_env(8), to this file; zinit expands nothing.
void warn_of_expansions(std::string_view text, std::vector<std::string>& messages) {
  std::size_t told = 0;
  for (const std::string& entry : parse_environment_text(text).settings) {
    const std::string_view key = std::string_view(entry).substr(0, entry.find('='));
    const std::string_view expansion = expansion_in(std::string_view(entry).substr(key.size()));
    if (expansion.empty() || ++told > kMostFaulty) continue;
    messages.push_back(fmt::format(
        "{}: warning: {} contains {}, which zinit uses literally and does not expand{}; write the "
        "whole value",
        kEnvironmentFile, key, printable(expansion),
        key == "PATH" ? ", so programs that are named without their folder are not found" : ""));
  }
}

void read_environment(Configuration& config) {
  auto text = read_file(kEnvironmentFile, kEnvironmentFileMax);
  if (text) {
    warn_of_expansions(*text, config.messages);
    config.etc_environment = *std::move(text);
  } else if (text.error().errnum == ENOENT) {
    config.etc_environment = "";
  } else {
    config.messages.push_back(text.error().text);
  }
}

/// Whether the service, or one of its drop-ins, was read from that directory.
bool comes_from(const ServiceSpec& spec, std::string_view directory) {
  return is_below(spec.file, directory) ||
         std::ranges::any_of(spec.drop_ins, [directory](const std::string& path) {
           return is_below(path, directory);
         });
}

/// Reports and ignores an unknown group. If descriptors or memory are too short to look it up, the
/// configuration is incomplete: a reload refuses it, and the group keeps its access.
void find_socket_group(Configuration& config, const std::string& settings_file) {
  const GlobalSettings& settings = config.settings;
  if (settings.socket_group.empty()) return;
  const auto found = look_up({}, settings.socket_group);
  if (found) {
    config.socket_gid = found->ids.gid;
    return;
  }
  if (found.error().temporary() && !config.incomplete) config.incomplete = found.error();
  config.settings_faults.push_back(
      to_text({settings_file, settings.socket_group_at, Severity::error, "socket_group",
               fmt::format("{}; the access to the socket stays as it is", found.error().text)}));
  config.messages.push_back(config.settings_faults.back());
}

/// The command as the document of a service file.
Value document_of(const CommandLine& command) {
  JsonWriter writer;
  writer.begin_object().key("lifecycle").begin_object().member("restart", "never");
  if (!command.stop_signal.empty()) writer.member("stop_signal", command.stop_signal);
  writer.end_object().key("service").begin_object();
  writer.member("critical", true);
  // The WORKDIR of an image. For a place outside of the root the kernel gives no leading '/'.
  if (command.dir.starts_with('/')) writer.member("dir", command.dir);
  writer.member("exec", command.argv).member("name", kCommandName);
  const auto json = json_from(writer.end_object().end_object().take());
  return value_from_json(*json).value_or(Value{});
}

/// Completes the service of the command after the files were read.
void settle_command(ServiceSpec& spec, const CommandLine& command, const Value& document) {
  spec.inherit_streams = true;
  // A document holds UTF-8 only, but a command line or a path may hold any bytes.
  const SpecPtr own = spec_from_document(document).spec;
  if (spec.exec.argv == own->exec.argv) spec.exec.argv = command.argv;
  if (spec.dir == own->dir && command.dir.starts_with('/')) spec.dir = command.dir;
}

/// Reads all files; with `in_force`, all except zinit.toml.
Configuration read_files(const Sources& sources, const GlobalSettings* in_force) {
  Configuration config;
  const Places& places = sources.places;
  const Value command = sources.command.empty() ? Value{} : document_of(sources.command);
  LoadOptions options{places.settings_named, sources.console, {}, in_force};
  if (!sources.command.empty()) options.command = to_toml(command);
  static_cast<LoadedConfig&>(config) =
      load_config(places.directories, places.settings_file, options);
  find_socket_group(config, sources.places.settings_file);
  read_environment(config);
  // Several threads allocated the specs, between their temporary data. Copy the specs, so that
  // malloc can return the memory of the temporary data to the kernel.
  for (SpecPtr& spec : config.specs) {
    auto copy = std::make_shared<ServiceSpec>(*spec);
    if (!sources.command.empty() && copy->file.empty() && copy->name == kCommandName)
      settle_command(*copy, sources.command, command);
    spec = std::move(copy);
  }
  return config;
}

}  // namespace

Configuration read_configuration(const Sources& sources, const GlobalSettings* in_force,
                                 bool settings_too) {
  const RefusableAllocations refusable;
  if (!settings_too) {
    Configuration config = read_files(sources, in_force);
    config.messages.clear();  // about whole files, whichever these are
    return config;
  }
  Configuration config = read_files(sources, nullptr);
  if (in_force == nullptr || config.incomplete || config.settings_faults.empty()) return config;
  // Read the services again: they may have taken [defaults] from the refused file.
  Configuration kept = read_files(sources, in_force);
  kept.settings_faults = std::move(config.settings_faults);
  kept.messages.insert(kept.messages.begin(), kept.settings_faults.begin(),
                       kept.settings_faults.end());
  return kept;
}

Configuration kept_settings(const Sources& sources, std::string_view text,
                            std::string etc_environment, std::optional<gid_t> socket_gid) {
  Configuration config;
  std::vector<Diagnostic> told_before;
  config.settings = parse_settings(text, sources.places.settings_file, told_before);
  if (sources.console != ConsoleMode::no) default_to_console(config.settings, sources.console);
  config.socket_gid = socket_gid;
  if (!socket_gid) find_socket_group(config, sources.places.settings_file);
  config.etc_environment = std::move(etc_environment);
  return config;
}

std::optional<RequestFailure> reload_fault(const LoadedConfig& config, const Graph& graph) {
  if (config.incomplete) return RequestFailure{Refusal::file_error, config.incomplete->text};
  for (const std::string& directory : config.missing) {
    for (const Slot slot : graph.order()) {
      if (!comes_from(graph.spec(slot), directory)) continue;
      return RequestFailure{
          Refusal::file_error,
          fmt::format("{} was read from {}, which no longer exists; nothing was changed; to remove "
                      "its services, make that directory again, empty",
                      graph.name(slot), directory)};
    }
  }
  return std::nullopt;
}

bool is_below(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  return path.starts_with(directory) && path.substr(directory.size()).starts_with('/');
}

namespace {

/// A warning for the log, whose line begins with that word. A directory that is `missing` has no
/// lines and columns.
std::string words_for_log(std::string text, const std::vector<std::string>& missing = {}) {
  constexpr std::string_view start = ":1:1: ";
  text = without_warning(std::move(text));
  for (const std::string& directory : missing)
    if (text.starts_with(directory) && text.substr(directory.size()).starts_with(start))
      text.erase(directory.size(), start.size() - 2);
  return text;
}

}  // namespace

void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only) {
  // A template and all of its instances have the warnings of its file.
  std::set<std::string_view> told;
  const auto tell = [&](const std::string& message) {
    if (told.insert(message).second) log_warn("{}", words_for_log(message, config.missing));
  };
  std::ranges::for_each(config.messages, tell);
  for (const SpecPtr& spec : config.specs) {
    if (only != nullptr && !contains(*only, spec->name)) continue;
    std::ranges::for_each(spec->findings->warnings, tell);
  }
}

void log_proxy_messages(const std::vector<ProxyPtr>& proxies) {
  for (const ProxyPtr& proxy : proxies) {
    for (const std::string& message : proxy->warnings) log_warn("{}", words_for_log(message));
    for (const std::string& message : proxy->errors) log_error("{}", message);
  }
}

}  // namespace zinit
