// Reading service files, with the service `main` beside them.
#include "init/configuration.hpp"

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "config/json_value.hpp"
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

/// Takes files that call themselves `main` out of the way of the command.
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

/// Whether the service, or something that is laid over it, was read from there.
bool comes_from(const ServiceSpec& spec, std::string_view directory) {
  return is_below(spec.file, directory) ||
         std::ranges::any_of(spec.drop_ins, [directory](const std::string& path) {
           return is_below(path, directory);
         });
}

/// A group that is not known is a wrong value: told, and the default stands. For want of a
/// descriptor or memory it is not unknown, and its members are not to be shut out.
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

/// What a file would say that made such a service.
std::string main_document(const std::vector<std::string>& command) {
  const auto text = [](std::string_view what) {
    Value value;
    value.type = ValueType::string;
    value.string = to_utf8(what);  // a command may have any bytes
    return value;
  };
  Value document;
  auto& service = document.table["service"].value.table;
  service["name"].value = text(kMain);
  service["exec"].value.type = ValueType::array;
  for (const std::string& word : command) service["exec"].value.array.push_back(text(word));
  service["critical"].value.type = ValueType::boolean;
  service["critical"].value.boolean = true;
  document.table["lifecycle"].value.table["restart"].value = text("never");
  return to_json(document);
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
  Configuration config;
  static_cast<LoadedConfig&>(config) = load_config(
      sources.places.directories, sources.places.settings_file, sources.places.settings_named);
  find_socket_group(config, sources.places.settings_file);
  read_environment(config);
  if (!sources.command.empty()) put_main_first(config, sources.command);
  // What several threads have read lies strewn among what they needed for it: it is copied
  // together, so that their memory can be given back.
  for (SpecPtr& spec : config.specs) spec = std::make_shared<const ServiceSpec>(*spec);
  return config;
}

std::optional<RequestFailure> reload_fault(const LoadedConfig& config, const Graph& graph) {
  if (config.incomplete) return RequestFailure{Refusal::file_error, config.incomplete->text};
  for (const std::string& directory : config.missing) {
    for (const Slot slot : graph.order()) {
      if (!comes_from(graph.spec(slot), directory)) continue;
      return RequestFailure{
          Refusal::file_error,
          fmt::format("{}: there is no such directory, and {} was read from it; make it, empty, "
                      "where its services are to go",
                      directory, graph.name(slot))};
    }
  }
  return std::nullopt;
}

void log_warnings(const LoadedConfig& config, const std::vector<std::string>* only) {
  for (const std::string& message : config.messages) log_warn("{}", message);
  for (const SpecPtr& spec : config.specs) {
    if (only != nullptr && std::find(only->begin(), only->end(), spec->name) == only->end())
      continue;
    for (const std::string& message : spec->warnings) log_warn("{}", message);
  }
}

}  // namespace zinit
