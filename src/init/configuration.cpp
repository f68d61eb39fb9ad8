// Reading service files, with the service `main` beside them.
#include "init/configuration.hpp"

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/json_writer.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

constexpr std::string_view kMain = "main";
constexpr std::size_t kEnvironmentFileMax = 65536;

void read_environment(Configuration& config) {
  auto text = read_file("/etc/environment", kEnvironmentFileMax);
  if (text) {
    config.etc_environment = *std::move(text);
  } else if (text.error().errnum == ENOENT) {
    config.etc_environment = "";
  } else {
    config.messages.push_back(text.error().text);
  }
}

/// Removes services called `main` from files, since the command has that name.
void put_main_first(LoadedConfig& config, const std::vector<std::string>& command) {
  const auto taken = std::find_if(config.specs.begin(), config.specs.end(),
                                  [](const SpecPtr& spec) { return spec->name == kMain; });
  if (taken != config.specs.end()) {
    config.messages.push_back(
        fmt::format("{}:1:1: error: the name main is taken by the command on the command line",
                    (*taken)->file));
    config.specs.erase(taken);
  }
  config.specs.insert(config.specs.begin(), main_service(command));
}

bool is_below(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  return path.starts_with(directory) && path.substr(directory.size()).starts_with('/');
}

/// Whether the service, or one of its drop-ins, was read from that directory.
bool comes_from(const ServiceSpec& spec, std::string_view directory) {
  return is_below(spec.file, directory) ||
         std::ranges::any_of(spec.drop_ins, [directory](const std::string& path) {
           return is_below(path, directory);
         });
}

/// An unknown group is reported and ignored. If descriptors or memory are too short to look
/// it up, the configuration is incomplete: a reload refuses it, and the group keeps its access.
void find_socket_group(Configuration& config, const std::string& settings_file) {
  const GlobalSettings& settings = config.settings;
  if (settings.socket_group.empty()) return;
  const auto found = look_up({}, settings.socket_group);
  if (found) {
    config.socket_gid = found->ids.gid;
    return;
  }
  if (found.error().temporary() && !config.incomplete) config.incomplete = found.error();
  config.messages.push_back(
      to_text({settings_file, settings.socket_group_at, Severity::error, "socket_group",
               fmt::format("{}; the socket stays its owner's alone", found.error().text)}));
}

/// The keys of a file that would define this service, as JSON text.
std::string main_document(const std::vector<std::string>& command) {
  JsonWriter writer;
  writer.begin_object().key("lifecycle").begin_object().member("restart", "never").end_object();
  writer.key("service").begin_object().member("critical", true).member("exec", command);
  return writer.member("name", kMain).end_object().end_object().take();
}

}  // namespace

SpecPtr main_service(const std::vector<std::string>& command) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = kMain;
  spec->exec.argv = command;
  spec->document = main_document(command);
  spec->critical = true;
  spec->inherit_streams = true;
  spec->lifecycle.restart = RestartPolicy::never;
  return spec;
}

Configuration read_configuration(const Sources& sources) {
  const RefusableAllocations refusable;
  Configuration config;
  const Places& places = sources.places;
  static_cast<LoadedConfig&>(config) =
      load_config(places.directories, places.settings_file, places.settings_named, sources.console);
  find_socket_group(config, sources.places.settings_file);
  read_environment(config);
  if (!sources.command.empty()) put_main_first(config, sources.command);
  // The specs were allocated by several threads, between their temporary data. Copying them lets
  // malloc return that memory to the kernel.
  for (SpecPtr& spec : config.specs) spec = std::make_shared<const ServiceSpec>(*spec);
  return config;
}

Configuration kept_settings(const Sources& sources, std::string_view text,
                            std::string etc_environment) {
  Configuration config;
  std::vector<Diagnostic> told_before;
  config.settings = parse_settings(text, sources.places.settings_file, told_before);
  if (sources.console != ConsoleMode::no) default_to_console(config.settings, sources.console);
  find_socket_group(config, sources.places.settings_file);
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
          fmt::format("{} was read from {}, which is gone; nothing is changed; make that "
                      "directory anew, empty, if its services are to go",
                      graph.name(slot), directory)};
    }
  }
  return std::nullopt;
}

void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only) {
  for (const std::string& message : config.messages) log_warn("{}", message);
  for (const SpecPtr& spec : config.specs) {
    if (only != nullptr && std::find(only->begin(), only->end(), spec->name) == only->end())
      continue;
    for (const std::string& message : spec->findings->warnings) log_warn("{}", message);
  }
  for (const ProxyPtr& proxy : config.proxies) {
    for (const std::string& message : proxy->warnings) log_warn("{}", message);
    for (const std::string& message : proxy->errors) log_error("{}", message);
  }
}

}  // namespace zinit
